"""The command line: `shuke`, for whoever runs the service."""

from importlib import import_module

import click

from shuke_schema.cli.failures import told

# Where each command lives. Only the one that is called is imported: most of a command's time
# would otherwise go into loading what the others need.
COMMANDS = {
    "demo": "shuke_schema.cli.demo",
    "serve": "shuke_schema.cli.serve",
    "worker": "shuke_schema.cli.worker",
    "migrate": "shuke_schema.cli.migrate",
    "maintain": "shuke_schema.cli.migrate",
    "backup": "shuke_schema.cli.backup",
    "restore": "shuke_schema.cli.backup",
    "tenant": "shuke_schema.cli.tenant",
    "keys": "shuke_schema.cli.keys",
    "staff": "shuke_schema.cli.staff",
    "plugin": "shuke_schema.cli.plugin",
    "wechat": "shuke_schema.cli.wechat",
    "audit": "shuke_schema.cli.audit",
    "ledger": "shuke_schema.cli.ledger",
    "schema": "shuke_schema.cli.schema",
    "doctor": "shuke_schema.cli.doctor",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings come from the environment (SHUKE_*); `shuke doctor` shows what is wrong.",
)
@click.version_option(package_name="shuke")
def cli() -> None:
    """Shuke 熟客: one record of each customer, with points that add up.

    A first look: `shuke demo`. A deployment: `shuke migrate`, then `shuke serve` and
    `shuke worker` side by side.
    """


def main() -> None:
    """Runs a command; an expected failure is one sentence on stderr and exit code 2."""
    with told():
        cli()
