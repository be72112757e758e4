"""A member asks, staff see it, answer it and have it off their list; by the API alone."""

from datetime import timedelta
from typing import Any

import httpx
from tests.schema.staff.staff import ask, code_of, data
from tests.support.follow_up import PHONE, give_to
from tests.support.follow_up import ask as ask_in
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.tasks.reminders import give_reminders
from shuke_core.tasks.services import Doer

SUBMIT = """
mutation Ask($text: String, $form: String, $answers: JSON, $key: String!) {
  submitInquiry(text: $text, form: $form, answers: $answers, idempotencyKey: $key) {
    interaction { id kind text answers form { key version } followUp { state answer } }
    errors { code path message }
  }
}
"""
OWN = """
{ me { interactions { edges { node {
  kind text answers rating followUp { state answer } form { labelZh questions { key labelZh } }
} } } } }
"""
WAITING = """
{ interactions(waiting: true) { edges { node {
  id text member { maskedPhone } followUp { state } task { id state role person { handle } }
} } } }
"""
TASKS = """
query Tasks($mine: Boolean! = false, $of: String, $state: TaskState) {
  tasks(mine: $mine, role: $of, state: $state) { edges { node {
    id state version source role person { handle } member { cardNo } note outcome
    interaction { text } steps { act by { handle } toPerson { handle } toRole }
  } } }
}
"""


async def member_asks(
    client: httpx.AsyncClient, shop: Shop, document: str, **variables: Any
) -> dict[str, Any]:
    """The answer of the member API to the member of PHONE."""
    answer = await client.post(
        f"/t/{shop.slug}/member/graphql",
        json={"query": document, "variables": variables},
        headers=await shop.login(PHONE),
    )
    body: dict[str, Any] = answer.json()
    return body


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


async def submit(client: httpx.AsyncClient, shop: Shop, **said: Any) -> dict[str, Any]:
    body = await member_asks(client, shop, SUBMIT, **{"key": "k-1", **said})
    assert "errors" not in body, body
    made: dict[str, Any] = body["data"]["submitInquiry"]
    return made


async def test_an_inquiry_is_answered_and_off_the_list(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    made = await submit(client, shop, text="几点开门?\n周日呢")
    assert made["errors"] == []
    asked = made["interaction"]
    assert asked == {
        "id": asked["id"], "kind": "INQUIRY", "text": "几点开门?\n周日呢", "answers": None,
        "form": None, "followUp": {"state": "OPEN", "answer": None}}  # fmt: skip
    (waiting,) = nodes((await data(client, shop, WAITING, "clerk"))["interactions"])
    task = waiting.pop("task")
    assert waiting == {
        "id": asked["id"], "text": "几点开门?\n周日呢", "member": {"maskedPhone": "138****8000"},
        "followUp": {"state": "OPEN"}}  # fmt: skip
    assert task == {"id": task["id"], "state": "OPEN", "role": "clerk", "person": None}
    claim = "mutation C($id: ID!) { claimTask(id: $id) { task { state } errors { code } } }"
    await data(client, shop, claim, "clerk", id=task["id"])
    answer = """
    mutation A($id: ID!) { answerInteraction(id: $id, answer: "九点") {
      interaction { followUp { state answer } } errors { code } } }
    """
    done = (await data(client, shop, answer, "clerk", id=asked["id"]))["answerInteraction"]
    assert done == {
        "interaction": {"followUp": {"state": "ANSWERED", "answer": "九点"}}, "errors": []}  # fmt: skip
    again = (await data(client, shop, answer, "clerk", id=asked["id"]))["answerInteraction"]
    assert again == {"interaction": None, "errors": [{"code": "INTERACTION_NOT_OPEN"}]}
    assert nodes((await data(client, shop, WAITING, "clerk"))["interactions"]) == []
    assert nodes((await data(client, shop, TASKS, "clerk", mine=True))["tasks"]) == []
    (ended,) = nodes((await data(client, shop, TASKS, "clerk", state="DONE"))["tasks"])
    assert ended["person"] == {"handle": "clerk"}
    assert ended["interaction"] == {"text": "几点开门?\n周日呢"}
    assert [(s["act"], s["by"], s["toRole"]) for s in ended["steps"]] == [
        ("CREATED", None, "clerk"),
        ("CLAIMED", {"handle": "clerk"}, "clerk"),
        ("DONE", {"handle": "clerk"}, "clerk"),
    ]
    own = (await member_asks(client, shop, OWN))["data"]["me"]
    assert nodes(own["interactions"]) == [{
        "kind": "INQUIRY", "text": "几点开门?\n周日呢", "answers": None, "rating": None,
        "followUp": {"state": "ANSWERED", "answer": "九点"}, "form": None}]  # fmt: skip


async def test_a_submission_that_is_retried_is_one(client: httpx.AsyncClient, shop: Shop) -> None:
    first, again = [await submit(client, shop, text="在吗") for _ in range(2)]
    assert first["interaction"]["id"] == again["interaction"]["id"]
    other = await submit(client, shop, text="不在?")
    assert [error["code"] for error in other["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert len(await shop.rows("SELECT id FROM interaction WHERE tenant_id = $1")) == 1
    assert len(await shop.rows("SELECT id FROM task WHERE tenant_id = $1")) == 1


async def test_a_form_is_made_filled_in_and_changed(client: httpx.AsyncClient, shop: Shop) -> None:
    save = """
    mutation Save($questions: [FormQuestionInput!]!) {
      saveForm(key: "trial", labelZh: "试听", labelEn: "Trial", questions: $questions) {
        form { key version questions { key type required choices } } errors { code }
      }
    }
    """
    name = {"key": "name", "labelZh": "姓名", "labelEn": "Name", "type": "TEXT", "required": True}
    day = {
        "key": "day", "labelZh": "哪天", "labelEn": "Day", "type": "CHOICE",
        "choices": ["周六", "周日"]}  # fmt: skip
    made = (await data(client, shop, save, "operator", questions=[name, day]))["saveForm"]
    assert made["form"] == {"key": "trial", "version": 1, "questions": [
        {"key": "name", "type": "TEXT", "required": True, "choices": []},
        {"key": "day", "type": "CHOICE", "required": False, "choices": ["周六", "周日"]}]}  # fmt: skip
    listed = await member_asks(client, shop, "{ forms { key questions { key most } } }")
    assert [form["key"] for form in listed["data"]["forms"]] == ["trial"]
    wrong = await submit(client, shop, form="trial", answers={"day": "周一"})
    assert wrong["errors"] == [{
        "code": "ANSWERS_INVALID", "path": ["answers"],
        "message": "The answer to 'name' can't be taken: it must be answered."}]  # fmt: skip
    fine = await submit(client, shop, form="trial", answers={"name": "王", "day": "周日"}, key="2")
    assert fine["interaction"]["answers"] == {"name": "王", "day": "周日"}
    renamed = {**name, "labelZh": "孩子的姓名"}
    await data(client, shop, save, "operator", questions=[renamed])
    (kept,) = nodes((await member_asks(client, shop, OWN))["data"]["me"]["interactions"])
    assert kept["form"]["questions"][0] == {"key": "name", "labelZh": "姓名"}
    late = await submit(client, shop, form="trial", answers={"name": "李", "day": "周日"}, key="3")
    assert [error["code"] for error in late["errors"]] == ["ANSWERS_INVALID"]
    close = 'mutation { closeForm(key: "trial") { errors { code } } }'
    await data(client, shop, close, "operator")
    gone = await submit(client, shop, form="trial", answers={"name": "李"}, key="4")
    assert [error["code"] for error in gone["errors"]] == ["FORM_UNKNOWN"]


async def test_a_rule_makes_feedback_a_task(client: httpx.AsyncClient, shop: Shop) -> None:
    give = """
    mutation Rate($key: String!) {
      giveFeedback(rating: 2, text: "慢", idempotencyKey: $key) {
        interaction { rating followUp { state } } errors { code }
      }
    }
    """
    first = (await member_asks(client, shop, give, key="1"))["data"]["giveFeedback"]
    assert first == {"interaction": {"rating": 2, "followUp": None}, "errors": []}
    rule = """
    mutation { setFollowUpRule(rule: {kind: FEEDBACK, role: "operator", dueMinutes: 30}) {
      rule { makesTask role dueMinutes } errors { code } } }
    """
    await data(client, shop, rule, "operator")
    second = (await member_asks(client, shop, give, key="2"))["data"]["giveFeedback"]
    assert second["interaction"]["followUp"] == {"state": "OPEN"}
    rows = await shop.rows(
        "SELECT role, extract(epoch FROM due_at - created_at)::int AS secs FROM task "
        "WHERE tenant_id = $1"
    )
    assert rows == [{"role": "operator", "secs": 1800}]
    wrong = rule.replace('"operator"', '"nobody"')
    answer = (await data(client, shop, wrong, "operator"))["setFollowUpRule"]
    assert answer == {"rule": None, "errors": [{"code": "FOLLOW_UP_RULE_INVALID"}]}


CREATE = """
mutation New($to: AddresseeInput!, $due: DateTime!, $member: ID, $key: String! = "k") {
  createTask(to: $to, dueAt: $due, note: "打 13800138000", member: $member, idempotencyKey: $key) {
    task { id version state note } errors { code path }
  }
}
"""
DUE = "2027-01-01T09:00:00+08:00"


async def test_a_task_by_hand_goes_from_person_to_person(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    member = str(await shop.member(PHONE))
    await shop.staff_login("clerk")
    made = [
        (await data(client, shop, CREATE, "admin", to={"role": "clerk"}, due=DUE, member=member))
        for _ in range(2)
    ]
    assert made[0] == made[1]
    task = made[0]["createTask"]["task"]
    assert (task["version"], task["note"]) == (1, "打 13800138000")
    (offered,) = nodes((await data(client, shop, TASKS, "clerk", of="clerk"))["tasks"])
    assert offered["id"] == task["id"]
    change = """
    mutation Change($id: ID!, $to: AddresseeInput!) {
      claimTask(id: $id) { task { version } }
      startTask(id: $id) { task { state } }
      first: handOverTask(id: $id, version: 2, to: $to) { errors { code path } }
      second: handOverTask(id: $id, version: 3, to: $to) { task { state version role } }
      third: completeTask(id: $id, version: 4) { errors { code } }
    }
    """
    done = await data(client, shop, change, "clerk", id=task["id"], to={"role": "admin"})
    assert done == {
        "claimTask": {"task": {"version": 2}},
        "startTask": {"task": {"state": "STARTED"}},
        "first": {"errors": [{"code": "TASK_CHANGED", "path": ["version"]}]},
        "second": {"task": {"state": "OPEN", "version": 4, "role": "admin"}},
        "third": {"errors": [{"code": "TASK_UNKNOWN"}]},
    }
    one = "query One($id: ID!) { task(id: $id) { id } }"
    assert (await data(client, shop, one, "clerk", id=task["id"]))["task"] is None
    assert (await data(client, shop, one, "admin", id=task["id"]))["task"] == {"id": task["id"]}
    assert (await data(client, shop, one, "admin", id="x"))["task"] is None


async def test_the_text_of_a_task_is_not_for_everybody(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await submit(client, shop, text="请回电 13800138000")
    member = str(await shop.member(PHONE))
    await data(client, shop, CREATE, "admin", to={"role": "operator"}, due=DUE, member=member)
    for document in (TASKS, WAITING):
        assert code_of(await ask(client, shop, document, "operator")) == "PERMISSION_DENIED"
    shown = "{ tasks { edges { node { id role state } } } }"
    assert len(nodes((await data(client, shop, shown, "operator"))["tasks"])) == 2
    assert len(nodes((await data(client, shop, shown, "clerk"))["tasks"])) == 1


async def test_how_people_did_is_for_who_sees_all(client: httpx.AsyncClient, shop: Shop) -> None:
    made = await data(client, shop, CREATE, "clerk", to={"role": "clerk"}, due=DUE)
    task = made["createTask"]["task"]["id"]
    work = "mutation W($id: ID!) { claimTask(id: $id) { errors { code } } " \
        "completeTask(id: $id, version: 2) { errors { code } } }"  # fmt: skip
    await data(client, shop, work, "clerk", id=task)
    performance = """
    { taskPerformance(start: "2026-01-01T00:00:00Z", end: "2026-12-31T00:00:00Z") {
      person { handle } done onTime late } }
    """
    found = (await data(client, shop, performance, "operator"))["taskPerformance"]
    assert found == [{"person": {"handle": "clerk"}, "done": 1, "onTime": 1, "late": 0}]
    assert code_of(await ask(client, shop, performance, "clerk")) == "PERMISSION_DENIED"


ALERTS = "{ alerts { edges { node { id kind label role times isAcknowledged } } } }"


async def test_alerts_are_seen_by_whom_they_are_for(client: httpx.AsyncClient, shop: Shop) -> None:
    await submit(client, shop, text="有人吗")
    with clock.held_at(clock.now() + timedelta(hours=2)):
        await give_reminders(shop.tenant_id)
    (alert,) = nodes((await data(client, shop, ALERTS, "clerk"))["alerts"])
    assert alert == {
        "id": alert["id"], "kind": "inquiry.overdue", "label": "咨询超时未跟进",
        "role": "clerk", "times": 1, "isAcknowledged": False}  # fmt: skip
    assert len(nodes((await data(client, shop, ALERTS, "operator"))["alerts"])) == 1
    assert nodes((await data(client, shop, ALERTS, "advisor"))["alerts"]) == []
    seen = """
    mutation Seen($id: ID!) {
      acknowledgeAlert(id: $id) { alert { acknowledgedBy { handle } } errors { code path } }
    }
    """
    unknown = {"alert": None, "errors": [{"code": "ALERT_UNKNOWN", "path": ["id"]}]}
    for role, id in (("advisor", alert["id"]), ("clerk", "x")):
        assert (await data(client, shop, seen, role, id=id))["acknowledgeAlert"] == unknown
    done = (await data(client, shop, seen, "clerk", id=alert["id"]))["acknowledgeAlert"]
    assert done == {"alert": {"acknowledgedBy": {"handle": "clerk"}}, "errors": []}


async def test_an_advisor_has_to_do_with_their_own_members_alone(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await shop.staff_login("advisor")
    (row,) = await shop.rows("SELECT id FROM staff WHERE tenant_id = $1 AND role = 'advisor'")
    await give_to(shop, await shop.member(PHONE), Doer(row["id"], "advisor"))
    mine = (await submit(client, shop, text="我的"))["interaction"]["id"]
    foreign = str(await ask_in(shop, await shop.member("13900139000"), "别人的"))
    (waiting,) = nodes((await data(client, shop, WAITING, "advisor"))["interactions"])
    assert (waiting["id"], waiting["text"], waiting["task"]["person"]) == (
        mine, "我的", {"handle": "advisor"})  # fmt: skip
    answer = """
    mutation A($id: ID!) { answerInteraction(id: $id, answer: "好") { errors { code } } }
    """
    one = "query One($id: ID!) { interaction(id: $id) { id } }"
    for id in (foreign, str(new_id())):
        assert (await data(client, shop, one, "advisor", id=id))["interaction"] is None
        refused = (await data(client, shop, answer, "advisor", id=id))["answerInteraction"]
        assert refused == {"errors": [{"code": "INTERACTION_UNKNOWN"}]}
    done = (await data(client, shop, answer, "advisor", id=mine))["answerInteraction"]
    assert done == {"errors": []}
    about = str(await shop.member("13900139000"))
    made = await data(client, shop, CREATE, "advisor", to={"role": "clerk"}, due=DUE, member=about)
    assert made["createTask"]["errors"] == [{"code": "MEMBER_UNKNOWN", "path": ["member"]}]
