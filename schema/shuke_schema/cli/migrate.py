"""`shuke migrate` and `shuke maintain`: what the owner of the database does."""

import asyncio

import asyncpg
import click

from shuke_core.app import installed_apps
from shuke_core.database.citus import distribute_tables
from shuke_core.database.config import credentials
from shuke_core.database.migrate import migrate as apply_migrations
from shuke_core.database.partitions import ensure_partitions
from shuke_core.events.reactions import known_reactions
from shuke_core.places import find_places, prepare_database
from shuke_core.settings import current_settings
from shuke_schema.cli.logs import configure_logging


@click.command()
@click.option("--citus", is_flag=True, help="Then distribute all tables by tenant over Citus.")
def migrate(citus: bool) -> None:
    """Bring the database to this version.

    Safe to repeat, and safe to start twice at once: one waits for the other. Connects as
    SHUKE_OWNER_DATABASE_URL.
    """
    settings = current_settings()
    configure_logging(settings)

    async def run() -> int:
        with find_places(settings) as places:
            await prepare_database(places)
            done = await apply_migrations(places.owner(), installed_apps(), progress=click.echo)
            if citus:
                click.echo(f"{await distribute_tables(places.owner())} tables distributed.")
            return done

    done = asyncio.run(run())
    click.echo(f"{done} migrations applied." if done else "The database is up to date.")


@click.command()
def maintain() -> None:
    """Make the next days' partitions and drop the old ones; run it daily.

    Connects as SHUKE_OWNER_DATABASE_URL.
    """
    settings = current_settings()

    async def run() -> str:
        with find_places(settings) as places:
            owner = await asyncpg.connect(**credentials(places.owner()))
            try:
                installed_apps()  # plugins have reactions as well
                done = await ensure_partitions(owner, followers=known_reactions())
            finally:
                await owner.close()
        return (
            f"{len(done.made)} partitions made, {len(done.dropped)} dropped, "
            f"{done.moved} rows moved out of the default."
            + (f" {len(done.kept)} old ones are kept: not worked off yet." if done.kept else "")
        )

    click.echo(asyncio.run(run()))
