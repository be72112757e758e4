"""The GraphQL type of a picture (图片): where it can be seen for a while."""

from datetime import datetime
from uuid import UUID

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.files.links import link_to
from shuke_core.tenants.queries import this_tenant
from shuke_schema.rights import shows


@shows(FieldClass.PUBLIC)  # where there is a picture that is not to be seen, there is no object
@strawberry.type(description="A picture. Whoever has its path may look at it until then.")
class Picture:
    path: str = strawberry.field(
        description="To be asked with GET on the same host; the same for an hour, so that it is kept."
    )
    expires_at: datetime


async def picture_of(file_id: UUID) -> Picture:
    """Where the file can be seen."""
    link, tenant = await link_to(file_id), await this_tenant()
    return Picture(path=f"/t/{tenant.slug}/files/{link.token}", expires_at=link.expires_at)
