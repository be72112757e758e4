"""The member API of members."""
