"""What the worker does for alerts: administrators are told who looks unusually many people up."""

from collections.abc import Sequence
from uuid import UUID

from shuke_core.alerts.kinds import AlertKind, declare_alert
from shuke_core.alerts.services import raise_alert
from shuke_core.events.reactions import Event, Reaction, register_reaction
from shuke_core.members.events import ManySoughtByPhone
from shuke_core.staff.addressees import Addressee
from shuke_core.staff.roles import ADMIN

MANY_SOUGHT = declare_alert(
    AlertKind(
        "members.many_sought_by_phone",
        {"zh": "按手机号查找会员次数异常", "en": "Unusually many look-ups by phone"},
    )
)


async def tell_of_searches(events: Sequence[Event]) -> None:
    """One alert for each person and hour; the rest of the hour's look-ups are counted by it."""
    for event in events:
        who = UUID(event.payload["staff_id"])
        key = f"{MANY_SOUGHT.key}:{who}:{event.recorded_at:%Y%m%d%H}"
        await raise_alert(MANY_SOUGHT, key, f"staff:{who}", Addressee(role=ADMIN))


register_reaction(
    Reaction("alerts.searches", frozenset({ManySoughtByPhone.type}), tell_of_searches)
)
