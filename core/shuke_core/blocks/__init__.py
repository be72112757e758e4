"""Blocks (黑名单): members who for a while, or for good, get no points, no coupons or no messages."""
