"""The staff API of WeChat: mini-programs, and claims of phones."""
