"""Mutations of consent: members give and withdraw it, staff publish the texts."""

from collections.abc import Awaitable, Callable
from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import PRIVACY_PUBLISH
from shuke_core.access.rights import FieldClass
from shuke_core.consents.rules import Purpose
from shuke_core.consents.services import give_consent, publish_text, withdraw_consent
from shuke_schema.consents.types import Consent, consents_shown
from shuke_schema.context import ShukeInfo
from shuke_schema.http.closing import WHILE_CLOSING
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.rights import ONESELF, asks, shows


@strawberry.enum(description="Why an act on consent was refused.")
class ConsentErrorCode(Enum):
    CONSENT_TEXT_OUTDATED = "CONSENT_TEXT_OUTDATED"
    CONSENT_UNDER_AGE = "CONSENT_UNDER_AGE"
    CONSENT_NEEDS_GUARDIAN = "CONSENT_NEEDS_GUARDIAN"
    CONSENT_SCENE_INVALID = "CONSENT_SCENE_INVALID"
    PRIVACY_TEXT_INVALID = "PRIVACY_TEXT_INVALID"


@strawberry.type(description="Why an act on consent was refused.")
class ConsentError(Failure[ConsentErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class ConsentPayload:
    consents: list[Consent] | None = strawberry.field(
        description="As they are now, all purposes; null where it was refused.", default=None
    )
    errors: list[ConsentError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class PrivacyTextPayload:
    version: int | None = None
    errors: list[ConsentError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    ConsentError,
    ConsentErrorCode,
    {
        "CONSENT_TEXT_OUTDATED": "version",
        "CONSENT_UNDER_AGE": "purpose",
        "CONSENT_NEEDS_GUARDIAN": "guardian",
        "CONSENT_SCENE_INVALID": "scene",
    },
)


async def _said(info: ShukeInfo, act: Callable[[UUID], Awaitable[None]]) -> ConsentPayload:
    member_id = info.context.member_id
    assert member_id is not None  # noqa: S101 (visitors may not ask for it)

    async def attempt() -> list[Consent]:
        await act(member_id)
        return await consents_shown(member_id)

    shown, errors = await _FAILURES.attempt(attempt)
    return ConsentPayload(consents=shown, errors=errors)


@strawberry.type
class OwnConsentsMutation:
    @strawberry.mutation(
        description="Consents to the newest text of a purpose, whose `version` the member has read. "
        "For somebody under 14 `guardian` names who consents for them. Repeated, it changes nothing.",
        metadata=asks(Audience.MEMBER, ONESELF),
    )
    async def give_consent(
        self,
        info: ShukeInfo,
        purpose: Purpose,
        version: int,
        scene: str = "",
        guardian: str | None = None,
    ) -> ConsentPayload:
        return await _said(
            info, lambda member: give_consent(member, purpose, version, scene, guardian)
        )

    @strawberry.mutation(
        description="Takes consent back; it works at once. Repeated, it changes nothing.",
        metadata=asks(Audience.MEMBER, ONESELF) | WHILE_CLOSING,
    )
    async def withdraw_consent(
        self, info: ShukeInfo, purpose: Purpose, scene: str = ""
    ) -> ConsentPayload:
        return await _said(info, lambda member: withdraw_consent(member, purpose, scene))


@strawberry.type
class PrivacyTextsMutation:
    @strawberry.mutation(
        description="Publishes a text that members are asked to consent to; every member is asked "
        "anew. A text is never changed.",
        metadata=asks(Audience.STAFF, PRIVACY_PUBLISH),
    )
    async def publish_privacy_text(self, purpose: Purpose, zh: str, en: str) -> PrivacyTextPayload:
        version, errors = await _FAILURES.attempt(lambda: publish_text(purpose, zh, en))
        return PrivacyTextPayload(version=version, errors=errors)
