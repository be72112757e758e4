"""Tables of the catalogue: categories as a tree, and items."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from shuke_core.kit.models import TenantModel


class Category(TenantModel):
    """A category (类目). Its `path` is the ids of those above it and its own, 32 hex digits each.

    Among its siblings it is ordered by `place`, then by id, and its name is theirs alone.
    """

    parent: "fields.ForeignKeyNullableRelation[Category]" = fields.ForeignKeyField(
        "core.Category", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    parent_id: UUID | None
    name = fields.CharField(max_length=60)
    place = fields.IntField()
    path = fields.CharField(max_length=192)
    depth = fields.SmallIntField()
    created_at: datetime = fields.DatetimeField()
    changed_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "category"
        indexes: ClassVar = (
            ("tenant_id", "path"),
            ("tenant_id", "parent_id", "place", "id"),
        )


class Item(TenantModel):
    """An item (商品); tills name it by `code`, which is for ever. `version` counts its changes.

    `told_in` is the file that changed it last: within one file an item is told of once. What a file left
    as it was stands in the import's memory.
    """

    code = fields.CharField(max_length=64)
    name = fields.CharField(max_length=200)
    category: fields.ForeignKeyNullableRelation[Category] = fields.ForeignKeyField(
        "core.Category", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    category_id: UUID | None
    price_fen = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    state = fields.CharField(max_length=12)
    version = fields.IntField(default=1)
    told_in: UUID | None = fields.UUIDField(null=True)
    created_at: datetime = fields.DatetimeField()
    changed_at: datetime = fields.DatetimeField()

    class Meta(TenantModel.Meta):
        abstract = False
        table = "item"
        unique_together: ClassVar = (("tenant_id", "code"),)
        indexes: ClassVar = (
            ("tenant_id", "state", "created_at", "id"),
            ("tenant_id", "category_id", "state", "created_at", "id"),
        )
