"""The base of every model whose rows belong to a tenant."""

from uuid import UUID

from tortoise import fields
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.queryset import QuerySet

from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


class TenantManager(Manager):
    """Filters every query by the tenant of the unit of work; row security filters once more."""

    def get_queryset(self) -> QuerySet[Model]:
        return super().get_queryset().filter(tenant_id=current_tenant())


class _ManagerOfItsOwn:
    """Tortoise writes the model into its manager, so a shared one would ask the last model's table."""

    def __get__(self, instance: object, owner: type) -> TenantManager:
        return TenantManager()


class TenantModel(Model):
    """A row of one tenant. The schema editor makes its key (tenant_id, id) and its policy."""

    id: UUID = fields.UUIDField(primary_key=True, default=new_id)
    tenant_id: UUID = fields.UUIDField(default=current_tenant)

    class Meta:
        abstract = True
        manager = _ManagerOfItsOwn()
