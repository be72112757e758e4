"""`shuke backup` and `shuke restore`: the embedded PostgreSQL's data, and how it was at a moment."""

from datetime import UTC, datetime
from pathlib import Path

import click

from shuke_core.embedded.backups import KEPT, backups_of, home_of, take_backup
from shuke_core.embedded.backups import restore as restore_to
from shuke_core.places import find_places
from shuke_core.settings import Settings, SettingsError, current_settings
from shuke_schema.cli.logs import configure_logging
from shuke_schema.cli.run import json_option, say


def _embedded() -> Settings:
    settings = current_settings()
    configure_logging(settings)
    if not settings.embedded_database:
        raise SettingsError(
            "SHUKE_DATABASE_URL is set: back that PostgreSQL up with pgBackRest or Barman. "
            "docs/operating.md says how."
        )
    return settings


@click.command()
@click.option("--keep", type=click.IntRange(1, 1000), default=KEPT, show_default=True)
@json_option
def backup(keep: int, as_json: bool) -> None:
    """Back up the embedded PostgreSQL; from the first time on its WAL is archived as well.

    Copy the folder that it names to another machine, and the master key to a third place: it is
    not part of the backup.
    """
    settings = _embedded()
    with find_places(settings):
        taken = take_backup(home_of(settings.home), keep=keep)
    facts = {"folder": str(taken.folder), "finished_at": taken.finished_at.isoformat()}
    say(as_json, facts, f"Backed up to {taken.folder}. The master key is not in it: keep it apart.")


def _moment(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is no time; write 2026-03-01T09:30:00+08:00."
        ) from None
    if moment.tzinfo is None:
        raise click.BadParameter("say the zone, such as +08:00 or Z.")
    return moment.astimezone(UTC)


@click.command()
@click.option("--to", "moment", callback=_moment, metavar="TIME", help="ISO, with its zone.")
@click.option(
    "--home",
    "new_home",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="A new folder; SHUKE_HOME is only read.",
)
@json_option
def restore(moment: datetime | None, new_home: Path, as_json: bool) -> None:
    """Restore the embedded PostgreSQL into a new home, as it was at TIME, or all there is.

    What was committed before TIME is there, what came after it is not. Then put the master key
    into the new home, and look with `shuke doctor` and `shuke ledger verify`.
    """
    source = home_of(_embedded().home)
    restored = restore_to(
        source, new_home, moment, lambda line: click.echo(f"Recovering: {line}", err=True)
    )
    facts = {"home": str(restored.home), "backups": len(backups_of(source))}
    say(
        as_json,
        facts,
        f"Restored into {restored.home}. Put the master key there as master.key (or set "
        f"SHUKE_MASTER_KEY), then SHUKE_HOME={restored.home} shuke doctor, and shuke ledger verify.",
    )
