"""Probes of the models: what Tortoise's own queries see of another tenant."""

from tests.support.full_tenants import Pair
from tests.support.leaks import Leak
from tortoise.context import require_context

from shuke_core.kit.models import TenantModel
from shuke_core.kit.transactions import unit_of_work


def tenant_models() -> list[type[TenantModel]]:
    """Every model of the installed apps that belongs to a tenant."""
    apps = require_context().apps
    assert apps is not None
    return [
        model
        for _, models in apps.items()
        for model in models.values()
        if issubclass(model, TenantModel)
    ]


async def orm_leaks(pair: Pair) -> list[Leak]:
    """Rows of the other tenant that a model's queries find, or would change."""
    leaks = []
    async with unit_of_work(pair.one.tenant_id):
        for model in tenant_models():
            table = model._meta.db_table
            theirs = pair.other.ids[table]
            rows = await model.all().only("id", "tenant_id")
            assert {type(row) for row in rows} == {model}
            tenants = {row.tenant_id for row in rows}
            if tenants != {pair.one.tenant_id}:
                leaks.append(Leak(table, "all", f"{len(tenants)} tenants"))
            if await model.filter(id__in=theirs).exists():
                leaks.append(Leak(table, "filter", "a foreign id"))
            if await model.get_or_none(id=theirs[0]) is not None:
                leaks.append(Leak(table, "get_or_none", "a foreign id"))
    return leaks
