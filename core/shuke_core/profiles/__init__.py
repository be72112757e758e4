"""Profiles (会员资料): what a tenant asks of its members, why, what it earns, and what they said."""
