"""What to look at once the history has become points: two members, a query, a line to paste."""

import json
import shlex
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from .tickets import Ticket

QUERY = (
    "{ me { cardNo maskedPhone points { balance expiringSoon(days: 60) { points expiresAt } "
    "entries(first: 5) { edges { node { kind points at } } } } "
    "orders(first: 5) { edges { node { no store { name } paidAt total { fen currency } } } } } }"
)
_EARLY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Shown:
    """A member worth looking at, and why."""

    phone: str
    why: str


def members_to_show(tickets: Sequence[Ticket]) -> list[Shown]:
    """The most loyal member, and one whose old points expire soon and whom the till wrote badly."""
    readable: dict[int, list[Ticket]] = defaultdict(list)
    for ticket in tickets:
        if ticket.readable:
            readable[ticket.customer].append(ticket)
    by_loyalty = sorted(readable.items(), key=lambda item: (-len(item[1]), item[0]))
    if not by_loyalty:
        return []
    loyal, theirs = by_loyalty[0]
    shown = [Shown(theirs[0].phone, f"the most loyal one, {_purchases(theirs)}")]
    early = tickets[0].at + _EARLY
    others = [(customer, bought) for customer, bought in by_loyalty if customer != loyal]
    for _, bought in sorted(others):
        badly_written = {
            ticket.written.phone for ticket in bought if ticket.written.phone != ticket.phone
        }
        if (
            bought[0].at < early
            and bought[0].fen >= 100
            and 3 <= len(bought) <= 8
            and badly_written
        ):
            why = (
                f"{_purchases(bought)}, the first points expire soon; "
                f"the till once wrote the phone as {min(badly_written)!r}"
            )
            return [*shown, Shown(bought[0].phone, why)]
    return shown + [Shown(bought[0].phone, _purchases(bought)) for _, bought in others[:1]]


def _purchases(bought: Sequence[Ticket]) -> str:
    return "1 purchase" if len(bought) == 1 else f"{len(bought)} purchases"


def curl_line(url: str, token: str) -> str:
    """The query as one line to paste into a shell."""
    return shlex.join(
        [
            *("curl", "-s", url),
            *("-H", f"Authorization: Bearer {token}"),
            *("-H", "Content-Type: application/json"),
            *("-d", json.dumps({"query": QUERY})),
        ]
    )


def ways_to_log_in(tenant: str, wechat: str, app_id: str, phone: str) -> list[str]:
    """Lines to paste, one after another: log in as a new visitor, then bind the member's phone.

    `tenant` and `wechat` are addresses. The simulated WeChat stands for the phone as well, which a
    mini-program asks for codes.
    """
    url = f"{tenant}/member/graphql"
    log_in = _mutation("logIn", "token isVisitor", app_id)
    bind = _mutation("bindPhone", "member { cardNo maskedPhone points { balance } }", app_id)
    return [
        _code_line(wechat, {"app_id": app_id, "user": "me"}),
        f"{_json_line(url)} -d {log_in}",
        "TOKEN=...   # the one that was answered",
        _code_line(wechat, {"app_id": app_id, "user": "me", "phone": phone}),
        f'{_json_line(url)} -H "Authorization: Bearer $TOKEN" -d {bind}',
    ]


def _code_line(wechat: str, asked: dict[str, str]) -> str:
    body = shlex.quote(json.dumps(asked))
    return f"CODE=$(curl -s {wechat}/simulator/code -d {body} | cut -d'\"' -f4)"


def _json_line(url: str) -> str:
    return f"curl -s {url} -H 'Content-Type: application/json'"


def _mutation(name: str, wanted: str, app_id: str) -> str:
    """The body of a request in quotes of the shell, with $CODE in its place."""
    call = f'{name}(code: "CODE", appId: "{app_id}")'
    body = json.dumps({"query": f"mutation {{ {call} {{ {wanted} errors {{ code }} }} }}"})
    return shlex.quote(body).replace("CODE", "'$CODE'", 1)
