"""What the worker does for people's rights: erase whose grace is over, tell of what is overdue."""

from shuke_core.alerts.kinds import AlertKind, Severity, declare_alert
from shuke_core.alerts.services import raise_alert
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch
from shuke_core.personal_data.services import alert_key, erase_next
from shuke_core.staff.addressees import Addressee
from shuke_core.staff.roles import ADMIN
from shuke_core.tenants.queries import this_tenant
from shuke_core.worker.schedules import Schedule, register_schedule

OVERDUE = declare_alert(
    AlertKind(
        "personal_data.overdue",
        {"zh": "个人信息权利请求已超过法定期限", "en": "A request about personal data is overdue"},
        Severity.CRITICAL,
    )
)


async def tell_of_overdue() -> bool:
    """An alert for the administrators for each request that is past its day, until it is answered."""
    today = clock.now().astimezone((await this_tenant()).zone).date()
    rows = await fetch(
        "SELECT id FROM rights_request WHERE tenant_id = $1 AND state = 'open' AND due_on < $2 "
        "ORDER BY asked_at, id",
        today,
    )
    for row in rows:
        subject = f"rights_request:{row['id']}"
        await raise_alert(OVERDUE, alert_key(row["id"]), subject, Addressee(role=ADMIN))
    return False


register_schedule(Schedule("personal_data.erase", 4, 40, erase_next))
register_schedule(Schedule("personal_data.tell_of_overdue", 7, 40, tell_of_overdue))
