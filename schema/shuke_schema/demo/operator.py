"""The operator at the command line: runs `shuke` commands and reads their JSON."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import CommandFailed

_LONGEST_COMMAND = 300.0  # a first `migrate` creates the database


@dataclass(frozen=True, slots=True)
class TenantNumbers:
    """What `shuke tenant show` tells."""

    members: int
    orders: int
    stores: int


@dataclass(frozen=True, slots=True)
class LedgerNumbers:
    """What `shuke ledger verify` tells: it derives every balance anew and compares."""

    accounts: int
    entries: int
    issued: int
    differences: int
    found: tuple[object, ...]


class Operator:
    """Runs commands, each of which may be repeated; `shuke` is the argv prefix of all of them."""

    def __init__(self, shuke: Sequence[str], environment: Mapping[str, str]) -> None:
        self._shuke = tuple(shuke)
        self._environment = dict(environment)

    def migrate(self) -> None:
        self._run("migrate")

    def create_tenant(self, tenant: str, name: str, *, expire_days: int | None = None) -> None:
        """Points of the tenant expire `expire_days` after they were earned."""
        expiry = () if expire_days is None else ("--expire-days", str(expire_days))
        self._json("tenant", "create", tenant, "--name", name, *expiry)

    def add_stores(self, tenant: str, stores: Mapping[str, str]) -> None:
        """`stores`: names by code."""
        pairs = [f"{code}={name}" for code, name in stores.items()]
        self._json("tenant", "add-store", tenant, *pairs)

    def enable_plugins(self, tenant: str) -> None:
        """Switches on every plugin that is installed, for the tenant."""
        keys = [plugin["key"] for plugin in self._json("plugin", "list")["plugins"]]
        if keys:
            self._json("plugin", "enable", tenant, *keys)

    def integration_secret(self, tenant: str, integration: str, remembered: str | None) -> str:
        """The signing secret of an integration, made when there is none.

        The command line shows a secret only once: one that is not remembered is replaced.
        """
        told = self._json("tenant", "add-integration", tenant, integration)
        if told["created"]:
            return str(told["secret"])
        if remembered:
            return remembered
        return str(self._json("tenant", "rotate-secret", tenant, integration)["secret"])

    def set_mini_program(self, tenant: str, app_id: str, secret: str) -> None:
        """Members of the tenant log in through that mini-program."""
        self._run("wechat", "set", tenant, "--appid", app_id, given=f"{secret}\n")

    def member_token(self, tenant: str, phone: str) -> str:
        """A token with which the member of that phone may read the member API."""
        return str(self._json("tenant", "member-token", tenant, "--phone", phone)["token"])

    def add_staff(self, tenant: str, handle: str, name: str, role: str) -> None:
        """Somebody who may come into the staff API."""
        self._json("staff", "add", tenant, handle, "--name", name, "--role", role)

    def staff_token(self, tenant: str, handle: str) -> str:
        """A token with which somebody of the staff may use the staff API."""
        return str(self._json("staff", "token", tenant, handle)["token"])

    def tenant_numbers(self, tenant: str) -> TenantNumbers:
        told = self._json("tenant", "show", tenant)
        return TenantNumbers(told["members"], told["orders"], told["stores"])

    def verify_ledger(self, tenant: str) -> LedgerNumbers:
        # The command ends with 1 when it found differences; they are an answer here, not a failure.
        told = self._json("ledger", "verify", tenant, accept=(0, 1))
        return LedgerNumbers(
            accounts=told["accounts"],
            entries=told["entries"],
            issued=told["issued"],
            differences=told["differences"],
            found=tuple(told["found"]),
        )

    def _json(self, *arguments: str, accept: tuple[int, ...] = (0,)) -> dict[str, Any]:
        ended = self._run(*arguments, "--json", accept=accept)
        try:
            told = json.loads(ended.stdout)
        except json.JSONDecodeError:
            told = None
        if not isinstance(told, dict):
            raise _failed(ended, arguments)
        return told

    def _run(
        self, *arguments: str, accept: tuple[int, ...] = (0,), given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [*self._shuke, *arguments],
            env=self._environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=_LONGEST_COMMAND,
            check=False,
        )
        if ended.returncode not in accept:
            raise _failed(ended, arguments)
        return ended


def _failed(ended: subprocess.CompletedProcess[str], arguments: Sequence[str]) -> CommandFailed:
    said = "\n".join((ended.stderr.strip() or ended.stdout.strip()).splitlines()[-15:])
    return CommandFailed(" ".join(arguments), ended.returncode, said or "(it said nothing)")
