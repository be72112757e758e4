"""The ledger: immutable entries, lots with their own expiry, allocations. Speaks of accounts only."""
