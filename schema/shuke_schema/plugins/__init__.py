"""The staff API of plugins: what is installed, on, set and failing."""
