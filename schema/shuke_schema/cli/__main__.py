"""`python -m shuke_schema.cli` is `shuke`."""

from shuke_schema.cli import main

main()
