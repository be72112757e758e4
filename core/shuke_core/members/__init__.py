"""Members (会员): one record of each person, found by phone or card, sealed under a key of their own."""
