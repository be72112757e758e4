"""The APIs of campaigns: staff make, approve and watch them, members see and join what runs."""
