"""Alerts: one of a key until it is resolved, told once, acknowledged by whom it is for."""

import asyncio

import pytest
from tests.support.follow_up import act, somebody
from tests.support.shop import Shop

from shuke_core.alerts.errors import AlertUnknown
from shuke_core.alerts.kinds import AlertKind, Severity, declare_alert, label_of
from shuke_core.alerts.services import acknowledge_alert, raise_alert, resolve_alert
from shuke_core.kit.ids import new_id
from shuke_core.staff.addressees import Addressee

KIND = AlertKind("test.made_up", {"zh": "测试", "en": "Made up"}, Severity.INFO)
CLERKS = Addressee(role="clerk")


async def told(shop: Shop) -> list[tuple[str, str]]:
    rows = await shop.rows(
        "SELECT payload ->> 'change' AS change, payload ->> 'route' AS route FROM event "
        "WHERE tenant_id = $1 AND type = 'alert.changed' ORDER BY seq"
    )
    return [(row["change"], row["route"]) for row in rows]


async def test_raised_again_it_only_counts_until_it_is_resolved(shop: Shop) -> None:
    said = [await act(shop, lambda: raise_alert(KIND, "k", "x:1", CLERKS)) for _ in range(3)]
    assert said == [True, False, False]
    assert await act(shop, lambda: resolve_alert("k")) is True
    assert await act(shop, lambda: resolve_alert("k")) is False
    assert await act(shop, lambda: raise_alert(KIND, "k", "x:1", CLERKS)) is True
    rows = await shop.rows(
        "SELECT times, resolved_at IS NULL AS stands FROM alert WHERE tenant_id = $1 ORDER BY id"
    )
    assert [(row["times"], row["stands"]) for row in rows] == [(3, False), (1, True)]
    assert await told(shop) == [
        ("raised", "role:clerk"), ("resolved", "role:clerk"), ("raised", "role:clerk")]  # fmt: skip


async def test_however_many_raise_it_at_once_it_is_one(shop: Shop) -> None:
    said = await asyncio.gather(
        *(act(shop, lambda: raise_alert(KIND, "k", "x:1", CLERKS)) for _ in range(10))
    )
    assert sorted(said) == [False] * 9 + [True]
    assert await shop.rows("SELECT times FROM alert WHERE tenant_id = $1") == [{"times": 10}]
    assert await told(shop) == [("raised", "role:clerk")]


async def test_those_whom_it_is_for_acknowledge_it_and_the_first_name_stays(shop: Shop) -> None:
    ann, bob = await somebody(shop, "ann", "clerk"), await somebody(shop, "bob", "clerk")
    out = await somebody(shop, "out", "auditor")
    await act(shop, lambda: raise_alert(KIND, "role", "x:1", CLERKS))
    await act(shop, lambda: raise_alert(KIND, "ann", "x:2", Addressee(ann.staff_id)))
    of_role, of_ann = (
        row["id"]
        for row in await shop.rows("SELECT id FROM alert WHERE tenant_id = $1 ORDER BY id")
    )
    for doer in (ann, bob):
        await act(shop, lambda d=doer: acknowledge_alert(of_role, d.staff_id, d.role), doer)  # type: ignore[misc]
    await act(shop, lambda: acknowledge_alert(of_ann, ann.staff_id, ann.role), ann)
    for doer, alert in ((out, of_role), (bob, of_ann), (bob, new_id())):
        with pytest.raises(AlertUnknown):
            await act(shop, lambda d=doer, a=alert: acknowledge_alert(a, d.staff_id, d.role))  # type: ignore[misc]
    rows = await shop.rows("SELECT acknowledged_by_id FROM alert WHERE tenant_id = $1 ORDER BY id")
    assert [row["acknowledged_by_id"] for row in rows] == [ann.staff_id, ann.staff_id]
    audited = await shop.rows(
        "SELECT actor_id FROM audit_entry WHERE tenant_id = $1 AND act = 'alert.acknowledged'"
    )
    assert [row["actor_id"] for row in audited] == [ann.staff_id, ann.staff_id]


def test_a_kind_is_declared_once_and_labelled() -> None:
    assert label_of("inquiry.overdue")["zh"] == "咨询超时未跟进"
    assert label_of("gone.kind") == {"zh": "gone.kind", "en": "gone.kind"}
    with pytest.raises(ValueError, match=r"inquiry\.overdue"):
        declare_alert(AlertKind("inquiry.overdue", {"zh": "x", "en": "x"}))
