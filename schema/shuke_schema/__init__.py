"""The GraphQL API over `shuke_core`, the ASGI app and the command line."""
