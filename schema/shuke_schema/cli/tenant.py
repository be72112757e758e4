"""`shuke tenant`: make tenants and what they need, and look at them."""

from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import click

from shuke_core.integrations.services import add_integration, rotate_secret
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.phones import normalise_phone
from shuke_core.members.services import Identity, find_members, issue_token, log_out
from shuke_core.points.services import set_earning_rule
from shuke_core.runtime import Runtime
from shuke_core.tenants.queries import (
    count_rows,
    find_any_tenant,
    find_tenant,
    tenants_with_data,
)
from shuke_core.tenants.services import (
    add_store,
    checked_store_code,
    open_tenant,
    register_tenant,
)
from shuke_core.worker.schedules import enrol_tenant
from shuke_schema.cli.life import close, erase, resume, suspend
from shuke_schema.cli.quarantine import quarantine
from shuke_schema.cli.run import Result, in_runtime, json_option, say
from shuke_schema.cli.stuck import dead, redrive

HIGHEST_RATE = Decimal(1000)
LONGEST_LIFE_DAYS = 3_650


def _rate(_: click.Context, __: click.Parameter, value: str) -> Decimal:
    """A rate of points as an exact number, refused before anything is written."""
    try:
        rate = Decimal(value)
    except InvalidOperation:
        rate = Decimal("NaN")
    if not (rate.is_finite() and 0 <= rate <= HIGHEST_RATE and rate == round(rate, 3)):
        raise click.BadParameter(f"{value!r} is not a number of 0 to 1000 with up to three places.")
    return rate


@click.group()
def tenant() -> None:
    """Make tenants (商户), their stores and integrations; mend what is stuck."""


tenant.add_command(quarantine)
tenant.add_command(dead)
tenant.add_command(redrive)
for command in (suspend, resume, close, erase):
    tenant.add_command(command)


@tenant.command()
@click.argument("slug")
@click.option("--name", required=True, help="As members read it.")
@click.option("--zone", default="Asia/Shanghai", show_default=True, help="The tenant's time zone.")
@click.option(
    "--points-per-yuan",
    callback=_rate,
    default="1",
    show_default=True,
    help="Up to three places.",
)
@click.option(
    "--expire-days",
    type=click.IntRange(1, LONGEST_LIFE_DAYS),
    help="Points lapse after so many days.  [default: never]",
)
@json_option
def create(
    slug: str,
    name: str,
    zone: str,
    points_per_yuan: Decimal,
    expire_days: int | None,
    as_json: bool,
) -> None:
    """Create a tenant with keys and an earning rule; SLUG becomes part of its addresses.

    Repeating it keeps the tenant and puts the rule in force that is given.
    """

    async def run(runtime: Runtime) -> dict[str, Any]:
        tenant_id, created = await register_tenant(
            runtime.places.owner(), slug=slug, name=name, zone=zone
        )
        async with unit_of_work(tenant_id):
            await open_tenant()
            await set_earning_rule(points_per_yuan, expire_days)
            await enrol_tenant()
        return {"tenant": slug, "id": tenant_id, "created": created}

    facts = in_runtime(run)
    say(as_json, facts, f"Tenant {slug} {'created' if facts['created'] else 'was there already'}.")


@tenant.command("list")
@json_option
def list_tenants(as_json: bool) -> None:
    """List the tenants whose data is there, and in which state they are."""

    async def run(_: Runtime) -> list[dict[str, Any]]:
        return [
            {
                "tenant": card.slug,
                "name": card.name,
                "zone": str(card.zone),
                "state": card.state,
            }
            for card in await tenants_with_data()
        ]

    found = in_runtime(run)
    say(
        as_json,
        {"tenants": found},
        "\n".join(f"{t['tenant']}\t{t['name']}\t{t['zone']}\t{t['state']}" for t in found)
        or "No tenants yet.",
    )


@tenant.command()
@click.argument("slug")
@json_option
def show(slug: str, as_json: bool) -> None:
    """Count a tenant's members, orders and stores."""

    async def run(_: Runtime) -> dict[str, Any]:
        card = await find_any_tenant(slug)
        async with unit_of_work(card.id):
            return {"tenant": slug, "name": card.name, **await count_rows()}

    facts = in_runtime(run)
    say(
        as_json,
        facts,
        f"{facts['name']}: {facts['members']} members, {facts['orders']} orders, "
        f"{facts['stores']} stores",
    )


@tenant.command("add-store")
@click.argument("slug")
@click.argument("stores", nargs=-1, required=True, metavar="CODE=NAME...")
@json_option
def add_stores(slug: str, stores: tuple[str, ...], as_json: bool) -> None:
    """Add stores (门店); tills name them by CODE. A known code takes the new name."""
    written = [store.partition("=") for store in stores]
    if any(not code or not name for code, _, name in written):
        raise click.BadParameter("write each store as CODE=NAME, such as S1=南京路店")
    pairs = [(checked_store_code(code), name) for code, _, name in written]

    async def run(_: Runtime) -> dict[str, Any]:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            added = [code for code, name in pairs if await add_store(code, name)]
        return {"tenant": slug, "added": added}

    facts = in_runtime(run)
    say(as_json, facts, f"{len(facts['added'])} stores added.")


@tenant.command("add-integration")
@click.argument("slug")
@click.argument("key")
@json_option
def add_integration_command(slug: str, key: str, as_json: bool) -> None:
    """Set up a signed webhook, such as a till's. Its secret is shown once, now."""

    async def run(_: Runtime) -> str | None:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            return await add_integration(key)

    secret = in_runtime(run)
    facts = {"integration": key, "created": secret is not None}
    say(
        as_json,
        {**facts, "secret": secret} if secret else facts,
        f"POST /t/{slug}/hooks/{key}, signed with {secret}"
        if secret
        else f"{key} is there already; `shuke tenant rotate-secret` gives a new secret.",
    )


@tenant.command("rotate-secret")
@click.argument("slug")
@click.argument("key")
@json_option
def rotate_secret_command(slug: str, key: str, as_json: bool) -> None:
    """Give an integration a new secret; the old one stays valid for a day."""

    async def run(_: Runtime) -> str:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            return await rotate_secret(key)

    secret = in_runtime(run)
    say(as_json, {"integration": key, "secret": secret}, f"The new secret is {secret}")


async def _on_member(slug: str, phone: str, act: Callable[[UUID], Awaitable[Result]]) -> Result:
    card = await find_tenant(slug)
    number = normalise_phone(phone)
    async with unit_of_work(card.id):
        if number is None:
            raise MemberUnknown()
        identity = Identity.of_phone(number)
        found = await find_members([identity])
        if identity not in found:
            raise MemberUnknown()
        return await act(found[identity])


@tenant.command("member-token")
@click.argument("slug")
@click.option("--phone", required=True, help="The member's phone, in any usual form.")
@json_option
def member_token(slug: str, phone: str, as_json: bool) -> None:
    """Issue an access token for a member, to try the API as they see it."""
    token = in_runtime(lambda _: _on_member(slug, phone, issue_token))
    say(as_json, {"token": token}, token)


@tenant.command("member-logout")
@click.argument("slug")
@click.option("--phone", required=True, help="The member's phone, in any usual form.")
@json_option
def member_logout(slug: str, phone: str, as_json: bool) -> None:
    """Revoke all access tokens of a member; their open sockets close."""
    revoked = in_runtime(lambda _: _on_member(slug, phone, log_out))
    say(as_json, {"revoked": revoked}, f"{revoked} tokens revoked.")
