"""The staff API of exports: ask for one, see how far it is, fetch it, revoke it."""
