"""`shuke schema`: the published GraphQL schema."""

from pathlib import Path

import click

from shuke_schema.composition import published


@click.group()
def schema() -> None:
    """Export the GraphQL schema as SDL."""


@schema.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default="schema/sdl")
def export(folder: Path) -> None:
    """Write one SDL file per audience into FOLDER; commit them, CI compares."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, sdl in published().items():
        (folder / name).write_text(sdl)
        click.echo(folder / name)
