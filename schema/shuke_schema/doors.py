"""The two doors of the API: members in the mini-program, and staff."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from shuke_core.access.errors import PermissionDenied, TokenInvalid
from shuke_core.access.permissions import IMPORTS_RUN, MEMBERS_EDIT
from shuke_core.files.pictures import Picture
from shuke_core.files.uploads import Upload
from shuke_core.kit.crypto import token_digest
from shuke_core.members.services import member_of_token
from shuke_core.profiles.avatars import hold_sender, upload_own_picture, upload_picture
from shuke_core.settings import Settings
from shuke_core.staff.services import StaffCard, staff_of_token
from shuke_core.tenants.queries import TenantCard
from shuke_schema import examples, rights
from shuke_schema.composition import shelf_of
from shuke_schema.context import Context
from shuke_schema.http import limits
from shuke_schema.http.door import Door
from shuke_schema.http.files import Uploads, upload_endpoint
from shuke_schema.http.lists import list_endpoint
from shuke_schema.http.rates import Rates
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


async def _any_member(context: Context) -> None:
    if context.member_id is None:
        raise TokenInvalid()
    await hold_sender(context.member_id)


async def _keep_own(context: Context, picture: Picture) -> Upload:
    assert context.member_id is not None  # noqa: S101 (it was checked)
    return await upload_own_picture(context.member_id, picture)


async def _may_edit_members(context: Context) -> None:
    if context.staff is None:
        raise TokenInvalid()
    if MEMBERS_EDIT.key not in context.rights.permissions:
        raise PermissionDenied(field="A picture", needed=f"the permission {MEMBERS_EDIT.key}")


async def _keep_for_a_member(context: Context, picture: Picture) -> Upload:
    assert context.staff is not None  # noqa: S101 (it was checked)
    return await upload_picture(context.staff.id, picture)


def _may_import(context: Context) -> UUID:
    if context.staff is None:
        raise TokenInvalid()
    if IMPORTS_RUN.key not in context.rights.permissions:
        raise PermissionDenied(field="A list", needed=f"the permission {IMPORTS_RUN.key}")
    return context.staff.id


def upload_routes(member: Door, staff: Door, rates: Rates) -> list[BaseRoute]:
    """The one door for files at both endpoints: a member's own picture, what staff give to a member, and
    with `?for=import` the lists that staff have imported."""
    own = upload_endpoint(member, Uploads(_any_member, _keep_own), rates)
    pictures = upload_endpoint(staff, Uploads(_may_edit_members, _keep_for_a_member), rates)
    lists = list_endpoint(staff, _may_import, rates)

    async def of_staff(request: Request) -> Response:
        return await (lists if request.query_params.get("for") == "import" else pictures)(request)

    return [
        Route(f"/t/{{tenant}}/{member.name}/files", own, methods=["POST"]),
        Route(f"/t/{{tenant}}/{staff.name}/files", of_staff, methods=["POST"]),
    ]
