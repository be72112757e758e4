"""GraphQL inputs of profiles."""

from datetime import date

import strawberry
from strawberry import UNSET

from shuke_core.members.rules import Gender
from shuke_core.profiles.rules import BUILTIN, FieldKind, FieldSpec
from shuke_schema.scalars import Long


@strawberry.input(description="What a member says in a field that the tenant has made.")
class ProfileValueInput:
    key: str
    value: str | None = strawberry.field(
        description="As text: a number as 42, a date as 1990-03-01; null empties the field."
    )


@strawberry.input(
    description="What is to be changed of a profile: what is left out stays, null empties a field."
)
class ProfileInput:
    nickname: str | None = UNSET
    name: str | None = UNSET
    gender: Gender | None = UNSET
    birthday: date | None = UNSET
    region: str | None = strawberry.field(
        default=UNSET, description="A division code of China (GB/T 2260), such as 440305."
    )
    avatar: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The id of a picture that you have uploaded."
    )
    fields: list[ProfileValueInput] = strawberry.field(
        default_factory=list, description="Of the tenant's own fields."
    )

    def said(self) -> dict[str, str | None]:
        """By the field's key, as text."""
        own = {each.key: each.value for each in self.fields if each.key not in BUILTIN}
        for key in BUILTIN:
            value = getattr(self, key)
            if value is not UNSET:
                value = value.value if isinstance(value, Gender) else value
                own[key] = None if value is None else str(value)
        return own


@strawberry.input(description="A field that members are asked for.")
class ProfileFieldInput:
    key: str = strawberry.field(
        description="1 to 40 of a-z, 0-9 and _, a letter first; or a built-in one: nickname, name, "
        "gender, birthday, region, avatar."
    )
    kind: FieldKind
    label_zh: str
    label_en: str
    reason_zh: str = ""
    reason_en: str = ""
    required: bool = False
    reward_points: Long = Long(0)
    longest: int | None = None
    least: Long | None = None
    most: Long | None = None
    choices: list[str] = strawberry.field(default_factory=list)
    change_after_days: int | None = None
    place: int = 0

    def spec(self) -> FieldSpec:
        """As the domain knows it."""
        said = {name: getattr(self, name) for name in self.__annotations__}
        return FieldSpec(**{**said, "choices": tuple(self.choices)})
