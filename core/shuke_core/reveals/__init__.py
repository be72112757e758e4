"""Reveals (查看明文): one plain value of one member, for one reason, counted and recorded."""
