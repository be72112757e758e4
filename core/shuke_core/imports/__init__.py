"""Imports (导入): files with rows, taken in batch by batch, each bad row named and re-doable."""
