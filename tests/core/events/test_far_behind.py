"""A reaction that is very far behind is caught up without waiting for the poll in between."""

from tests.support.shop import Shop

from shuke_core.events.cursors import MOST_PASSED
from shuke_core.events.reactions import run_reactions


async def test_there_is_more_to_do_until_it_is_there(shop: Shop) -> None:
    await shop.member("13800138000")
    await shop.work()
    head = 3 * MOST_PASSED
    await shop.rows("UPDATE relay SET position = $2 WHERE tenant_id = $1", head)
    rounds = 1
    while await run_reactions(shop.tenant_id):
        rounds += 1
    # What is asked for once more only finds that there is nothing left.
    assert 3 <= rounds <= 4
    behind = await shop.rows(
        "SELECT name FROM reaction_cursor WHERE tenant_id = $1 AND position < $2", head
    )
    assert behind == []
