"""The two doors of the API: members in the mini-program, and staff."""

from uuid import UUID

from shuke_core.kit.crypto import token_digest
from shuke_core.members.services import member_of_token
from shuke_core.settings import Settings
from shuke_core.staff.services import StaffCard, staff_of_token
from shuke_core.tenants.queries import TenantCard
from shuke_schema import examples, rights
from shuke_schema.composition import shelf_of
from shuke_schema.context import Context
from shuke_schema.http import limits
from shuke_schema.http.door import Door
from shuke_schema.http.trusted import Trusted
from shuke_schema.parts import Audience


def of_member(tenant: TenantCard, member_id: UUID) -> Context:
    """What a member's operations know."""
    return Context(tenant, member_id=member_id, rights=rights.MEMBER)


def of_staff(tenant: TenantCard, staff: StaffCard) -> Context:
    """What operations of somebody of the staff know."""
    allowed = rights.ENROLLING if staff.is_enrolling else rights.of_staff(staff.rights)
    return Context(tenant, staff=staff, rights=allowed)


async def _member(tenant: TenantCard, token: str | None) -> Context:
    if token is None:
        return Context(tenant, rights=rights.VISITOR)
    return of_member(tenant, await member_of_token(token))


def _presumed(tenant: TenantCard, token: str) -> Context:
    return Context(tenant, rights=rights.MEMBER, bearer=token_digest(token))


async def _staff(tenant: TenantCard, token: str | None) -> Context:
    if token is None:
        return Context(tenant, rights=rights.VISITOR)
    return of_staff(tenant, await staff_of_token(token))


def member_door(settings: Settings) -> Door:
    """The endpoint of members. In a demo and in tests it takes GET from anybody and shows GraphiQL."""
    return Door(
        name=Audience.MEMBER.value,
        schema_of=shelf_of(Audience.MEMBER).of_tenant,
        identify=_member,
        presume=_presumed,
        limits=limits.MEMBER.at_rate(settings.rate_scale),
        examples=examples.MEMBER,
        open_to_get=settings.env in ("demo", "test"),
        trusted=Trusted.by(settings, Audience.MEMBER),
    )


def staff_door(settings: Settings) -> Door:
    """The endpoint of staff. In a demo and in tests it takes GET from anybody and shows GraphiQL."""
    return Door(
        name=Audience.STAFF.value,
        schema_of=shelf_of(Audience.STAFF).of_tenant,
        identify=_staff,
        limits=limits.STAFF.at_rate(settings.rate_scale),
        examples=examples.STAFF,
        open_to_get=settings.env in ("demo", "test"),
        trusted=Trusted.by(settings, Audience.STAFF, ad_hoc=True),
    )
