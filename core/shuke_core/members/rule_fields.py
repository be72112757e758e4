"""The words of members for rules: who they are, where they belong; and stores, which others link to."""

from shuke_core.access.permissions import MEMBERS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.members.rules import Gender
from shuke_core.rules.declare import (
    Row,
    RuleField,
    RuleLink,
    RuleSubject,
    column_field,
    linked_field,
)
from shuke_core.rules.registry import CORE, declare_rule_words
from shuke_core.rules.vocabulary import Label, ValueType

MEMBER = "member"
_NEEDS = (MEMBERS_READ,)
_GENDERS: dict[Gender, Label] = {
    Gender.FEMALE: {"zh": "女", "en": "female"},
    Gender.MALE: {"zh": "男", "en": "male"},
    Gender.OTHER: {"zh": "其他", "en": "other"},
}

STORE_OF_MEMBER = RuleLink("member.to_store", MEMBER, "store", "store_id")


def _part_of_birthday(part: str, label: Label) -> RuleField:
    def read(row: Row) -> int | None:
        birthday = row["birthday"]
        return None if birthday is None else int(getattr(birthday, part))

    return RuleField(
        f"member.birthday_{part}",
        MEMBER,
        ValueType.NUMBER,
        label,
        sql=f"extract({part} from this.birthday)::int8",
        read=read,
        columns=("birthday",),
        see=FieldClass.CONTACT,
        needs=_NEEDS,
    )


declare_rule_words(
    CORE,
    RuleSubject(MEMBER, {"zh": "会员", "en": "Member"}, "member"),
    RuleSubject("store", {"zh": "门店", "en": "Store"}, "store"),
    STORE_OF_MEMBER,
    column_field(
        "member.joined_at",
        ValueType.TIME,
        {"zh": "入会时间", "en": "joined"},
        "joined_at",
        needs=_NEEDS,
        index=("joined_at",),
    ),
    column_field(
        "member.name",
        ValueType.TEXT,
        {"zh": "姓名", "en": "name"},
        "name",
        see=FieldClass.CONTACT,
        needs=_NEEDS,
        index=("name",),
    ),
    column_field(
        "member.gender",
        ValueType.CHOICE,
        {"zh": "性别", "en": "gender"},
        "gender",
        choices={each.value: label for each, label in _GENDERS.items()},
        needs=_NEEDS,
    ),
    column_field(
        "member.birthday",
        ValueType.DATE,
        {"zh": "生日", "en": "birthday"},
        "birthday",
        see=FieldClass.CONTACT,
        needs=_NEEDS,
        index=("birthday",),
    ),
    _part_of_birthday("month", {"zh": "生日月份", "en": "month of birth"}),
    _part_of_birthday("day", {"zh": "生日日期(几号)", "en": "day of birth"}),
    column_field(
        "member.region",
        ValueType.TEXT,
        {"zh": "地区代码", "en": "region code"},
        "region",
        needs=_NEEDS,
    ),
    RuleField(
        "member.has_phone",
        MEMBER,
        ValueType.FLAG,
        {"zh": "有手机号", "en": "has a phone"},
        sql="(this.phone_masked is not null)",
        read=lambda row: row["phone_masked"] is not None,
        columns=("phone_masked",),
        needs=_NEEDS,
    ),
    RuleField(
        "member.has_advisor",
        MEMBER,
        ValueType.FLAG,
        {"zh": "有专属顾问", "en": "has an advisor"},
        sql="(this.advisor_id is not null)",
        read=lambda row: row["advisor_id"] is not None,
        columns=("advisor_id",),
        needs=_NEEDS,
    ),
    linked_field(
        "member.store",
        ValueType.STORE,
        {"zh": "所属门店", "en": "store"},
        STORE_OF_MEMBER,
        "store",
        "code",
        needs=_NEEDS,
    ),
)
