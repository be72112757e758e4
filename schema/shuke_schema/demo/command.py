"""`shuke demo`: a real purchase history goes through the front door and becomes points."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from .delivery import Delivered, deliver
from .errors import DemoError
from .history import Purchase, read_history
from .interrupts import interruptible
from .operator import Operator
from .people import STORES
from .processes import HOST, Children, free_port, require_free_port
from .report import Expected, Report, Seconds
from .screen import PlainScreen, RichScreen, Screen, invitation
from .showcase import members_to_show, ways_to_log_in
from .state import Memory, State, locked_home
from .tickets import SHANGHAI, Message, Ticket, days_to_shift, messages, write_tickets
from .till import INTEGRATION, Status, Till

# The history is 546 days long: with 550 its oldest points are about to expire.
EXPIRE_DAYS = 550
STAFF = ("laoban", "老板", "admin")
MINI_PROGRAM = ("wx0000000000000demo", "0123456789abcdef0123456789abcdef")
NEIGHBOUR = ("mianguan", "面馆")
_INTERRUPTED = 130
_AFTER_A_CRASH = 20.0  # seconds that the children of a killed demo may take to leave


@dataclass(frozen=True, slots=True)
class History:
    """Which purchases are sent, and to which tenant: each choice has one of its own.

    One tenant would otherwise get the same purchases under two sets of message ids.
    """

    key: str
    purchases: tuple[Purchase, ...]

    @property
    def tenant(self) -> str:
        return "changpian" if self.key == "full" else f"changpian-{self.key}"

    @classmethod
    def chosen(cls, *, sample: bool, limit: int | None) -> "History":
        purchases = read_history(sample=sample)
        key = "sample" if sample else "full"
        if limit is not None:
            purchases = sorted(purchases, key=lambda bought: (bought.day, bought.customer))[:limit]
            key = f"{key}-{limit}"
        return cls(key, tuple(purchases))


def run_demo(
    *,
    check: bool,
    sample: bool,
    home: Path,
    port: int,
    shuke: Sequence[str],
    limit: int | None = None,
) -> int:
    """Run the demo and return the exit status.

    `shuke` is the argv prefix of the command line, `limit` sends only the first so many purchases.
    0: all well, or stopped with Ctrl-C while serving. 1: a contradiction or a failure. 2: it could
    not start here (port, home, missing history). 130: stopped before it was done.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # else it tells every request
    screen: Screen = PlainScreen() if check else RichScreen()
    try:
        with interruptible(), locked_home(home, port) as crashed_before:
            require_free_port(port, patience=_AFTER_A_CRASH if crashed_before else 0.0)
            return _Demo(screen, home.resolve(), port, tuple(shuke)).run(
                History.chosen(sample=sample, limit=limit), check=check
            )
    except DemoError as error:
        screen.failure(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        screen.end()
        screen.say("Stopped before the history was through; the next run goes on.")
        return _INTERRUPTED


class _Demo:
    def __init__(self, screen: Screen, home: Path, port: int, shuke: tuple[str, ...]) -> None:
        self._screen = screen
        self._home = home
        self._server = f"http://{HOST}:{port}"
        self._port = port
        self._shuke = shuke
        # What the shell says about a real installation must not reach the demo, and the other way.
        inherited = {name: text for name, text in os.environ.items() if name[:6] != "SHUKE_"}
        self._environment = inherited | {
            "SHUKE_HOME": str(home),
            "SHUKE_ENV": "demo",
            "SHUKE_HOST": HOST,
            "SHUKE_PORT": str(port),
        }
        self._wechat_port = free_port()
        self._wechat = f"http://{HOST}:{self._wechat_port}"
        self._environment["SHUKE_WECHAT_URL"] = self._wechat
        self._operator = Operator(shuke, self._environment)
        self._state = State.load(home)
        self._started = time.monotonic()

    def run(self, history: History, *, check: bool) -> int:
        self._screen.say(f"Starting PostgreSQL, Valkey and Shuke in {self._home} …")
        self._operator.migrate()
        with Children() as children:
            self._start(children)
            memory = self._prepare_tenants(history.tenant, "唱片行")
            tickets = self._tickets(history, memory)
            report = self._send_and_count(children, history, memory, tickets)
            self._screen.report(report)
            if check:
                return 1 if report.contradictions else 0
            return self._serve(children, history.tenant, tickets)

    def _start(self, children: Children) -> None:
        logs = self._home / "logs"
        serve = [*self._shuke, "serve", "--port", str(self._port)]
        children.start("shuke serve", serve, self._environment, logs / "web.log")
        worker = [*self._shuke, "worker"]
        children.start("shuke worker", worker, self._environment, logs / "worker.log")
        # -P: modules of this folder must not stand in for those of the library of the same name.
        simulator = [sys.executable, "-P", str(Path(__file__).with_name("wechat.py"))]
        options = ["--port", str(self._wechat_port), "--app", "=".join(MINI_PROGRAM)]
        children.start(
            "the simulated WeChat", [*simulator, *options], self._environment, logs / "wechat.log"
        )
        children.wait_until_ready(f"{self._server}/healthz")

    def _prepare_tenants(self, tenant: str, name: str) -> Memory:
        self._operator.create_tenant(tenant, name, expire_days=EXPIRE_DAYS)
        self._operator.add_stores(tenant, STORES)
        self._operator.enable_plugins(tenant)  # its neighbour goes without
        self._operator.create_tenant(*NEIGHBOUR)
        memory = self._state.of(tenant)
        memory.secret = self._operator.integration_secret(tenant, INTEGRATION, memory.secret)
        self._state.save()
        return memory

    def _tickets(self, history: History, memory: Memory) -> list[Ticket]:
        if memory.shift_days is None:
            today = datetime.now(SHANGHAI).date()
            memory.shift_days = days_to_shift(history.purchases, today)
            self._state.save()
        return write_tickets(history.purchases, memory.shift_days)

    def _send_and_count(
        self, children: Children, history: History, memory: Memory, tickets: list[Ticket]
    ) -> Report:
        expected = Expected.of(tickets)
        delivered = self._deliver(children, history, memory, tickets)
        status = delivered.status
        webhook_to_points = Seconds(status.p50, status.p99)
        if delivered.accepted == 0 and webhook_to_points.p99 is None:
            # Nothing was new, so the time measured when it was sent still holds.
            webhook_to_points = Seconds(memory.p50, memory.p99)
        report = Report.of(
            expected,
            status,
            self._operator.tenant_numbers(history.tenant),
            self._operator.verify_ledger(history.tenant),
            webhook_to_points,
            time.monotonic() - self._started,
        )
        if not report.contradictions:
            memory.delivered_messages = delivered.accepted + delivered.known
            memory.p50, memory.p99 = webhook_to_points.p50, webhook_to_points.p99
            self._state.save()
        return report

    def _deliver(
        self, children: Children, history: History, memory: Memory, tickets: list[Ticket]
    ) -> Delivered:
        outgoing = list(messages(history.key, tickets))
        if memory.delivered_messages is not None:
            self._screen.say("This history is delivered; sending its first and last message again.")
            again = self._send(children, history, memory, [outgoing[0], outgoing[-1]], len(tickets))
            if again.accepted == 0:
                return again
            self._screen.say("The server didn't know them any more; sending everything.")
        else:
            self._screen.say(f"Sending {len(tickets):,} tickets in {len(outgoing):,} messages …")
        return self._send(children, history, memory, outgoing, len(tickets))

    def _send(
        self,
        children: Children,
        history: History,
        memory: Memory,
        outgoing: list[Message],
        tickets: int,
    ) -> Delivered:
        def watch(status: Status | None) -> None:
            children.check()
            if status is not None:
                self._screen.progress(status)

        async def send() -> Delivered:
            async with Till(self._server, history.tenant, memory.secret or "") as till:
                return await deliver(till, outgoing, watch=watch)

        self._screen.begin(tickets)
        try:
            delivered = asyncio.run(send())
            self._screen.progress(delivered.status)
            return delivered
        finally:
            self._screen.end()

    def _invite(self, tenant: str, tickets: list[Ticket]) -> None:
        members = [
            (shown, self._operator.member_token(tenant, shown.phone))
            for shown in members_to_show(tickets)
        ]
        self._operator.set_mini_program(tenant, *MINI_PROGRAM)
        self._operator.add_staff(tenant, *STAFF)
        token = self._operator.staff_token(tenant, STAFF[0])
        address = f"{self._server}/t/{tenant}"
        phone = members[0][0].phone if members else "13800138000"
        log_in = ways_to_log_in(address, self._wechat, MINI_PROGRAM[0], phone)
        self._screen.say(invitation(address, members, token, log_in))

    def _serve(self, children: Children, tenant: str, tickets: list[Ticket]) -> int:
        try:
            self._invite(tenant, tickets)
            while True:
                children.check()
                time.sleep(0.3)
        except KeyboardInterrupt:
            self._screen.say("Stopping …")
        children.stop()
        self._screen.say("Stopped. The next `make demo` takes up where this one left.")
        return 0
