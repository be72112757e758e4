"""Avatars (头像): a picture that somebody has sent becomes a member's, and the former one goes.

A file is shown where the row of a member names it: the member's own, or that of whoever was merged into
them, which keeps what an undo gives back. What no row names any more is deleted; what a merge has put
aside, when the merge can't be undone any more.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from shuke_core.files.pictures import Picture
from shuke_core.files.services import delete_file
from shuke_core.files.uploads import Upload, keep_upload, use_upload
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.members.errors import MemberUnknown
from shuke_core.merging.window import undo_days
from shuke_core.profiles.rules import Value

# Longer than the merge of this moment can be undone: until then the picture that it replaced may be
# wanted.
_A_DAY_MORE: Final = timedelta(days=1)


async def hold_sender(member_id: UUID) -> None:
    """Holds a member who sends a picture: whoever erases them meanwhile waits, and finds the file.

    Raises MemberUnknown, for a visitor too.
    """
    if not await fetch(
        "SELECT id FROM member WHERE tenant_id = $1 AND id = $2 AND state = 'active' FOR KEY SHARE",
        member_id,
    ):
        raise MemberUnknown()


async def upload_own_picture(member_id: UUID, picture: Picture) -> Upload:
    """Keeps a picture that a member has sent, for them alone. Raises MemberUnknown, for a visitor too."""
    await hold_sender(member_id)
    return await keep_upload(picture, member_id, member_id)


async def upload_picture(staff_id: UUID, picture: Picture) -> Upload:
    """Keeps a picture that one of the staff has sent, for them alone to give to a member."""
    return await keep_upload(picture, staff_id, None)


async def change_avatar(member_id: UUID, before: Value | None, now: Value | None) -> None:
    """The member, who is held, has another picture, an upload that was checked, or none any more."""
    if isinstance(now, UUID):
        await use_upload(now, member_id)
    if isinstance(before, UUID) and await fetch_one(
        "SELECT $1::uuid AS tenant WHERE NOT EXISTS (SELECT FROM member m WHERE m.tenant_id = $1 "
        "AND m.avatar = $3 AND (m.id = $2 OR m.merged_into_id = $2))",
        *(member_id, before),
    ):
        await delete_file(before)


async def settle_avatars(_: UUID, survivor_id: UUID, absorbed_id: UUID) -> None:
    """After a merge or its undo: a picture that one of them shows has no end, any other of theirs has
    one. Uploads that nobody has used keep the end they have."""
    kept_aside = timedelta(days=await undo_days()) + _A_DAY_MORE
    await fetch(
        """
        WITH theirs AS (
            SELECT m.id, m.avatar FROM member m
             WHERE m.tenant_id = $1 AND (m.id = ANY ($2::uuid[]) OR m.merged_into_id = ANY ($2::uuid[]))
        )
        UPDATE file f SET expires_at = CASE WHEN f.id IN (SELECT avatar FROM theirs) THEN NULL
                                            ELSE coalesce(f.expires_at, $3) END
         WHERE f.tenant_id = $1 AND f.member_id IN (SELECT id FROM theirs) AND f.uploaded_by IS NULL
        """,
        *([survivor_id, absorbed_id], clock.now() + kept_aside),
    )
