"""Notes (备注): what staff write down of a member, sealed under the member's key."""
