"""The staff API of the tenant itself: its stores."""
