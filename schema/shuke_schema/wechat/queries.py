"""Root fields of the staff API about mini-programs and claims of phones."""

import strawberry

from shuke_core.access.permissions import INTEGRATIONS_READ, MEMBERS_CLAIMS
from shuke_core.wechat.queries import PhoneClaimState, mini_programs, phone_claims
from shuke_schema.pagination import Connection
from shuke_schema.parts import Audience
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks
from shuke_schema.wechat.types import MiniProgram, PhoneClaim


@strawberry.type
class WechatQuery:
    @strawberry.field(
        description="The tenant's mini-programs, without their secrets.",
        metadata=asks(Audience.STAFF, INTEGRATIONS_READ),
    )
    def mini_programs(self) -> list[MiniProgram]:
        return answered_by(mini_programs())  # type: ignore[no-any-return]

    @strawberry.field(
        description="Claims of phones in a state, those that wait unless said otherwise; newest first.",
        metadata=asks(Audience.STAFF, MEMBERS_CLAIMS),
    )
    def phone_claims(
        self,
        state: PhoneClaimState = PhoneClaimState.WAITING,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[PhoneClaim]:
        return answered_by(phone_claims(state, first, after))  # type: ignore[no-any-return]
