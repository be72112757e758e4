"""The limits that the docs promise are those that hold, each with a code of the published list."""

import re

import pytest
from tests.contracts.house import ROOT, quoted, section, table_rows

from shuke_schema.composition import compose
from shuke_schema.http.guarded import guarded_fields
from shuke_schema.http.limits import MEMBER, STAFF, Bucket, Limits
from shuke_schema.parts import Audience

DOCS = ROOT / "docs"


def _listed(name: str) -> dict[str, list[str]]:
    page = (DOCS / name).read_text(encoding="utf-8")
    return {row[0]: row[1:] for row in table_rows(section(page, "## Limits"))[2:]}


def _bucket(bucket: Bucket) -> str:
    return f"{bucket.burst:,} at once, {bucket.per_second:,} a second"


def _said(limits: Limits) -> dict[str, str]:
    return {
        "body": f"{limits.body_bytes // 1024} KiB",
        "JSON": f"{limits.json_depth} deep, {limits.json_values:,} values",
        "document": f"{limits.characters:,} characters, {limits.tokens:,} tokens, "
        f"{limits.comments} comments",
        "literals": f"{limits.literal_depth} deep",
        "aliases": f"{limits.aliases}",
        "directives": f"{limits.directives}",
        "depth": f"{limits.depth} fields, {limits.introspection_depth} below `__schema`",
        "root fields": f"{limits.root_fields}",
        "selections": f"{limits.selections:,}, each definition counted",
        "fields selected again where they are already": f"{limits.repeats}",
        "cost": f"{limits.cost:,}",
        "rate, in cost: member": _bucket(limits.caller),
        "rate, in cost: source address": _bucket(limits.source),
        "rate, in cost: tenant": _bucket(limits.tenant),
        "time": f"{limits.deadline_seconds:g} s, then all of it is undone",
    }


def test_the_page_of_members_has_every_limit_with_a_code_that_is_explained() -> None:
    listed = _listed("member-api.md")
    assert {name: row[0] for name, row in listed.items()} == _said(MEMBER)
    explained = set(quoted((DOCS / "errors.md").read_text(encoding="utf-8")))
    for name, row in listed.items():
        assert quoted(row[1]), name
        assert set(quoted(row[1])) <= explained, name


def test_the_page_of_staff_has_what_differs_and_nothing_else() -> None:
    member, staff = _said(MEMBER), _said(STAFF)
    differing = {
        name.replace("member", "caller"): said
        for name, said in staff.items()
        if said != member[name]
    }
    differing["document"] = f"{STAFF.tokens:,} tokens"
    differing["selections"] = f"{STAFF.selections:,}"
    assert {name: row[0] for name, row in _listed("staff-api.md").items()} == differing


def test_costs_are_those_of_the_page() -> None:
    page = section((DOCS / "member-api.md").read_text(encoding="utf-8"), "## Limits")
    assert f"a list without `first` counts as {MEMBER.list_size}, " in page
    assert f"a mutation costs {MEMBER.mutation_cost} more" in page


@pytest.mark.parametrize("audience", Audience)
def test_what_could_be_guessed_is_bounded_as_the_page_says(audience: Audience) -> None:
    found = guarded_fields(compose(audience, []))
    if audience is Audience.MEMBER:
        page = (DOCS / "member-api.md").read_text(encoding="utf-8")
        tries = [found[name].caller.burst for name in ("logIn", "bindPhone")]
        assert set(found) == {"logIn", "bindPhone", "claimOrder"}
        assert "answered {} and {} times a minute".format(*tries) in page
        assert f"A code is answered {found['claimOrder'].caller.burst} times a minute" in page
        return
    phone, step_up = found["memberByPhone"], found["confirmStepUp"]
    page = (DOCS / "staff-api.md").read_text(encoding="utf-8")
    assert re.search(rf"once a document and {phone.caller.burst} times a minute", page)
    assert phone.caller.per_second * 60 == pytest.approx(phone.caller.burst)
    assert phone.source.burst == 20 * phone.caller.burst
    assert "twenty times as many" in page
    assert found["memberByIdentity"] == phone
    code = found["redeemMemberCode"]
    page = (DOCS / "profiles.md").read_text(encoding="utf-8")
    assert f"Once a document, {code.caller.burst} a minute" in page
    others = {"memberByPhone", "memberByIdentity", "redeemMemberCode", "confirmStepUp"}
    secrets = {found[name] for name in found.keys() - others}
    (secret,) = secrets  # passwords, invites and codes are bounded alike
    accounts = (DOCS / "staff-accounts.md").read_text(encoding="utf-8")
    assert re.search(rf"One source address has {secret.source.burst} tries a\s+quarter", accounts)
    for each in (secret, step_up):
        assert each.source.per_second * 15 * 60 == pytest.approx(each.source.burst)
