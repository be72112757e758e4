"""GraphQL types of consent (同意)."""

from datetime import datetime
from uuid import UUID

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.consents.queries import ConsentCard, consents_of
from shuke_core.consents.rules import Purpose, Standing
from shuke_core.members.queries import Member as MemberRow
from shuke_schema.rights import shows

ConsentPurpose = strawberry.enum(
    Purpose, name="ConsentPurpose", description="What consent is asked for."
)
ConsentState = strawberry.enum(
    Standing,
    name="ConsentState",
    description="ASKED: not answered in the newest version, or a guardian has to. BARRED: under 14, "
    "nobody can consent to it.",
)


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A text that members consent to, in one language each.")
class PrivacyText:
    zh: str
    en: str


@shows(FieldClass.PUBLIC)
@strawberry.type(description="The newest text of a purpose, and how the member stands to it.")
class Consent:
    purpose: Purpose
    version: int
    text: PrivacyText
    published_at: datetime
    state: Standing
    at: datetime | None = strawberry.field(description="Of the member's last word.")

    @classmethod
    def of(cls, card: ConsentCard) -> "Consent":
        return cls(
            purpose=card.purpose,
            version=card.version,
            text=PrivacyText(zh=card.zh, en=card.en),
            published_at=card.published_at,
            state=card.standing,
            at=card.at,
        )


async def consents_shown(member_id: UUID) -> list[Consent]:
    """How the member stands to each text."""
    return [Consent.of(card) for card in await consents_of(member_id)]


@strawberry.type
class ConsentsOfMember:
    @strawberry.field(description="One for each purpose that the tenant has published a text of.")
    async def consents(self, parent: strawberry.Parent[MemberRow]) -> list[Consent]:
        return await consents_shown(UUID(parent.id))
