"""Look-ups by phone or identity are recorded and counted: who asks for many is told of to the operator
of the service, and to the tenant's administrators."""

import logging
from datetime import timedelta
from uuid import UUID

from shuke_core.audit.actors import current_actor
from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.metrics import PHONE_SEARCHES, PHONE_SEARCHES_UNUSUAL
from shuke_core.kit.transactions import fetch_value
from shuke_core.members.events import ManySoughtByPhone

ACT = "member.sought_by_phone"
BY_IDENTITY = "member.sought_by_identity"
UNUSUAL = 100  # look-ups of one person in an hour; a busy till needs about one a minute
_HOUR = timedelta(hours=1)

log = logging.getLogger("shuke.members")


async def note_search(found: UUID | None, act: str = ACT) -> None:
    """Records that the actor looked somebody up, by phone unless `act` says otherwise; `found` None:
    nobody has it.

    Who was not there is not recorded: a number that belongs to nobody here is nobody's business.
    """
    subject = f"member:{found}" if found else f"{'phone' if act == ACT else 'identity'}:unknown"
    await record(act, subject, member_id=found)
    PHONE_SEARCHES.inc()
    actor = current_actor()
    made: int = await fetch_value(
        "SELECT count(*) FROM audit_entry WHERE tenant_id = $1 AND actor_id = $2 "
        "AND recorded_at > $3 AND act = ANY ($4::text[])",
        *(actor.id, clock.now() - _HOUR, [ACT, BY_IDENTITY]),
    )
    if made < UNUSUAL or actor.id is None:
        return
    # Each time: of two look-ups at once neither need be the hundredth. The alert is one all the same.
    announce(ManySoughtByPhone(actor.id))
    if made % UNUSUAL == 0:
        PHONE_SEARCHES_UNUSUAL.inc()
        log.warning("%s has looked %d people up by phone within an hour", actor.id, made)
