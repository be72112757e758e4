"""Rules of the tenant: which interactions become a task, whose, and by when."""

from dataclasses import replace

from shuke_core.audit.services import record
from shuke_core.interactions.errors import FollowUpRuleInvalid
from shuke_core.interactions.rules import Kind, Rule, default_rule
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.staff.addressees import Addressee, check_addressee
from shuke_core.staff.errors import AddresseeUnknown
from shuke_core.staff.roles import minding_roles
from shuke_core.tasks.rules import BACKSTOP

LONGEST_MINUTES = 30 * 24 * 60


async def set_follow_up_rule(rule: Rule) -> None:
    """Puts the rule in the place of the one for this kind (and form). Raises FollowUpRuleInvalid."""
    if not 1 <= rule.due_minutes <= LONGEST_MINUTES:
        raise FollowUpRuleInvalid(why=f"a task is due in 1 to {LONGEST_MINUTES} minutes")
    if rule.form and rule.kind is not Kind.FORM:
        raise FollowUpRuleInvalid(why="only a rule for forms names one")
    try:
        await check_addressee(Addressee(role=rule.role))
    except AddresseeUnknown:
        raise FollowUpRuleInvalid(why=f"there is no role {rule.role[:40]!r}") from None
    if rule.role not in await minding_roles():
        raise FollowUpRuleInvalid(why=f"{rule.role!r} see some members only, or do no tasks")
    if rule.form and not await fetch(
        "SELECT id FROM form WHERE tenant_id = $1 AND key = $2 LIMIT 1", rule.form
    ):
        raise FollowUpRuleInvalid(why=f"there is no form {rule.form[:40]!r}")
    await fetch(
        "INSERT INTO follow_up_rule (tenant_id, id, kind, form, makes_task, to_advisor, role, "
        "due_minutes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
        "ON CONFLICT (tenant_id, kind, form) DO UPDATE SET makes_task = excluded.makes_task, "
        "to_advisor = excluded.to_advisor, role = excluded.role, "
        "due_minutes = excluded.due_minutes",
        *(new_id(), rule.kind.value, rule.form, rule.makes_task, rule.to_advisor, rule.role),
        rule.due_minutes,
    )
    await record(
        "follow_up_rule.set",
        f"follow_up_rule:{rule.kind.value}:{rule.form}",
        changes={
            "makes_task": (None, rule.makes_task),
            "role": (None, rule.role),
            "due_minutes": (None, rule.due_minutes),
        },
    )


async def rules_in_force() -> list[Rule]:
    """One rule for each kind, the tenant's or the one that holds without, then those for forms."""
    rows = await fetch(
        "SELECT kind, form, makes_task, to_advisor, role, due_minutes FROM follow_up_rule "
        "WHERE tenant_id = $1 ORDER BY kind, form"
    )
    own = [Rule(**{**row, "kind": Kind(row["kind"])}) for row in rows]
    whole = {rule.kind: rule for rule in own if not rule.form}
    return [
        *(whole.get(kind) or default_rule(kind) for kind in Kind),
        *(rule for rule in own if rule.form),
    ]


async def rule_for(kind: Kind, form: str = "") -> Rule:
    """The rule that decides what becomes of an interaction: the form's before the kind's.

    Where its role is gone or sees less since it was set, the backstop stands in for it: nobody's
    question is refused or left unseen for that.
    """
    rules = {(rule.kind, rule.form): rule for rule in await rules_in_force()}
    rule = rules.get((kind, form)) or rules[kind, ""]
    return rule if rule.role in await minding_roles() else replace(rule, role=BACKSTOP)
