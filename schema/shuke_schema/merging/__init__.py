"""The staff API of merging: who is there twice, and becomes one."""
