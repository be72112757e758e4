"""A made-up plugin: perks, whose tables lean on members and on the clubs of another app."""
