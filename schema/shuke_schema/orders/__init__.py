"""The member API of orders."""
