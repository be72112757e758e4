"""Shuke, the domain: members, points, orders and what keeps them true. Knows no GraphQL, no HTTP."""

__version__ = "0.1.0"
