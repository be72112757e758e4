"""The command line: `shuke`, for whoever runs the service."""

import sys

import click

from shuke_schema.cli.demo import demo
from shuke_schema.cli.doctor import doctor
from shuke_schema.cli.failures import told
from shuke_schema.cli.ledger import ledger
from shuke_schema.cli.migrate import maintain, migrate
from shuke_schema.cli.serve import serve
from shuke_schema.cli.tenant import tenant
from shuke_schema.cli.worker import worker


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings come from the environment (SHUKE_*); `shuke doctor` shows what is wrong.",
)
@click.version_option(package_name="shuke")
def cli() -> None:
    """Shuke 熟客: one record of each customer, with points that add up.

    A first look: `shuke demo`. A deployment: `shuke migrate`, then `shuke serve` and
    `shuke worker` side by side.
    """


for command in (demo, serve, worker, migrate, maintain, tenant, ledger, doctor):
    cli.add_command(command)


def main() -> None:
    """Runs a command; an expected failure is one sentence on stderr and exit code 2."""
    with told():
        cli(standalone_mode=True)
    sys.exit(0)
