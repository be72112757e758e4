"""How fast it is, as ratios: contestants run alternately in one run, on one machine, on the same data."""
