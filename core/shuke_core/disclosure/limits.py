"""The limits of disclosure: read by whatever discloses, set by an administrator with a step-up."""

from dataclasses import asdict, dataclass
from typing import ClassVar

from shuke_core.access.permissions import STAFF_MANAGE
from shuke_core.audit.services import record
from shuke_core.disclosure.errors import DisclosureLimitsInvalid
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.stepup.operations import Arguments, demands_step_up


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one person may disclose.

    Reveals are counted over the last hour and the last 24; from `unusual` on within 24 hours an
    administrator is told. `rows` is the most that one export may have.
    """

    hourly: int = 30
    daily: int = 100
    unusual: int = 50
    rows: int = 100_000

    MOST: ClassVar = {
        "hourly": 1_000,
        "daily": 5_000,
        "unusual": 5_000,
        "rows": 1_000_000,
    }

    def check(self) -> None:
        """Raises DisclosureLimitsInvalid for what is below 0 or beyond reason."""
        for name, most in self.MOST.items():
            if not 0 <= getattr(self, name) <= most:
                raise DisclosureLimitsInvalid(name=name, least=0, most=most)


async def disclosure_limits() -> Limits:
    """The tenant's limits."""
    row = await fetch_one(
        "SELECT hourly, daily, unusual, rows FROM disclosure_limits WHERE tenant_id = $1"
    )
    return Limits(**row) if row else Limits()


async def _words(given: Arguments) -> str:
    return ", ".join(f"{name} {value}" for name, value in given.items())


async def _loosens(given: Arguments) -> int:
    """1 where any of them is raised."""
    now = asdict(await disclosure_limits())
    return int(any(int(given[name]) > now[name] for name in now))


@demands_step_up(
    "disclosure.set_limits",
    {"zh": "设置查看与导出限额", "en": "Set how much may be revealed and exported"},
    STAFF_MANAGE,
    describe=_words,
    measure=_loosens,
)
async def set_disclosure_limits(hourly: int, daily: int, unusual: int, rows: int) -> None:
    """Sets all of them; they hold at once. Raises DisclosureLimitsInvalid."""
    wanted = Limits(hourly, daily, unusual, rows)
    wanted.check()
    before, after = asdict(await disclosure_limits()), asdict(wanted)
    await fetch(
        "INSERT INTO disclosure_limits (tenant_id, id, hourly, daily, unusual, "
        "rows) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id) DO UPDATE SET "
        "hourly = excluded.hourly, daily = excluded.daily, "
        "unusual = excluded.unusual, rows = excluded.rows",
        *(new_id(), *after.values()),
    )
    changes = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
    await record("disclosure.limits_set", "disclosure:limits", changes=changes)
