"""Campaigns (活动): what a tenant offers for a while, whom it is for, and who took part."""
