"""How the command line tells of what went wrong: a sentence, not a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import click

from shuke_core.database.citus import CitusMissing
from shuke_core.database.roles import UnsafeRole
from shuke_core.kit.cleaning import Unclean
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.faults import PASSING
from shuke_core.runtime import NotMigrated
from shuke_core.settings import SettingsError

EXIT_FAILED = 2


class PortInUse(Exception):
    """The address that `serve` should listen on is taken."""


class DocumentUnfit(Exception):
    """A document that is to be trusted does not fit the schema or the limits."""


@contextmanager
def told() -> Iterator[None]:
    """Turns expected failures of the block into one sentence on stderr and exit code 2."""
    from shuke_core.embedded.errors import EmbeddedError  # light: errors only, not the extra

    try:
        yield
    except (
        ShukeError,
        SettingsError,
        UnsafeRole,
        NotMigrated,
        EmbeddedError,
        PortInUse,
        DocumentUnfit,
        CitusMissing,
    ) as expected:
        sentence = str(expected)
    except Unclean as unclean:
        sentence = f"{unclean.found!r} can't be used: {unclean.code}."
    except asyncpg.InvalidPasswordError as refused:
        sentence = f"PostgreSQL refuses the password: {refused}"
    except asyncpg.InvalidCatalogNameError as missing:
        sentence = f"{missing}. Create it, owned by shuke_owner, then run `shuke migrate`."
    except PASSING as fault:
        sentence = f"A server does not answer: {fault}. `shuke doctor` looks closer."
    except OSError as fault:
        sentence = f"The system refuses: {fault}."
    else:
        return
    click.echo(f"shuke: {sentence}", err=True)
    sys.exit(EXIT_FAILED)
