"""What the demo invites to look at, and that the line to paste survives a shell."""

import json
import shlex
from datetime import date
from io import StringIO

from rich.console import Console

from shuke_schema.demo.history import Purchase
from shuke_schema.demo.people import phone_of
from shuke_schema.demo.report import Report, Seconds
from shuke_schema.demo.screen import RichScreen, invitation
from shuke_schema.demo.showcase import (
    QUERY,
    Shown,
    curl_line,
    members_to_show,
    ways_to_log_in,
)
from shuke_schema.demo.tickets import write_tickets


def test_the_most_loyal_member_comes_first_then_an_early_one_with_a_badly_written_phone() -> None:
    purchases = [
        Purchase(customer, serial, date(1997, 1, 1 + serial), 1, 1_000)
        for customer, visits in ((1, 2), *((number, 6) for number in range(2, 12)), (12, 20))
        for serial in range(1, visits + 1)
    ]

    loyal, early = members_to_show(write_tickets(purchases, shift_days=10_000))

    assert loyal.phone == phone_of(12)
    assert loyal.why == "the most loyal one, 20 purchases"
    assert early.phone in {phone_of(number) for number in range(2, 12)}
    assert early.why.startswith(("5 purchases, the first points", "6 purchases, the first points"))


def test_one_customer_alone_is_shown_alone_and_nobody_is_no_failure() -> None:
    tickets = write_tickets([Purchase(1, 1, date(1997, 1, 1), 1, 1_000)], shift_days=1)

    assert members_to_show(tickets) == [Shown(phone_of(1), "the most loyal one, 1 purchase")]
    assert members_to_show([]) == []


def test_the_line_to_paste_is_one_request_for_a_shell() -> None:
    words = shlex.split(curl_line("http://127.0.0.1:8000/t/changpian/member/graphql", "a.b-c"))

    assert words[:3] == ["curl", "-s", "http://127.0.0.1:8000/t/changpian/member/graphql"]
    assert words[4] == "Authorization: Bearer a.b-c"
    assert json.loads(words[-1]) == {"query": QUERY}
    assert QUERY.count("{") == QUERY.count("}")


def test_the_screen_breaks_no_line_that_is_meant_for_pasting() -> None:
    out = StringIO()
    text = invitation("http://127.0.0.1:8000/t/x", [(Shown("138", "[b]"), "t" * 300)], "s" * 300)
    assert "http://127.0.0.1:8000/t/x/staff/graphql" in text

    RichScreen(Console(file=out, width=40, highlight=False)).say(text)

    assert out.getvalue() == f"{text}\n"


def test_the_lines_to_log_in_with_are_requests_for_a_shell() -> None:
    code, log_in, _, phone, bind = ways_to_log_in(
        "http://x/t/y", "http://wechat", "wx12345678", "13800138000"
    )

    minted = [shlex.split(line.partition("curl ")[2].partition(" |")[0]) for line in (code, phone)]
    asked = [json.loads(words[words.index("-d") + 1]) for words in minted]
    assert asked == [
        {"app_id": "wx12345678", "user": "me"},
        {"app_id": "wx12345678", "user": "me", "phone": "13800138000"},
    ]
    for line, call in ((log_in, "logIn"), (bind, "bindPhone")):
        body = shlex.split(line)[-1]  # the shell puts the code in where $CODE stands
        query = json.loads(body.replace("$CODE", "the-code"))["query"]
        assert query.startswith(f'mutation {{ {call}(code: "the-code", appId: "wx12345678") {{')
        assert "'$CODE'" in line


def test_the_report_reads_as_sentences() -> None:
    out = StringIO()
    report = Report(69_659, 68_920, 739, 23_463, 2_428_023, 0, Seconds(0.1, 0.4), 60.0, ("Bad.",))

    RichScreen(Console(file=out, width=40, highlight=False)).report(report)

    assert out.getvalue() == (
        "69,659 tickets sent: 68,920 accepted, 739 quarantined.\n"
        "23,463 members hold 2,428,023 points; the ledger, derived anew, shows 0 differences.\n"
        "From webhook to points: half within 0.10 s, 99 % within 0.40 s.\n"
        "Contradiction: Bad.\n"
    )
