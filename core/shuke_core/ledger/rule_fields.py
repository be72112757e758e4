"""The words of the ledger for rules: what a member has of points."""

from shuke_core.access.permissions import POINTS_READ
from shuke_core.ledger.services import POINTS
from shuke_core.members.rule_fields import MEMBER
from shuke_core.rules.declare import Row, RuleFacts, RuleField, RuleSubject, rows_of
from shuke_core.rules.registry import CORE, declare_rule_words
from shuke_core.rules.vocabulary import ValueType

_ACCOUNTS = "member.accounts"


def _points(row: Row) -> int:
    return sum(each["available"] for each in rows_of(row, _ACCOUNTS) if each["asset"] == POINTS)


declare_rule_words(
    CORE,
    RuleSubject("account", {"zh": "账户", "en": "Account"}, "ledger_account"),
    RuleFacts(
        _ACCOUNTS,
        MEMBER,
        "account",
        "member_id",
        {"zh": "账户", "en": "accounts"},
        needs=(POINTS_READ,),
        index=("member_id",),
        offered=False,
    ),
    # As the nightly run left it: points whose day has passed count until then.
    RuleField(
        "member.points",
        MEMBER,
        ValueType.NUMBER,
        {"zh": "可用积分", "en": "points"},
        sql="coalesce((select a.available from ledger_account a where a.tenant_id = :tenant "
        f"and a.member_id = this.id and a.asset = '{POINTS}'), 0)",
        read=_points,
        facts=(_ACCOUNTS,),
        beside=("asset", "available"),
        needs=(POINTS_READ,),
    ),
)
