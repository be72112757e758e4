"""`shuke demo`: a real purchase history becomes points, over HTTP alone."""

import sys
from pathlib import Path

import click


@click.command()
@click.option("--check", is_flag=True, help="Without a screen; ends with one JSON object.")
@click.option("--sample", is_flag=True, help="A tenth of the history: 6,919 purchases.")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".shuke"),
    show_default=True,
    help="Where the demo keeps its data.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8200, show_default=True)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many purchases.")
def demo(check: bool, sample: bool, home: Path, port: int, limit: int | None) -> None:
    """Send a real purchase history to a fresh service, and keep serving it.

    Starts PostgreSQL, Valkey, a web and a worker process by itself. 69,659 purchases of 23,570
    people go in as till tickets over signed HTTP; phones, stores and hours are generated.
    """
    try:
        from shuke_schema.demo.command import run_demo  # needs the extra `demo`
    except ModuleNotFoundError as missing:
        raise click.ClickException(
            f"{missing.name} is missing: pip install 'shuke[demo]'"
        ) from None
    # -P: a folder named http or schema where the user stands must not be taken for a package
    shuke = [sys.executable, "-P", "-m", "shuke_schema.cli"]
    sys.exit(run_demo(check=check, sample=sample, home=home, port=port, shuke=shuke, limit=limit))
