"""A shop with advisors and stores, and what each of its tables shows to who is narrowed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from tests.support.catalogue import OF_A_MEMBER
from tests.support.full_tenants import full_campaign, full_profile
from tests.support.leaks import Leak
from tests.support.shop import Shop

from shuke_core.access.rights import Scope, Within
from shuke_core.access.scopes import narrow_to
from shuke_core.alerts.services import raise_alert
from shuke_core.assignments.services import Chosen, assign_members
from shuke_core.blocks.queries import BlockPurpose
from shuke_core.blocks.services import block_member
from shuke_core.campaigns.participation import join_campaign
from shuke_core.consents.rules import Purpose
from shuke_core.consents.services import give_consent, publish_text
from shuke_core.files.services import append_to_file, begin_file
from shuke_core.interactions.rules import Kind
from shuke_core.interactions.services import NewInteraction, record_interaction
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.ledger.queries import balance_of
from shuke_core.ledger.services import Cause, spend
from shuke_core.members.phones import normalise_phone
from shuke_core.members.services import (
    Identity,
    identify_members,
    issue_token,
    rename_member,
)
from shuke_core.merging.services import merge_members
from shuke_core.notes.services import add_note
from shuke_core.personal_data.services import ask_correction
from shuke_core.plugin_host import enable_plugin
from shuke_core.points.withholding import withhold_points
from shuke_core.staff.addressees import Addressee
from shuke_core.staff.presence import set_stores
from shuke_core.staff.services import add_staff
from shuke_core.tasks.reminders import OVERDUE
from shuke_core.tasks.services import NewTask, create_task
from shuke_core.tenants.queries import stores_by_code
from shuke_core.wechat.binding import bind_phone
from shuke_core.wechat.services import WechatPhone

PHONES = {"ann's": "13800138001", "bob's": "13800138002", "nobody's": "13800138003"}


@dataclass(frozen=True, slots=True)
class Divided:
    """Members by whose they are. Ann's and nobody's belong to store S1, Bob's to S2."""

    shop: Shop
    members: Mapping[str, UUID]
    staff: Mapping[str, UUID]
    stores: Mapping[str, UUID]

    def own(self, who: str) -> Within:
        return Within(Scope.OWN, self.staff[who])

    def at(self, *codes: str) -> Within:
        return Within(Scope.STORES, self.staff["ann"], tuple(self.stores[c] for c in codes))


async def divide(shop: Shop) -> Divided:
    """Sells, refunds and spends for three members of two advisors and of nobody."""
    async with unit_of_work(shop.tenant_id):
        await enable_plugin("retail")
    for whose, phone in PHONES.items():
        store = "S2" if whose == "bob's" else "S1"
        lines = [{"sku": "A", "name": "茶", "quantity": "1", "amount": "100.00"}]
        sale = shop.ticket(phone=phone, total="100.00", lines=lines, store=store, no=f"N-{whose}")
        await shop.sold(sale)
        part = [{"line": 1, "amount": "20.00"}]
        paid = shop.ticket(kind="payment", store=store, order=sale["no"], amount="100.00")
        await shop.sold(shop.refund(sale, "20.00", lines=part), paid)
    await shop.sold(shop.ticket(store="S2", no="N-unnamed"))  # of nobody we know
    members = {whose: await shop.member(phone) for whose, phone in PHONES.items()}
    async with unit_of_work(shop.tenant_id):
        stores = await stores_by_code(["S1", "S2"])
        for handle in ("ann", "bob"):
            await add_staff(handle, f"小{handle}", "advisor")
        rows = await fetch("SELECT handle, id FROM staff WHERE tenant_id = $1")
        staff = {row["handle"]: row["id"] for row in rows}
        await set_stores(staff["ann"], [stores["S1"]])
        for handle in ("ann", "bob"):
            await assign_members(Chosen(ids=[members[f"{handle}'s"]]), staff[handle])
        await assign_members(Chosen(ids=[members["nobody's"]]), staff["bob"])
        await assign_members(Chosen(ids=[members["nobody's"]]), None)
        version = await publish_text(Purpose.PRIVACY, "隐私政策", "Privacy")
        campaign = await full_campaign("C")
        for number, member in enumerate(members.values()):
            account = (await balance_of(member)).account_id
            assert account is not None
            await spend(account, 5, Cause("gift", new_id()))
            await issue_token(member)
            await rename_member(member, f"王{number}")
            await record_interaction(NewInteraction(member, Kind.INQUIRY, f"第{number}问"))
            to = Addressee(role="clerk")
            await raise_alert(OVERDUE, f"k{number}", "x:1", to, member_id=member)
            await block_member(member, BlockPurpose.MESSAGES, "投诉", None)
            await join_campaign(member, campaign)
            await add_note(member, f"第{number}位")
            await full_profile(member, f"p_{number}")
            await give_consent(member, Purpose.PRIVACY, version)
            await ask_correction(member, "生日写错了")
            card = Identity.of_card("till", f"K{number}")
            await merge_members(member, (await identify_members([card]))[card])
        await _claim(members)
        file_id = await begin_file("of nobody.csv", "text/csv", None)
        await append_to_file(file_id, b"as those of exports are")
        ids = list(members.values())
        await fetch(
            "INSERT INTO merge_candidate (tenant_id, id, member_id, older_id, reason, state, "
            "found_at) SELECT $1, gen_random_uuid(), t.one, t.other, 'identity', 'open', $2 "
            "FROM unnest($3::uuid[], $4::uuid[]) AS t(one, other)",
            *(clock.now(), ids, ids[1:] + ids[:1]),
        )
        await create_task(NewTask(to, clock.now() + timedelta(hours=1), note="盘点"))
        orders = await fetch("SELECT id FROM orders WHERE tenant_id = $1")
        await withhold_points([row["id"] for row in orders], "import")
    for _ in range(3):  # relay, then the reaction that seals the audit
        await shop.work()
    return Divided(shop, members, staff, stores)


async def _claim(members: Mapping[str, UUID]) -> None:
    """Each of them says that the phone of the next is theirs."""
    phones = list(PHONES.values())
    for whose, phone in zip(members, phones[1:] + phones[:1], strict=True):
        number = normalise_phone(phone)
        assert number is not None
        told = WechatPhone("wx0123456789abcdef", number, 12)
        assert (await bind_phone(members[whose], told)).waits


# From a row of each table to the member that it is about.
_TO_MEMBER = {
    "member": "t.id",
    "ledger_entry": "(SELECT a.member_id FROM ledger_account a WHERE a.id = t.account_id)",
    "ledger_lot": "(SELECT a.member_id FROM ledger_account a WHERE a.id = t.account_id)",
    "ledger_allocation": "(SELECT a.member_id FROM ledger_entry e JOIN ledger_account a "
    "ON a.id = e.account_id WHERE e.id = t.entry_id)",
    "order_line": "(SELECT o.member_id FROM orders o WHERE o.id = t.order_id)",
    "order_step": "(SELECT o.member_id FROM orders o WHERE o.id = t.order_id)",
    "withheld_order": "(SELECT o.member_id FROM orders o WHERE o.id = t.order_id)",
    "refund": "(SELECT o.member_id FROM orders o WHERE o.id = t.order_id)",
    "refund_line": "(SELECT o.member_id FROM refund r JOIN orders o ON o.id = r.order_id "
    "WHERE r.id = t.refund_id)",
    "file_chunk": "(SELECT f.member_id FROM file f WHERE f.id = t.file_id)",
    "task_reminder": "(SELECT k.member_id FROM task k WHERE k.id = t.task_id)",
    "task_step": "(SELECT k.member_id FROM task k WHERE k.id = t.task_id)",
    "member_merge": "t.survivor_id",
    "merge_move": "(SELECT g.survivor_id FROM member_merge g WHERE g.id = t.merge_id)",
    "audit_link": "(SELECT e.member_id FROM audit_entry e WHERE e.id = t.entry_id)",
}


# What is about no member is everybody's here, not nobody's.
_FREE = ("audit_", "file", "task")


async def _whose_rows(tenant_id: UUID) -> dict[str, dict[UUID, UUID | None]]:
    """For each table its rows, and the member of each; seen without any narrowing."""
    async with unit_of_work(tenant_id):
        return {
            table: {
                row["id"]: row["member"]
                for row in await fetch(
                    "SELECT t.id, coalesce(m.merged_into_id, t.member) AS member FROM "
                    f"(SELECT t.id, {_TO_MEMBER.get(table, 't.member_id')} AS member "
                    f"FROM {table} t WHERE t.tenant_id = $1) t LEFT JOIN member m ON m.id = t.member"
                )
            }
            for table in sorted(OF_A_MEMBER)
        }


async def scope_leaks(
    divided: Divided, within: Within, theirs: frozenset[UUID], *, at_store: bool = False
) -> list[Leak]:
    """What somebody narrowed sees of other members, and does not see of their own.

    Rows about no member are theirs if they are the audit's, files or tasks, or were sold at their stores.
    """
    whose = await _whose_rows(divided.shop.tenant_id)
    leaks: list[Leak] = []
    async with unit_of_work(divided.shop.tenant_id):
        await narrow_to(within)
        for table, rows in whose.items():
            seen = {r["id"] for r in await fetch(f"SELECT id FROM {table} WHERE tenant_id = $1")}
            assert {m for m in rows.values() if m} >= set(divided.members.values()), table
            for row_id, member in rows.items():
                free = table.startswith(_FREE) if member is None else member in theirs
                if member is None and at_store and not table.startswith(_FREE):
                    continue
                if (row_id in seen) != free:
                    leaks.append(Leak(table, "shows" if row_id in seen else "hides", str(row_id)))
    return leaks
