"""Tables of interactions: forms, what members said, how it is followed up, and by which rule."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

from shuke_core.kit.models import TenantModel
from shuke_core.members.models import Member


class Form(TenantModel):
    """A version of a form (表单). Its questions never change: answers keep their meaning.

    state: current (may be filled in), replaced (by a later version), closed.
    """

    key = fields.CharField(max_length=40)
    version = fields.IntField()
    label_zh = fields.CharField(max_length=60)
    label_en = fields.CharField(max_length=60)
    questions: list[dict[str, Any]] = fields.JSONField()
    state = fields.CharField(max_length=12, default="current")
    saved_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "form"
        unique_together: ClassVar = (("tenant_id", "key", "version"),)
        constraints: ClassVar = (
            UniqueConstraint(
                fields=("tenant_id", "key"),
                name="form_has_one_current",
                condition="state = 'current'",
            ),
        )


class Interaction(TenantModel):
    """Something that a member said or did; never changed. What they wrote is sealed under their key.

    kind: inquiry, form, message (to the service account), campaign (took part), feedback.
    `subject` names what it is about (a campaign, an order); `rating` is one to five.
    """

    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    kind = fields.CharField(max_length=12)
    form: fields.ForeignKeyNullableRelation[Form] = fields.ForeignKeyField(
        "core.Form", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    form_id: UUID | None
    channel = fields.CharField(max_length=40)
    scene = fields.CharField(max_length=40, default="")
    subject = fields.CharField(max_length=80, default="")
    rating = fields.SmallIntField(null=True)
    sealed = fields.BinaryField(null=True)
    recorded_at: datetime = fields.DatetimeField()
    # What a program outside told: the program, and its name there.
    source = fields.CharField(max_length=40, null=True)
    external_no = fields.CharField(max_length=120, null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "interaction"
        indexes: ClassVar = (
            ("tenant_id", "member_id", "recorded_at", "id"),
            ("tenant_id", "recorded_at", "id"),
        )
        constraints: ClassVar = (
            UniqueConstraint(
                fields=("tenant_id", "source", "external_no"),
                name="interaction_is_told_once",
                condition="external_no IS NOT NULL",
            ),
        )


class InteractionFollowUp(TenantModel):
    """How an interaction is followed up. state: open → answered or closed.

    The answer is sealed under the member's key. `asked_at` is when the interaction came, for lists
    of what is open.
    """

    interaction: fields.ForeignKeyRelation[Interaction] = fields.ForeignKeyField(
        "core.Interaction", related_name=False, on_delete=fields.RESTRICT
    )
    interaction_id: UUID
    member: fields.ForeignKeyRelation[Member] = fields.ForeignKeyField(
        "core.Member", related_name=False, on_delete=fields.RESTRICT
    )
    member_id: UUID
    state = fields.CharField(max_length=12, default="open")
    asked_at: datetime = fields.DatetimeField()
    answer = fields.BinaryField(null=True)
    ended_by_id: UUID | None = fields.UUIDField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = False
        table = "interaction_follow_up"
        unique_together: ClassVar = (("tenant_id", "interaction_id"),)
        indexes: ClassVar = (("tenant_id", "state", "asked_at", "id"),)


class FollowUpRule(TenantModel):
    """Whether an interaction of a kind becomes a task, whose, and by when.

    `form` narrows a rule for forms to one key. With `to_advisor` the member's advisor gets the task;
    `role` gets it where there is none, and when it is overdue and nobody has touched it.
    """

    kind = fields.CharField(max_length=12)
    form = fields.CharField(max_length=40, default="")
    makes_task = fields.BooleanField(default=True)
    to_advisor = fields.BooleanField(default=True)
    role = fields.CharField(max_length=40)
    due_minutes = fields.IntField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "follow_up_rule"
        unique_together: ClassVar = (("tenant_id", "kind", "form"),)
