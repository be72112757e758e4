"""`shuke schema`: the published GraphQL schema, and the documents that clients will send to it."""

from pathlib import Path

import click

from shuke_core.kit.errors import ShukeError
from shuke_core.plugin_host import discover
from shuke_schema.cli.failures import DocumentUnfit
from shuke_schema.composition import compose, published, shelf_of
from shuke_schema.http.door import documents_of
from shuke_schema.http.errors import DocumentInvalid
from shuke_schema.http.limits import MEMBER
from shuke_schema.http.trusted import Manifest, hash_of
from shuke_schema.http.validation import Documents
from shuke_schema.parts import Audience

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def schema() -> None:
    """Export the GraphQL schema as SDL; make manifests of trusted documents."""


def _write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, sdl in published().items():
        (folder / name).write_text(sdl)
        click.echo(folder / name)


@schema.command()
@click.argument("folder", type=FOLDER, default="schema/sdl")
def export(folder: Path) -> None:
    """Write one SDL file per audience and set of plugins into FOLDER; commit them, CI compares."""
    _write(folder)


@schema.command()
@click.argument("folder", type=FOLDER, default="schema/sdl/released")
def release(folder: Path) -> None:
    """Promise the present schema to clients: from here on nothing of it goes undeprecated.

    Part of making a release; CI compares the schema with what FOLDER holds.
    """
    _write(folder)


def _check(documents: Documents, text: str, name: str) -> None:
    """Raises DocumentUnfit for what the service would refuse."""
    try:
        document = documents.read(text)
        for operation in document.operations.values():
            documents.cost(document, operation, {})
        documents.check(text, document, may_introspect=False)
    except (DocumentInvalid, ShukeError) as refused:
        raise DocumentUnfit(f"{name}: {refused}") from None


@schema.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--client", required=True, help="Whose documents they are, such as mini-program.")
@click.option("--release", required=True, help="The release that sends them, such as 1.4.0.")
@click.option(
    "--folder",
    default=".",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the manifest is written.  [default: here]",
)
def trust(files: tuple[Path, ...], client: str, release: str, folder: Path) -> None:
    """Write the manifest of a client's release from its FILES, one document each.

    Each is checked against the member API with all plugins that are installed, and its limits.
    Clients then send the ids that are shown; SHUKE_DOCUMENTS names the folder to the service.
    """
    discover()
    documents = documents_of(compose(Audience.MEMBER, shelf_of(Audience.MEMBER).parts), MEMBER)
    texts: dict[str, str] = {}
    for path in files:
        text = path.read_text(encoding="utf-8")
        _check(documents, text, path.name)
        texts[hash_of(text)] = text
        click.echo(f"sha256:{hash_of(text)}  {path.name}")
    made = Manifest(client, release, Audience.MEMBER, texts)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / made.file_name).write_bytes(made.written())
    click.echo(folder / made.file_name)
