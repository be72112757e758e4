"""GraphQL inputs of assignment."""

import strawberry

from shuke_core.assignments.services import Chosen
from shuke_core.tenants.queries import stores_by_code
from shuke_schema.context import id_of
from shuke_schema.projection.arguments import NOBODY


@strawberry.input(
    description="Which members: those named, or those that all of the rest describes. At most a "
    "thousand at once, the first by id; ask again for more."
)
class MemberChoice:
    ids: list[strawberry.ID] | None = None
    store: str | None = strawberry.field(
        default=None, description="Those who belong to the store of this code."
    )
    advisor_id: strawberry.ID | None = strawberry.field(
        default=None, description="Those whom this advisor looks after."
    )
    unassigned: bool = strawberry.field(default=False, description="Those whom nobody looks after.")

    async def chosen(self) -> Chosen:
        """The same for the domain; what names nothing is an id that is not there."""
        stores = {} if self.store is None else await stores_by_code([self.store])
        return Chosen(
            ids=None if self.ids is None else [id_of(each) or NOBODY for each in self.ids],
            store_id=None if self.store is None else stores.get(self.store, NOBODY),
            advisor_id=None if self.advisor_id is None else id_of(self.advisor_id) or NOBODY,
            unassigned=self.unassigned,
        )
