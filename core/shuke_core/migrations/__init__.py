"""The migrations of the core, applied by `shuke migrate`."""
