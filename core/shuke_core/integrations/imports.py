"""What of integrations can be imported: the history of orders, one row a line of an order.

It goes the way of a till's tickets: the same cleaning, the same members, the same orders.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shuke_core.access.permissions import ORDERS_IMPORT
from shuke_core.imports.errors import ImportOptionInvalid
from shuke_core.imports.kinds import (
    Asked,
    Cells,
    Fate,
    ImportKind,
    Options,
    RefusedWith,
    RowRefused,
    Taken,
    declare_import,
)
from shuke_core.integrations import intake
from shuke_core.integrations.errors import IntegrationUnknown
from shuke_core.integrations.order_rows import (
    HEADINGS,
    NEEDED,
    PLAIN,
    OrderRows,
    WrongRow,
    orders_in,
    ticket_of,
    wrong_row,
)
from shuke_core.integrations.quarantine import masked
from shuke_core.integrations.services import integration_of
from shuke_core.integrations.ticket_facts import CleanRefund, CleanSale, Rejected
from shuke_core.integrations.tickets import clean_ticket
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean, clean_scalar
from shuke_core.kit.timestamps import business_day, parse_moment
from shuke_core.kit.transactions import fetch
from shuke_core.points.withholding import withhold_points
from shuke_core.tenants.queries import TenantCard, this_tenant

# The source of orders of files that name no integration. No integration's key has a colon.
SOURCE = "file:orders"
INTEGRATION, WITHOUT_POINTS = "integration", "withoutPoints"
_KNOWN = """
SELECT t.nth FROM unnest($3::int[], $4::text[], $5::text[], $6::date[], $7::bool[])
    AS t(nth, store, no, day, sale)
  JOIN store s ON s.tenant_id = $1 AND s.code = t.store
 WHERE CASE WHEN t.sale THEN EXISTS (
           SELECT FROM orders o WHERE o.tenant_id = $1 AND o.source = $2 AND o.external_no = t.no
              AND o.store_id = s.id AND o.business_day = t.day AND o.received_at = $8)
       ELSE EXISTS (
           SELECT FROM refund r WHERE r.tenant_id = $1 AND r.source = $2 AND r.external_no = t.no
              AND r.store_id = s.id AND r.business_day = t.day AND r.recorded_at >= $8) END
"""


async def _check(options: Options) -> None:
    """`integration`: the key of the till whose orders they are; `withoutPoints`: they earn nothing."""
    for name, value in options.items():
        if name == INTEGRATION and isinstance(value, str):
            try:
                await integration_of(value)
            except IntegrationUnknown:
                raise ImportOptionInvalid(option=name, why="there is no such integration") from None
        elif name != WITHOUT_POINTS or not isinstance(value, bool):
            raise ImportOptionInvalid(option=name, why="imports of orders have no such option")


_Told = intake.Fate | Rejected | RowRefused


@dataclass(frozen=True, slots=True)
class _History:
    """An import of orders at work: whose orders, and how the tenant tells the time."""

    asked: Asked
    source: str
    tenant: TenantCard
    now: datetime

    def day_of(self, text: str) -> date | None:
        """The business day of a time as it is written, None for what is none."""
        zone, hour = self.tenant.zone, self.tenant.day_starts_at
        try:
            moment = parse_moment(text, zone, now=self.now, day_starts_at=hour)
        except Unclean:
            return None
        return business_day(moment, zone, hour)

    async def take_in(self, bodies: Sequence[Mapping[str, object]]) -> list[_Told]:
        """Takes the tickets in as a till's that were received when the import was asked for."""
        if not bodies:
            return []
        tickets = [intake.RawTicket(body, self.asked.at) for body in bodies]
        fates = await intake.take_in(self.source, tickets)
        if self.asked.options.get(WITHOUT_POINTS):
            await self._withhold(
                str(body["no"])
                for body, fate in zip(bodies, fates, strict=True)
                if fate is intake.Fate.ACCEPTED
            )
        parted = await self._parted(
            [n for n, fate in enumerate(fates) if fate is intake.Fate.KNOWN], bodies
        )
        return [
            RowRefused("no", "ORDER_PARTED", masked(str(body["no"]))) if nth in parted else fate
            for nth, (body, fate) in enumerate(zip(bodies, fates, strict=True))
        ]

    async def _withhold(self, numbers: Iterable[str]) -> None:
        """What this import has recorded under the numbers earns nothing."""
        rows = await fetch(
            "SELECT id FROM orders WHERE tenant_id = $1 AND source = $2 "
            "AND external_no = ANY ($3::text[]) AND received_at = $4",
            *(self.source, [clean_scalar(each) for each in numbers], self.asked.at),
        )
        await withhold_points([row["id"] for row in rows], "import")

    async def _parted(
        self, known: Sequence[int], bodies: Sequence[Mapping[str, object]]
    ) -> set[int]:
        """Which of the known tickets this very import has recorded: their rows stand in two places of the
        file, and what stands here would be lost."""
        facts: list[tuple[int, CleanSale | CleanRefund]] = []
        for nth in known:
            zone, hour = self.tenant.zone, self.tenant.day_starts_at
            fact = clean_ticket(bodies[nth], zone=zone, day_starts_at=hour, now=self.now)
            if isinstance(fact, CleanSale | CleanRefund):
                facts.append((nth, fact))
        if not facts:
            return set()
        rows = await fetch(
            _KNOWN,
            self.source,
            [nth for nth, _ in facts],
            [fact.store_code for _, fact in facts],
            [fact.no for _, fact in facts],
            [fact.business_day for _, fact in facts],
            [isinstance(fact, CleanSale) for _, fact in facts],
            self.asked.at,
        )
        return {row["nth"] for row in rows}


async def _take(rows: Sequence[Cells], asked: Asked) -> list[Fate]:
    source = str(asked.options.get(INTEGRATION) or SOURCE)
    history = _History(asked, source, await this_tenant(), clock.now())
    orders = list(orders_in(rows, history.day_of))
    told = [ticket_of(order) for order in orders]
    taken = iter(await history.take_in([each for each in told if not isinstance(each, WrongRow)]))
    fates: dict[int, Fate] = {}
    for order, each in zip(orders, told, strict=True):
        fates |= _of_rows(order, each if isinstance(each, WrongRow) else next(taken))
    return [fates[place] for place in range(len(rows))]


def _of_rows(order: OrderRows, fate: _Told | WrongRow) -> dict[int, Fate]:
    """What became of an order, said of each of its rows: all of them go in, or none."""
    if isinstance(fate, intake.Fate):
        taken = Taken.ENTERED if fate is intake.Fate.ACCEPTED else Taken.SAME
        return dict.fromkeys(order.places, taken)
    wrong = wrong_row(order, fate) if isinstance(fate, Rejected) else fate
    if isinstance(wrong, RowRefused):
        wrong = WrongRow(order.places[0], wrong)
    others: dict[int, Fate] = dict.fromkeys(order.places, RefusedWith(wrong.place))
    return others | {wrong.place: wrong.why}


ORDERS = declare_import(
    ImportKind(
        "orders",
        {"zh": "历史订单", "en": "History of orders"},
        ORDERS_IMPORT,
        HEADINGS,
        NEEDED,
        _take,
        together="no",
        check=_check,
        plain=PLAIN,
    )
)
