"""Tenants with rows in every table, made by doing what the product does."""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from tests.support.catalogue import partitions, tenant_tables
from tests.support.exports import linked, ready_export
from tests.support.imports import imported
from tests.support.pictures import JPEG
from tests.support.scratch import connection_to
from tests.support.shop import Shop, open_shop

from shuke_core.access.permissions import declared_permissions
from shuke_core.access.rights import EVERY_CLASS, Rights
from shuke_core.alerts.services import raise_alert
from shuke_core.assignments.queries import AssignmentWay
from shuke_core.assignments.services import Chosen, assign_automatically
from shuke_core.blocks.queries import BlockPurpose
from shuke_core.blocks.services import block_member
from shuke_core.campaigns.participation import join_campaign
from shuke_core.campaigns.rules import Act, Terms
from shuke_core.campaigns.services import Words, create_campaign, decide
from shuke_core.consents.rules import Purpose
from shuke_core.consents.services import give_consent, publish_text
from shuke_core.credentials.locks import STRANGERS, take_try
from shuke_core.credentials.second_factor import begin_second_factor, confirm_second_factor
from shuke_core.credentials.totp import code_at, step_at
from shuke_core.disclosure.limits import set_disclosure_limits
from shuke_core.events.parking import park
from shuke_core.files.links import link_to
from shuke_core.files.pictures import read_picture
from shuke_core.idempotency.services import once
from shuke_core.integrations.quarantine import waiting_tickets
from shuke_core.integrations.services import add_integration, integration_of
from shuke_core.interactions.follow_up import set_follow_up_rule
from shuke_core.interactions.forms import save_form
from shuke_core.interactions.rules import Kind, Question, QuestionType, Rule
from shuke_core.interactions.services import NewInteraction, record_interaction
from shuke_core.kit import clock
from shuke_core.kit.crypto import Place, new_key, seal
from shuke_core.kit.ids import new_id
from shuke_core.kit.pagination import to_cursor
from shuke_core.kit.transactions import current_tenant, fetch, fetch_one, unit_of_work
from shuke_core.ledger.queries import balance_of, earned_by
from shuke_core.ledger.services import Cause, spend
from shuke_core.members.codes import new_member_code, redeem_member_code
from shuke_core.members.doubles import DoubleReason, note_double
from shuke_core.members.identities import bind_identity
from shuke_core.members.phones import normalise_phone
from shuke_core.members.services import Identity, issue_token, rename_member
from shuke_core.members.visitors import log_in_with_openid
from shuke_core.merging.services import merge_members
from shuke_core.merging.window import set_undo_days
from shuke_core.notes.services import add_note
from shuke_core.personal_data.services import ask_correction, ask_erasure
from shuke_core.places import Places
from shuke_core.plugin_host import enable_plugin, installed_plugins
from shuke_core.plugins.services import note_fault
from shuke_core.points.services import set_earning_rule
from shuke_core.points.withholding import withhold_points
from shuke_core.profiles.avatars import upload_own_picture
from shuke_core.profiles.rules import FieldKind, FieldSpec
from shuke_core.profiles.services import save_profile_field, update_own_profile
from shuke_core.reveals.services import reveal_phone
from shuke_core.rules.services import save_rule
from shuke_core.runtime import Runtime
from shuke_core.staff.addressees import Addressee
from shuke_core.staff.codes import make_code
from shuke_core.staff.demands import SecondFactorRule, set_second_factor_rule
from shuke_core.staff.presence import set_stores
from shuke_core.staff.roles import ready_made_role, rights_of
from shuke_core.staff.services import add_staff, issue_staff_token
from shuke_core.staff.sessions import open_session, sessions_of
from shuke_core.stepup.approvals import ask_approval, set_approval_limit
from shuke_core.stepup.services import begin_step_up
from shuke_core.suppression.services import suppress
from shuke_core.tasks.reminders import OVERDUE
from shuke_core.tenants.keyring import tenant_keys
from shuke_core.tenants.master_keys import masters
from shuke_core.tenants.queries import stores_by_code
from shuke_core.tenants.services import add_store
from shuke_core.upkeep.rotation import begin_renewal
from shuke_core.wechat.binding import bind_phone
from shuke_core.wechat.programs import set_mini_program
from shuke_core.wechat.services import WechatPhone
from shuke_core.worker.schedules import enrol_tenant, run_schedules
from shuke_schema.projection.arguments import NOBODY


@dataclass(frozen=True, slots=True)
class Account:
    """By what things of an account are asked for."""

    staff_id: UUID
    session_id: UUID
    invite: str
    challenge: str
    recovery_code: str
    step_up_id: UUID
    approval_id: UUID


@dataclass(frozen=True, slots=True)
class Handles:
    """Everything by which somebody may ask a service for a thing of a tenant."""

    member_id: UUID
    absorbed_id: UUID
    merge_id: UUID
    interaction_id: UUID
    task_id: UUID
    alert_id: UUID
    request_id: UUID
    export_id: UUID
    note_id: UUID
    rule_id: UUID
    campaign_id: UUID
    campaign_code: str
    category_id: UUID
    item_id: UUID
    item_code: str
    import_id: UUID
    row_id: UUID
    export_link: str
    upload_id: UUID
    picture_link: str
    claim_id: UUID
    app_id: str
    openid: str
    erp_no: str
    member_code: str
    form: str
    profile_field: str
    account_id: UUID
    entry_id: UUID
    order_id: UUID
    store_id: UUID
    advisor_id: UUID
    integration_id: UUID
    ticket_id: UUID
    store_code: str
    integration: str
    phone: str
    card_no: str
    name: str
    token: str
    staff: str
    staff_token: str
    account: Account
    key: str
    cursor: str
    secret: str


@dataclass(frozen=True, slots=True)
class FullTenant:
    """A tenant with rows in every table: `ids` are those of each."""

    shop: Shop
    handles: Handles
    ids: dict[str, list[UUID]]

    @property
    def tenant_id(self) -> UUID:
        return self.shop.tenant_id


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tenants, and the tables and partitions of the database they live in."""

    one: FullTenant
    other: FullTenant
    tables: tuple[str, ...]
    partitions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scratch:
    """A migrated database that a test may bend, and two tenants in it."""

    places: Places
    pair: Pair


def _phone() -> str:
    return f"138{secrets.randbelow(10**8):08}"


async def _trade(shop: Shop, phone: str) -> None:
    lines = [{"sku": "A", "name": "茶", "quantity": "1", "amount": "100.00"}]
    sale = shop.ticket(phone=phone, total="100.00", lines=lines)
    await shop.sold(sale)
    part = shop.refund(sale, "20.00", lines=[{"line": 1, "amount": "20.00"}])
    paid = shop.ticket(kind="payment", order=sale["no"], amount="100.00", method="cash")
    await shop.sold(part, paid, shop.ticket(store="S9"))


async def _schedules(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        await enrol_tenant()
        await fetch(
            "UPDATE schedule SET slot_at = $2, due_at = $2 WHERE tenant_id = $1",
            clock.now() - timedelta(hours=1),
        )
    assert await run_schedules(shop.tenant_id)


async def _plugins(shop: Shop) -> None:
    """Every plugin is on, so that its tables fill as well; and one has failed once."""
    async with unit_of_work(shop.tenant_id):
        for plugin in installed_plugins():
            await enable_plugin(plugin.key)
        await note_fault(plugin.key, "test", RuntimeError("planted"))


async def _staff(handle: str, key: str) -> str:
    """Somebody who has acted once under an idempotency key; their token."""

    async def act() -> dict[str, int]:
        return {"done": 1}

    await add_staff(handle, "店长", "admin")
    await once("probe", "act", key, {}, act, refusals=())
    return await issue_staff_token(handle)


async def full_account(handle: str) -> Account:
    """What hangs on an account: a second factor, codes, a lock, a step-up, an approval, rules."""
    staff = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1 AND handle = $2", handle)
    assert staff is not None
    staff_id: UUID = staff["id"]
    secret, step = await begin_second_factor(staff_id), step_at(clock.now())
    codes = await confirm_second_factor(staff_id, code_at(secret, step))
    await take_try(staff_id, STRANGERS)
    await open_session(staff_id, must_enrol=False)
    session = (await sessions_of(staff_id))[0]
    rights, arguments = (
        rights_of(ready_made_role("admin"), NOBODY),
        {"operation": "staff.invite", "most": 5},
    )
    begun = await begin_step_up(staff_id, "approvals.set_limit", arguments, rights)
    asked = {"handle": "new", "name": "新", "role": "admin"}
    approval = await ask_approval(staff_id, "staff.invite", asked, "", rights)
    await set_approval_limit(None, "staff.invite", 5)
    await set_second_factor_rule(None, SecondFactorRule.NOBODY)
    invite = (await make_code(staff_id, "invite")).code
    challenge = (await make_code(staff_id, "challenge")).code
    for table in ("step_up", "staff_code"):  # they live for minutes, and a whole run asks for them
        await fetch(
            f"UPDATE {table} SET expires_at = expires_at + interval '1 day' WHERE tenant_id = $1"
        )
    return Account(
        staff_id=staff_id,
        session_id=session.id,
        invite=invite,
        challenge=challenge,
        recovery_code=codes[0],
        step_up_id=begun.id,
        approval_id=approval,
    )


async def _advisor(handle: str, member_id: UUID, store_id: UUID) -> UUID:
    """Somebody who works at the store and has been dealt the member."""
    await add_staff(handle, "顾问", "advisor")
    row = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1 AND handle = $2", handle)
    assert row is not None
    await set_stores(row["id"], [store_id])
    await fetch(
        "INSERT INTO staff_role (tenant_id, id, key, label_zh, label_en, permissions, classes, "
        "changed_at) VALUES ($1, $2, $3, '导购', 'Guide', '{}', '[]', $4)",
        *(new_id(), handle, clock.now()),
    )
    assert await assign_automatically(Chosen(ids=[member_id]), AssignmentWay.ROUND_ROBIN) == 1
    advisor_id: UUID = row["id"]
    return advisor_id


@dataclass(frozen=True, slots=True)
class _FollowedUp:
    """What a member said, the task that came of it, and an alert."""

    interaction_id: UUID
    task_id: UUID
    alert_id: UUID


async def _follow_up(member_id: UUID, suffix: str) -> _FollowedUp:
    form = f"f_{suffix}"
    await save_form(form, "表", "Form", [Question("q", "问", "Q", QuestionType.TEXT)])
    await set_follow_up_rule(Rule(Kind.FORM, form, role="operator"))
    new = NewInteraction(member_id, Kind.FORM, form=form, answers={"q": "在吗"})
    interaction_id = await record_interaction(new)
    key = f"probe:{suffix}"
    await raise_alert(OVERDUE, key, key, Addressee(role="admin"), member_id=member_id)
    task = await fetch_one(
        "SELECT id FROM task WHERE tenant_id = $1 AND interaction_id = $2", interaction_id
    )
    alert = await fetch_one("SELECT id FROM alert WHERE tenant_id = $1 AND key = $2", key)
    assert task is not None
    assert alert is not None
    return _FollowedUp(interaction_id, task["id"], alert["id"])


async def _former_keys() -> None:
    """A second sealing key that is announced, and the audit key of a master key that is gone."""
    await begin_renewal()
    row_id, master = new_id(), masters().present
    place = Place(current_tenant(), "former_audit_key", row_id, "sealed")
    await fetch(
        "INSERT INTO former_audit_key (tenant_id, id, of_master_key_id, master_key_id, sealed, "
        "created_at) VALUES ($1, $2, 'gone', $3, $4, $5)",
        *(row_id, master.id, seal(master.key, new_key(), place), clock.now()),
    )


async def _absorbed(shop: Shop, into: UUID) -> tuple[UUID, UUID]:
    """A second record of the member, merged into the first; and the merge."""
    absorbed_id = await shop.member(_phone())
    async with unit_of_work(shop.tenant_id):
        return absorbed_id, await merge_members(into, absorbed_id)


async def _claim(phone: str, suffix: str) -> UUID:
    """A mini-program, through which two people have logged in, and one says that the other's phone,
    which an ERP knows as well, is theirs."""
    app_id, number = f"wx{suffix}", normalise_phone(phone)
    assert number is not None
    await set_mini_program(app_id, secrets.token_hex(16))
    told = WechatPhone(app_id, number, 12)
    known = await log_in_with_openid(app_id, f"o-{suffix}", None)
    member_id = (await bind_phone(known.member_id, told)).member_id
    await bind_identity(member_id, "erp", "kingdee", f"E-{suffix}")
    visitor = await log_in_with_openid(app_id, f"v-{suffix}", None)
    assert (await bind_phone(visitor.member_id, told)).waits
    await note_double(member_id, visitor.member_id, DoubleReason.IDENTITY)
    row = await fetch_one("SELECT id FROM phone_claim WHERE tenant_id = $1")
    assert row is not None
    claim_id: UUID = row["id"]
    return claim_id


async def full_profile(member_id: UUID, key: str) -> tuple[UUID, str]:
    """A field of the tenant's own, what the member said in it, and their picture; a picture that they
    have sent and not used, and a link to the other."""
    await save_profile_field(FieldSpec(key, FieldKind.TEXT, "鞋码", "Shoes"))
    avatar = (await upload_own_picture(member_id, read_picture(JPEG))).id
    await update_own_profile(member_id, {key: "四十二", "avatar": str(avatar)})
    unused = (await upload_own_picture(member_id, read_picture(JPEG))).id
    return unused, (await link_to(avatar)).token


async def full_rule(suffix: str) -> UUID:
    """A named rule about members."""
    document = {"field": "member.region", "op": "eq", "value": suffix}
    return (
        await save_rule(
            f"规则 {suffix}",
            "member",
            document,
            Rights.of(declared_permissions(), EVERY_CLASS),
            None,
        )
    ).rule_id


async def full_campaign(code: str, member_id: UUID | None = None) -> UUID:
    """A campaign that runs; the member has joined it."""
    now = clock.now()
    window = Terms(now - timedelta(hours=1), now + timedelta(days=1))
    campaign_id = await create_campaign(code, Words("活动", "Campaign"), window)
    await decide(campaign_id, 1, Act.SUBMIT, None)
    await add_staff(f"boss-{code.lower()}", "店长", "admin")
    boss = await fetch_one(
        "SELECT id FROM staff WHERE tenant_id = $1 AND handle = $2", f"boss-{code.lower()}"
    )
    assert boss is not None
    await decide(campaign_id, 2, Act.APPROVE, boss["id"])
    if member_id is not None:
        await join_campaign(member_id, campaign_id)
    return campaign_id


@dataclass(frozen=True, slots=True)
class _Shelf:
    """A category, an item in it that a plugin knows more of, and an import with a refused row."""

    category_id: UUID
    item_id: UUID
    import_id: UUID
    row_id: UUID


async def _shelf(shop: Shop, code: str) -> _Shelf:
    text = f"code,name,category,price,brand\n{code},茶,类{code},1.00,西湖\nB,袋,,-1,\n"
    import_id = await imported(shop, text.encode())
    await imported(shop, f"code,name\n{code},茶\n".encode())  # it says nothing new
    async with unit_of_work(shop.tenant_id):
        item = await fetch_one(
            "SELECT id, category_id FROM item WHERE tenant_id = $1 AND code = $2", code
        )
        row = await fetch_one("SELECT id FROM refused_row WHERE tenant_id = $1")
    assert item is not None
    assert row is not None
    return _Shelf(item["category_id"], item["id"], import_id, row["id"])


async def full_tenant(runtime: Runtime) -> FullTenant:
    """Sells, refunds, spends, quarantines, parks and keeps a schedule."""
    shop = await open_shop(runtime, points_per_yuan=Decimal(1), expires_after_days=365)
    phone, suffix = _phone(), secrets.token_hex(4)
    await _plugins(shop)
    await _trade(shop, phone)
    await _schedules(shop)
    member_id = await shop.member(phone)
    absorbed_id, merge_id = await _absorbed(shop, member_id)
    shelf = await _shelf(shop, f"I-{suffix}")
    async with unit_of_work(shop.tenant_id):
        await add_store(f"S-{suffix}", "独店")
        secret = await add_integration(f"i-{suffix}")
        assert secret is not None
        await set_earning_rule(Decimal(secrets.randbelow(900) + 2), None)
        account_id = (await balance_of(member_id)).account_id
        assert account_id is not None
        await spend(account_id, 5, Cause("gift", new_id()))
        await park("points.rate_orders", 1, "order:1", ValueError("made up"))
        order = await fetch_one(
            "SELECT o.id, o.placed_at, m.card_no FROM orders o JOIN member m "
            "ON m.tenant_id = o.tenant_id AND m.id = o.member_id "
            "WHERE o.tenant_id = $1 AND o.member_id = $2 LIMIT 1",
            member_id,
        )
        assert order is not None
        keys = await tenant_keys()
        await withhold_points([order["id"]], "import")
        await _former_keys()
        await rename_member(member_id, f"王{suffix}")
        version = await publish_text(Purpose.PRIVACY, "隐私政策", "Privacy")
        await give_consent(member_id, Purpose.PRIVACY, version)
        version = await publish_text(Purpose.MARKETING, "优惠信息", "Offers")
        await give_consent(member_id, Purpose.MARKETING, version)
        await publish_text(Purpose.PRIVACY, "隐私政策,第二版", "Privacy, second version")
        await ask_erasure(member_id, "注销")
        request_id = await ask_correction(member_id, "生日写错了")
        await suppress([Identity.of_card("till", f"gone-{suffix}")])
        staff_token = await _staff(f"s-{suffix}", f"k-{suffix}")
        store_id = (await stores_by_code([f"S-{suffix}"]))[f"S-{suffix}"]
        followed_up = await _follow_up(member_id, suffix)
        upload_id, picture_link = await full_profile(member_id, f"p_{suffix}")
        await block_member(member_id, BlockPurpose.COUPONS, "退货过多", None)
        note_id = await add_note(member_id, "爱喝龙井")
        await redeem_member_code((await new_member_code(member_id)).text)
        member_code = (await new_member_code(member_id)).text
        handles = Handles(
            member_id=member_id,
            absorbed_id=absorbed_id,
            merge_id=merge_id,
            advisor_id=await _advisor(f"a-{suffix}", member_id, store_id),
            interaction_id=followed_up.interaction_id,
            task_id=followed_up.task_id,
            alert_id=followed_up.alert_id,
            request_id=request_id,
            export_id=NOBODY,
            export_link="",
            upload_id=upload_id,
            picture_link=picture_link,
            claim_id=await _claim(phone, suffix),
            app_id=f"wx{suffix}",
            openid=f"o-{suffix}",
            erp_no=f"E-{suffix}",
            form=f"f_{suffix}",
            note_id=note_id,
            rule_id=await full_rule(suffix),
            campaign_id=await full_campaign(f"C-{suffix}", member_id),
            campaign_code=f"C-{suffix}",
            category_id=shelf.category_id,
            item_id=shelf.item_id,
            item_code=f"I-{suffix}",
            import_id=shelf.import_id,
            row_id=shelf.row_id,
            member_code=member_code,
            profile_field=f"p_{suffix}",
            account_id=account_id,
            entry_id=(await earned_by("order", [order["id"]]))[order["id"]].entry_id,
            order_id=order["id"],
            store_id=store_id,
            integration_id=await integration_of("till"),
            ticket_id=(await waiting_tickets("till"))[0].id,
            store_code=f"S-{suffix}",
            integration=f"i-{suffix}",
            phone=phone,
            card_no=order["card_no"],
            name=f"王{suffix}",
            token=await issue_token(member_id),
            staff=f"s-{suffix}",
            staff_token=staff_token,
            account=await full_account(f"s-{suffix}"),
            key=f"k-{suffix}",
            cursor=to_cursor(keys.digesting, "member.orders", (order["placed_at"], order["id"])),
            secret=shop.secret,
        )
    return FullTenant(shop, await _disclosed(shop, handles), {})


async def _disclosed(shop: Shop, handles: Handles) -> Handles:
    """A phone is revealed, limits are set, an export is ready and has a link."""
    staff_id = handles.account.staff_id
    async with unit_of_work(shop.tenant_id):
        await set_disclosure_limits(None, 30, 100, 50, 9_000)
        await set_undo_days(45)
        assert await reveal_phone(staff_id, handles.member_id, "回访") == f"+86{handles.phone}"
    export_id = await ready_export(shop, staff_id)
    link = await linked(shop, staff_id, export_id)
    async with unit_of_work(shop.tenant_id):  # longer than any suite takes
        await fetch(
            "UPDATE export_link SET expires_at = $2 WHERE tenant_id = $1",
            clock.now() + timedelta(hours=9),
        )
    return replace(handles, export_id=export_id, export_link=link)


async def _ids(tenant: FullTenant, tables: tuple[str, ...]) -> None:
    async with unit_of_work(tenant.tenant_id):
        for table in tables:
            rows = await fetch(f"SELECT id FROM {table} WHERE tenant_id = $1")
            assert rows, f"{table} has no row of the tenant: the isolation suite can't judge it"
            tenant.ids[table] = [row["id"] for row in rows]


async def full_pair(runtime: Runtime) -> Pair:
    """Two such tenants. Fails when a table of the catalogue stays empty for one of them."""
    async with connection_to(runtime.places.owner()) as db:
        tables = tuple(await tenant_tables(db))
        parts = tuple(await partitions(db))
    one, other = await full_tenant(runtime), await full_tenant(runtime)
    for tenant in (one, other):
        await _ids(tenant, tables)
    return Pair(one, other, tables, parts)
