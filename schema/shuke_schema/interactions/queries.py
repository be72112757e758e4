"""Root fields about interactions, forms and rules of follow-up."""

import strawberry

from shuke_core.access.permissions import INTERACTIONS_CONFIGURE, INTERACTIONS_READ
from shuke_core.interactions.follow_up import rules_in_force
from shuke_core.interactions.queries import current_forms, interaction_of_id, newest_interactions
from shuke_schema.context import id_of
from shuke_schema.interactions.types import FollowUpRule, Form, Interaction
from shuke_schema.pagination import Connection
from shuke_schema.parts import Audience
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import ANYBODY, asks


@strawberry.type
class FormsToFillInQuery:
    @strawberry.field(
        description="The forms that can be filled in, by key.",
        metadata=asks(Audience.MEMBER, ANYBODY),
    )
    def forms(self) -> list[Form]:
        return answered_by(current_forms())  # type: ignore[no-any-return]


@strawberry.type
class InteractionsQuery:
    @strawberry.field(
        description="The forms that can be filled in, by key.",
        metadata=asks(Audience.STAFF, INTERACTIONS_READ),
    )
    def forms(self) -> list[Form]:
        return answered_by(current_forms())  # type: ignore[no-any-return]

    @strawberry.field(
        description="What members said and did, newest first; with `waiting` what waits for an answer.",
        metadata=asks(Audience.STAFF, INTERACTIONS_READ),
    )
    def interactions(
        self, waiting: bool = False, first: int = 20, after: str | None = None
    ) -> Connection[Interaction]:
        return answered_by(newest_interactions(first, after, open_only=waiting))  # type: ignore[no-any-return]

    @strawberry.field(
        description="An interaction by id; null for one that is not there or not yours to see.",
        metadata=asks(Audience.STAFF, INTERACTIONS_READ),
    )
    def interaction(self, id: strawberry.ID) -> Interaction | None:
        interaction_id = id_of(id)
        return answered_by(interaction_of_id(interaction_id)) if interaction_id else None

    @strawberry.field(
        description="What becomes of interactions: a rule a kind, then those for single forms.",
        metadata=asks(Audience.STAFF, INTERACTIONS_CONFIGURE),
    )
    async def follow_up_rules(self) -> list[FollowUpRule]:
        return [FollowUpRule.of(rule) for rule in await rules_in_force()]
