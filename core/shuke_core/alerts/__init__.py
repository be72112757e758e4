"""Alerts (提醒): what somebody of the staff must see, until it is over."""
