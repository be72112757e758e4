"""The member API of points."""
