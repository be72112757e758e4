"""GraphQL types of profiles (会员资料)."""

from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from shuke_core.access.rights import FieldClass
from shuke_core.kit.transactions import current_unit
from shuke_core.profiles.queries import ProfileCard, asked_fields, profiles_of
from shuke_core.profiles.rules import AVATAR, FieldKind, FieldSpec
from shuke_core.profiles.rules import Value as KeptValue
from shuke_schema.members.parent import MemberParent
from shuke_schema.members.pictures import picture_of
from shuke_schema.rights import shown_as, shows
from shuke_schema.scalars import Long

ProfileFieldKind = strawberry.enum(
    FieldKind, name="ProfileFieldKind", description="What a field of the profile is filled in with."
)
_NOTE = "profiles"


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A field of the profile that the tenant asks its members for.")
class ProfileField:
    key: str
    kind: FieldKind
    label_zh: str
    label_en: str
    reason_zh: str = strawberry.field(description="Why it is asked for, as members are told.")
    reason_en: str
    required: bool = strawberry.field(description="Once filled in it can't be emptied.")
    reward_points: Long = strawberry.field(
        description="What filling it in earns, once for ever, however often it is changed."
    )
    longest: int | None = strawberry.field(description="Of a text: so many characters at most.")
    least: Long | None
    most: Long | None
    choices: list[str]
    change_after_days: int | None = strawberry.field(
        description="A member may change what they said themselves once in so many days."
    )
    place: int = strawberry.field(description="Fields are shown in this order.")
    active: bool = strawberry.field(description="False: it is asked for no more.")

    @classmethod
    def of(cls, spec: FieldSpec) -> "ProfileField":
        return cls(
            **{
                name: getattr(spec, name)
                for name in cls.__annotations__
                if name not in ("choices", "reward_points", "least", "most")
            },
            reward_points=Long(spec.reward_points),
            least=None if spec.least is None else Long(spec.least),
            most=None if spec.most is None else Long(spec.most),
            choices=list(spec.choices),
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A field of a member's profile.")
class ProfileItem:
    field: ProfileField
    value: str | None = strawberry.field(
        description="As text: a date as 1990-03-01, a region by its code, a picture by the path that "
        "`avatar` has.",
        metadata=shown_as(FieldClass.CONTACT),
    )
    filled: bool
    rewarded: bool = strawberry.field(description="Whether its reward has been earned.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="What a member has said of what the tenant asks for.")
class Profile:
    completion: int = strawberry.field(description="In per cent of the fields, rounded down.")
    fields: list[ProfileItem]

    @classmethod
    def of(cls, specs: list[FieldSpec], card: ProfileCard, avatar: str | None) -> "Profile":
        values = dict(card.values)
        if avatar is not None:
            values[AVATAR] = avatar
        return cls(
            completion=card.completion(specs),
            fields=[
                ProfileItem(
                    field=ProfileField.of(spec),
                    value=_text(values.get(spec.key)),
                    filled=spec.key in card.values,
                    rewarded=spec.key in card.rewarded,
                )
                for spec in specs
            ],
        )


def _text(value: KeptValue | None) -> str | None:
    return None if value is None else str(value)


async def _profiles(member_ids: list[UUID]) -> list[Profile]:
    specs = await asked_fields()
    cards = await profiles_of(member_ids, specs)
    profiles = []
    for member_id in member_ids:
        card = cards.get(member_id, ProfileCard())
        file_id = card.values.get(AVATAR)
        picture = await picture_of(file_id) if isinstance(file_id, UUID) else None
        profiles.append(Profile.of(specs, card, picture.path if picture else None))
    return profiles


@shows(FieldClass.PUBLIC)
@strawberry.type
class ProfileOfMember:
    @strawberry.field(description="What the tenant asks for, and what the member has said of it.")
    async def profile(self, parent: MemberParent) -> Profile:
        notes = current_unit().notes
        loader: DataLoader[UUID, Profile] | None = notes.get(_NOTE)
        if loader is None:  # the profiles of one answer are read together
            loader = notes[_NOTE] = DataLoader(load_fn=_profiles, cache=False)
        return await loader.load(UUID(parent.id))


@shows(FieldClass.PUBLIC)
@strawberry.type
class MemberVersion:
    version: int = strawberry.field(
        description="Counts the edits of the profile: `updateMember` takes the one you have read."
    )
