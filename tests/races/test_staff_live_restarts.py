"""Web processes are killed and Redis is wiped while members ask, tasks move and alerts are raised:
whoever of the staff comes back has heard all that was for them, in order and once."""

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.support.follow_up import PHONE, act, ask, somebody, task_of
from tests.support.processes import Process, own_redis, processes
from tests.support.shop import Shop
from tests.support.sockets import client_of
from tests.support.waiting import free_port
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from shuke_core.alerts.services import raise_alert
from shuke_core.kit.transactions import unit_of_work
from shuke_core.runtime import Runtime
from shuke_core.staff.addressees import Addressee, route_to_person, route_to_role
from shuke_core.staff.services import issue_staff_token
from shuke_core.tasks.reminders import OVERDUE
from shuke_core.tasks.services import Doer, claim_task, complete_task

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_GONE = (ConnectionClosed, InvalidHandshake, OSError, TimeoutError, EOFError)
# By topic: the fields of somebody's own and of their role, what is asked, and where its id stands.
FIELDS = {
    "task.moved": ("myTasksChanged", "roleTasksChanged", "taskId kind", "task_id"),
    "alert.changed": ("myAlertsChanged", "roleAlertsChanged", "alertId kind", "alert_id"),
    "interaction.recorded": (
        *("myInteractionsChanged", "roleInteractionsChanged", "interactionId kind"),
        "interaction_id",
    ),
}


@dataclass
class Listener:
    """Somebody of the staff who always comes back, with the last cursor they were told."""

    type: str
    route: str
    root: str
    selected: str
    cursor: str | None = None
    heard: list[str] = field(default_factory=list)
    gaps: int = 0
    connections: int = 0

    async def run(self, address: str, headers: dict[str, str]) -> None:
        """Until it is cancelled."""
        query = (
            f"subscription ($after: String) {{ {self.root}(after: $after) "
            f"{{ cursor gap change {{ {self.selected} }} }} }}"
        )
        while True:
            with suppress(*_GONE):
                async with client_of(address, headers) as client:
                    self._note(await client.subscribe(query, after=self.cursor))
                    self.connections += 1
                    while True:
                        self._note(await client.update(seconds=60))
            await asyncio.sleep(0.05)

    def _note(self, update: dict[str, Any]) -> None:
        self.cursor = str(update["cursor"])
        self.gaps += bool(update["gap"])
        if change := update["change"]:
            identity, kind = change.values()
            self.heard.append(f"{UUID(identity)} {kind}")


def _listeners(person: UUID, role: str) -> list[Listener]:
    routes = (route_to_person(person), route_to_role(role))
    return [
        Listener(kind, route, root, selected)
        for kind, (own, of_role, selected, _) in FIELDS.items()
        for route, root in zip(routes, (own, of_role), strict=True)
    ]


async def _told(shop: Shop, listener: Listener) -> list[str]:
    """What the history holds for that route, in its order."""
    rows = await shop.rows(
        "SELECT payload ->> $4 AS id, coalesce(payload ->> 'change', payload ->> 'kind') AS kind "
        "FROM event WHERE tenant_id = $1 AND type = $2 AND payload ->> 'route' = $3 "
        "AND position IS NOT NULL ORDER BY position",
        *(listener.type, listener.route, FIELDS[listener.type][3]),
    )
    return [f"{row['id']} {row['kind'].upper()}" for row in rows]


async def _work_on(shop: Shop, ann: Doer, member: UUID, stop: asyncio.Event) -> None:
    """Questions come to the role, are claimed and done, and alerts are for both."""
    number = 0
    while not stop.is_set():
        number += 1
        if number <= 25:  # a member asks no more than thirty times an hour
            task = await task_of(shop, await ask(shop, member))
            await act(shop, lambda task=task: claim_task(task, ann), ann)  # type: ignore[misc]
            await act(shop, lambda task=task: complete_task(task, ann, 2, None), ann)  # type: ignore[misc]
        for to in (Addressee(ann.staff_id), Addressee(role="clerk")):
            key = f"made-up:{number}:{to.route}"
            await act(shop, lambda key=key, to=to: raise_alert(OVERDUE, key, "made up", to))  # type: ignore[misc]
        await asyncio.sleep(0.02)


async def _restarts(
    runtime: Runtime, shop: Shop, folder: Path, restarts: int, bends: str = ""
) -> list[Listener]:
    ann, member = await somebody(shop, "ann", "clerk"), await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        headers = {"authorization": f"Bearer {await issue_staff_token('ann')}"}
    port = free_port()
    address = f"ws://127.0.0.1:{port}/t/{shop.slug}/staff/graphql"
    listeners = _listeners(ann.staff_id, "clerk")
    async with own_redis(runtime) as (url, redis):
        web = Process(runtime, url, folder / "web.log", "serve", "--port", str(port), bends=bends)
        worker = Process(runtime, url, folder / "worker.log", "worker")
        with processes(web, worker):
            hearing = [asyncio.create_task(each.run(address, headers)) for each in listeners]
            await _until(lambda: all(each.cursor for each in listeners))
            stop = asyncio.Event()
            working = asyncio.create_task(_work_on(shop, ann, member, stop))
            for _ in range(restarts):
                await asyncio.sleep(0.5 + secrets.randbelow(700) / 1000)
                web.kill()
                await redis.flushdb()
                known = [each.connections for each in listeners]
                web.restart()
                await _until(
                    lambda known=known: all(
                        e.connections > n for e, n in zip(listeners, known, strict=True)
                    )
                )
            stop.set()
            await working
            await asyncio.sleep(2 if bends else 0)
            with suppress(TimeoutError):
                async with asyncio.timeout(5 if bends else 20):
                    while not await _is_heard(shop, listeners):  # noqa: ASYNC110
                        await asyncio.sleep(0.2)
            for task in hearing:
                task.cancel()
            await asyncio.gather(*hearing, return_exceptions=True)
    return listeners


async def _until(holds: Any) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 (what it asks is a process)
            await asyncio.sleep(0.05)


async def _is_heard(shop: Shop, listeners: list[Listener]) -> bool:
    waiting = await shop.rows(
        "SELECT count(*) AS n FROM event WHERE tenant_id = $1 AND position IS NULL"
    )
    told = [await _told(shop, each) for each in listeners]
    heard = [each.heard for each in listeners]
    return waiting == [{"n": 0}] and told == heard


async def test_staff_who_come_back_have_heard_it_all_once_and_in_order(
    runtime: Runtime, shop: Shop, soak: bool, tmp_path: Path
) -> None:
    listeners = await _restarts(runtime, shop, tmp_path, 20 if soak else 3)
    for each in listeners:
        assert each.heard == await _told(shop, each), (each.root, each.connections)
        assert each.gaps == 0
    # Ann has no members of her own: what is asked comes to her role alone.
    assert [bool(each.heard) for each in listeners] == [True, True, True, True, False, True]


@pytest.mark.parametrize("bent", ["skips_when_resuming", "resumes_too_early"])
async def test_a_broken_resume_is_seen(
    bent: str, runtime: Runtime, shop: Shop, tmp_path: Path
) -> None:
    listeners = await _restarts(runtime, shop, tmp_path, 2, bent)
    assert [each.root for each in listeners if each.heard != await _told(shop, each)]
