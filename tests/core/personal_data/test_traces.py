"""What an erasure leaves behind: reasons of staff say nothing, and no id leads to whom it is kept for."""

from datetime import timedelta
from uuid import UUID, uuid5

from tests.core.personal_data.people import everybody, said_of
from tests.support.exports import as_staff, staff_id_of
from tests.support.scratch import connection_to
from tests.support.shop import Shop

from shuke_core.assignments.services import Chosen, assign_members
from shuke_core.audit.queries import Search, acts_before, opened_entries
from shuke_core.blocks.queries import BlockPurpose
from shuke_core.blocks.services import block_member
from shuke_core.interactions.rules import Kind
from shuke_core.interactions.services import NewInteraction, close_interaction, record_interaction
from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.holdings import OnErase, declared_holdings
from shuke_core.merging.services import merge_members
from shuke_core.personal_data.erasure import erase
from shuke_core.personal_data.services import answer_request, ask_correction
from shuke_core.profiles.rules import FieldKind, FieldSpec
from shuke_core.profiles.services import save_profile_field, update_own_profile
from shuke_core.reveals.services import reveal_phone
from shuke_core.runtime import Runtime
from shuke_core.staff.addressees import Addressee
from shuke_core.tasks.services import Doer, NewTask, claim_task, create_task

PHONE, OTHER = "13800138000", "13700137000"
NAMED = "欧阳小兰"
WHY = f"{NAMED}打电话来说的"
FIELD = "pet_name"
# Where an id of somebody who was erased still stands: acts about them, and for some days what was
# announced (thirty) and answered (seven).
ID_STAYS = {
    "audit_entry.member_id",
    "audit_entry.subject",
    "event.entity",
    "event.payload",
    "idempotency_key.caller",
    "parked_event.entity",
}


async def _with_a_history(shop: Shop) -> UUID:
    """A member of whom much is kept, with acts of staff about it, each for a reason that names them."""
    await shop.staff_login("advisor")
    await shop.staff_login()
    await shop.sold(shop.ticket(phone=PHONE, total="20.00"), shop.ticket(phone=OTHER))
    member_id, absorbed = await shop.member(PHONE), await shop.member(OTHER)
    spec = FieldSpec(FIELD, FieldKind.TEXT, "宠物名", "Pet", reward_points=30)
    async with unit_of_work(shop.tenant_id):
        await save_profile_field(spec)
        await update_own_profile(member_id, {FIELD: "旺财"})
        asked = await record_interaction(NewInteraction(member_id, Kind.INQUIRY, "在吗"))
        correction = await ask_correction(member_id, "名字写错了")
    async with unit_of_work(shop.tenant_id):
        me = await staff_id_of("admin")
        as_staff(me)
        doer = Doer(me, "admin", manages=True)
        await reveal_phone(me, member_id, WHY)
        await close_interaction(asked, doer, WHY)
        await answer_request(correction, WHY, refused=True)
        task = await create_task(
            NewTask(Addressee(role="clerk"), clock.now() + timedelta(hours=1), member_id=member_id)
        )
        await claim_task(task, doer)
        await assign_members(Chosen([member_id]), await staff_id_of("advisor"), WHY)
        await merge_members(member_id, absorbed, reason=WHY)
        await block_member(member_id, BlockPurpose.POINTS, WHY, None)
    await shop.sold(shop.ticket(phone=PHONE, total="30.00"))  # withheld, for that reason
    return member_id


async def _erase(shop: Shop, member_id: UUID) -> None:
    async with unit_of_work(shop.tenant_id):
        await erase(member_id, "asked_in_person")


async def _reasons(shop: Shop) -> set[tuple[str, str]]:
    """Act and reason of every entry that has one, as an auditor reads it."""
    async with unit_of_work(shop.tenant_id):
        rows = await acts_before(Search(), None, 500)
        told = await opened_entries(rows)
    return {(row.act, told[row.id].reason) for row in rows if told[row.id].reason}


async def test_reasons_are_read_until_the_erasure_and_by_nobody_after(
    shop: Shop, runtime: Runtime
) -> None:
    member_id = await _with_a_history(shop)
    acts = {
        "interaction.closed",
        "member.blocked",
        "member.merged",
        "member.phone_revealed",
        "points.withheld",
    }
    assert {(act, why) for act, why in await _reasons(shop) if why == WHY} == {
        (act, WHY) for act in acts
    }
    assert not [place for place in await said_of(runtime, shop.tenant_id, [NAMED])
                if place.startswith("audit")]  # fmt: skip
    await _erase(shop, member_id)
    assert await said_of(runtime, shop.tenant_id, [NAMED, "旺财"]) == []
    assert {each for each in await _reasons(shop) if each[0] in (*acts, "member.erased")} == {
        ("member.erased", "asked_in_person")
    }


async def _kept_ids(shop: Shop) -> list[str]:
    """The ids of all that is kept for whom nobody knows: orders, tasks, accounts and the like."""
    found: list[str] = []
    for table, holding in declared_holdings().items():
        if holding.on_erase is OnErase.KEPT:
            rows = await shop.rows(
                f'SELECT k.id FROM "{table}" k JOIN member m ON m.tenant_id = $1 '
                f"AND m.id = k.\"{holding.member}\" AND m.state = 'erased' WHERE k.tenant_id = $1"
            )
            found += [str(row["id"]) for row in rows]
    rows = await shop.rows("SELECT interaction_id FROM interaction_follow_up WHERE tenant_id = $1")
    return found + [str(row["interaction_id"]) for row in rows]


async def test_no_act_about_somebody_erased_leads_to_what_is_kept(shop: Shop) -> None:
    member_id = await _with_a_history(shop)
    ids = await everybody(shop, member_id)
    entries = (
        "SELECT act, subject, t::text AS line FROM audit_entry t WHERE tenant_id = $1 "
        "AND member_id = ANY ($2::uuid[])"
    )
    before = {row["act"] for row in await shop.rows(entries, ids)}
    assert {"task.created", "task.claimed", "interaction.closed", "points.withheld",
            "rights_request.answered"} <= before  # fmt: skip
    await _erase(shop, member_id)
    kept = await _kept_ids(shop)
    assert len(kept) > 8
    lines = await shop.rows(entries, ids)
    assert {row["act"] for row in lines} == before
    leads = [(row["act"], each) for row in lines for each in kept if each in row["line"]]
    assert leads == []
    async with unit_of_work(shop.tenant_id):
        rows = await acts_before(Search(member_id=member_id), None, 500)
        told = (await opened_entries(rows)).values()
    assert {each.subject for each in told} <= {
        "interaction", "member", "order", "rights_request", "task",
        *(f"member:{each}" for each in ids),
    }  # fmt: skip


async def test_no_cause_of_a_reward_follows_from_the_id_of_whose_it_was(shop: Shop) -> None:
    member_id = await _with_a_history(shop)
    ids = await everybody(shop, member_id)
    await _erase(shop, member_id)
    rows = await shop.rows(
        "SELECT cause_id FROM ledger_entry WHERE tenant_id = $1 AND cause_type = 'profile'"
    )
    causes = {row["cause_id"] for row in rows}
    assert len(causes) == 1
    assert not causes & {uuid5(each, f"profile:{FIELD}") for each in ids}
    assert not causes & {uuid5(each, FIELD) for each in ids}


async def test_the_id_itself_stays_where_it_is_said_and_nowhere_else(
    shop: Shop, runtime: Runtime
) -> None:
    member_id = await _with_a_history(shop)
    ids = [str(each) for each in await everybody(shop, member_id)]
    await _erase(shop, member_id)
    assert set(await said_of(runtime, shop.tenant_id, ids)) <= ID_STAYS
    async with connection_to(runtime.places.owner()) as db:
        assert await db.fetchval("SELECT count(*) FROM member WHERE id::text = ANY ($1)", ids) == 0
