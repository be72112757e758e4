"""The staff API of alerts: what must be seen, by whom."""
