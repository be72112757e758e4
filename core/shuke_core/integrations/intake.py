"""Intake: raw tickets become clean facts, people become members, facts become orders.

One batch, whatever messages its tickets came in, costs the same few statements, two more where somebody
is new: not as many a ticket.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import partial
from uuid import UUID

from shuke_core.campaigns.queries import campaigns_of_codes
from shuke_core.integrations.tickets import (
    CleanRefund,
    CleanSale,
    CleanStep,
    Rejected,
    clean_ticket,
)
from shuke_core.kit import clock
from shuke_core.kit.metrics import CAMPAIGNS_UNKNOWN
from shuke_core.members.services import (
    Identity,
    complete_members,
    enter_newcomers,
    find_members,
    link_identities,
)
from shuke_core.orders.services import NewLine, NewSale, record_sales
from shuke_core.orders.steps import NewRefund, NewStep, record_refunds, record_steps
from shuke_core.plugins.hooks import call_hook
from shuke_core.suppression.services import suppressed
from shuke_core.tenants.queries import stores_by_code, this_tenant

_REASON = re.compile(r"[A-Z][A-Z0-9_]{0,39}")


class Fate(Enum):
    """What became of a ticket that could be cleaned."""

    ACCEPTED = "accepted"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class RawTicket:
    """A ticket as JSON value; when the message that brought it was received, and in which trace."""

    body: object
    received_at: datetime
    trace: str | None = None


def _identity(sale: CleanSale, source: str) -> Identity | None:
    if sale.phone is not None:
        return Identity.of_phone(sale.phone)
    if sale.card is not None:
        return Identity.of_card(source, sale.card)
    return None


def _new_sale(
    sale: CleanSale,
    store_id: UUID,
    member_id: UUID | None,
    campaign_id: UUID | None,
    ticket: RawTicket,
) -> NewSale:
    return NewSale(
        store_id,
        sale.no,
        sale.business_day,
        sale.at,
        ticket.received_at,
        member_id,
        sale.total_fen,
        tuple(
            NewLine(line.sku, line.name, line.quantity, line.amount_fen, line.discounts)
            for line in sale.lines
        ),
        ticket.trace,
        sale.receipt,
        sale.whole,
        campaign_id,
    )


def _new_refund(refund: CleanRefund, store_id: UUID) -> NewRefund:
    return NewRefund(
        store_id,
        refund.no,
        refund.business_day,
        refund.at,
        refund.refunds_no,
        refund.refunds_day,
        refund.total_fen,
        tuple((line.line, line.amount_fen, line.quantity) for line in refund.lines),
        refund.channel,
        refund.exchanged_for,
    )


def _new_step(step: CleanStep, store_id: UUID) -> NewStep:
    return NewStep(
        step.kind,
        store_id,
        step.no,
        step.business_day,
        step.at,
        step.order_no,
        step.order_day,
        step.amount_fen,
        step.method,
        step.channel,
    )


def _first_fate(
    fact: CleanSale | CleanRefund | CleanStep | Rejected, stores: Mapping[str, UUID]
) -> Fate | Rejected:
    """KNOWN until it turns out to be new; or why the ticket can't go in."""
    if isinstance(fact, Rejected):
        return fact
    if fact.store_code not in stores:
        return Rejected("store", "STORE_UNKNOWN", fact.store_code)
    return Fate.KNOWN


async def _of_the_erased(
    source: str, sales: Sequence[tuple[int, CleanSale]], known: Container[Identity | None]
) -> dict[int, Rejected]:
    """Which tickets name somebody who was erased and has not come back, by their place.

    Asked after it was looked who is known: who is erased in between is unknown and suppressed.
    """
    named: dict[int, tuple[str, set[Identity]]] = {}
    for place, sale in sales:
        who = _identity(sale, source)
        if who is not None and who not in known:
            cards = {Identity.of_card(source, sale.card)} if sale.card is not None else set()
            named[place] = (who.kind, {who, *cards})
    erased = await suppressed({each for _, these in named.values() for each in these})
    return {
        place: Rejected(field, "SUBJECT_ERASED", "")
        for place, (field, these) in named.items()
        if these & erased
    }


async def _refused_by_plugins(sales: Sequence[tuple[int, CleanSale]]) -> dict[int, Rejected]:
    """Which tickets a plugin keeps out, by their place in the batch."""
    refused: dict[int, Rejected] = {}
    for key, vetoes in await call_hook(
        "shuke_refuse_sales", partial(_vetoes, len(sales)), sales=[sale for _, sale in sales]
    ):
        for nth, reason in vetoes.items():
            refused.setdefault(sales[nth][0], Rejected("$", reason, f"kept out by {key}"))
    return refused


def _vetoes(sales: int, answer: Mapping[int, str]) -> dict[int, str]:
    """A plugin's answer: places among the sales, each with a reason code."""
    vetoes = dict(answer)
    for nth, reason in vetoes.items():
        if not 0 <= nth < sales or not _REASON.fullmatch(reason):
            raise ValueError(f"{nth!r}: {reason!r} is no veto of one of {sales} sales")
    return vetoes


async def _campaigns(sales: Sequence[CleanSale]) -> Mapping[str, UUID]:
    """The campaigns that the sales name by their codes. A sale whose code is none is a sale all the same:
    it is never held back for a label, and the code is counted for the operator."""
    said = [sale.campaign for sale in sales if sale.campaign is not None]
    found = await campaigns_of_codes(set(said)) if said else {}
    CAMPAIGNS_UNKNOWN.inc(sum(code not in found for code in said))
    return found


async def take_in(source: str, tickets: Sequence[RawTicket]) -> list[Fate | Rejected]:
    """Takes the tickets of one integration in; says of each what became of it, in their order.

    A ticket that can't be cleaned, or names a store the tenant has not, is rejected alone.
    """
    tenant, now = await this_tenant(), clock.now()
    read = [
        clean_ticket(t.body, zone=tenant.zone, day_starts_at=tenant.day_starts_at, now=now)
        for t in tickets
    ]
    clean = [fact for fact in read if not isinstance(fact, Rejected)]
    stores = await stores_by_code(sorted({fact.store_code for fact in clean}))
    fates = [_first_fate(fact, stores) for fact in read]
    passed = [
        (place, fact)
        for place, fact in enumerate(read)
        if isinstance(fact, CleanSale) and fates[place] is Fate.KNOWN
    ]
    for place, why in (await _refused_by_plugins(passed)).items():
        fates[place] = why
    sales = [(place, sale) for place, sale in passed if fates[place] is Fate.KNOWN]
    there = await find_members({who for _, sale in sales if (who := _identity(sale, source))})
    for place, why in (await _of_the_erased(source, sales, there)).items():
        fates[place] = why
    sales = [(place, sale) for place, sale in sales if fates[place] is Fate.KNOWN]
    identities = [_identity(sale, source) for _, sale in sales]
    newcomers = {who for who in identities if who is not None} - there.keys()
    # Nobody is held here: whoever writes rows of members does that, `record_sales` first of all.
    members = there | (await enter_newcomers(newcomers) if newcomers else {})
    await link_identities(
        {
            Identity.of_card(source, sale.card): members[who]
            for (_, sale), who in zip(sales, identities, strict=True)
            if who is not None and who.kind == "phone" and sale.card is not None
        }
    )
    known = [
        (members[who], sale)
        for (_, sale), who in zip(sales, identities, strict=True)
        if who is not None
    ]
    await complete_members(
        {member: sale.name for member, sale in known if sale.name is not None},
        # Backwards, so that of several the first has the last word.
        {member: stores[sale.store_code] for member, sale in reversed(known)},
    )
    campaigns = await _campaigns([sale for _, sale in sales])
    new_sales = await record_sales(
        source,
        tenant.currency,
        [
            _new_sale(
                sale,
                stores[sale.store_code],
                members[who] if who else None,
                campaigns.get(sale.campaign) if sale.campaign else None,
                tickets[place],
            )
            for (place, sale), who in zip(sales, identities, strict=True)
        ],
    )
    refunds = [
        (place, fact)
        for place, fact in enumerate(read)
        if isinstance(fact, CleanRefund) and fates[place] is Fate.KNOWN
    ]
    new_refunds = await record_refunds(
        source, [_new_refund(fact, stores[fact.store_code]) for _, fact in refunds]
    )
    steps = [
        (place, fact)
        for place, fact in enumerate(read)
        if isinstance(fact, CleanStep) and fates[place] is Fate.KNOWN
    ]
    new_steps = await record_steps(
        source, [_new_step(fact, stores[fact.store_code]) for _, fact in steps]
    )
    places = [place for place, _ in (*sales, *refunds, *steps)]
    for place, is_new in zip(places, new_sales + new_refunds + new_steps, strict=True):
        if is_new:
            fates[place] = Fate.ACCEPTED
    return fates
