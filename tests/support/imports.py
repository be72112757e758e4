"""Files to be imported, and what comes of it: stored, asked for, read to their end."""

from uuid import UUID

from tests.support.exports import as_staff, staff_id_of
from tests.support.shop import Shop

from shuke_core.files.lists import begin_list, finish_list
from shuke_core.files.services import append_to_file
from shuke_core.imports.reading import work_on_imports
from shuke_core.imports.services import request_import
from shuke_core.kit.transactions import unit_of_work


async def stored(
    data: bytes, piece: int = 1 << 20, name: str = "items.csv", by: str = "admin"
) -> UUID:
    """A list with these bytes that whoever has that handle sent, in pieces of that size; in the unit
    at hand."""
    file_id = await begin_list(name)
    for start in range(0, len(data), piece):
        await append_to_file(file_id, data[start : start + piece])
    return (await finish_list(file_id, await staff_id_of(by))).id


async def asked_import(
    shop: Shop,
    data: bytes,
    piece: int = 1 << 20,
    kind: str = "items",
    options: dict[str, object] | None = None,
) -> UUID:
    """An import that waits, asked for by the admin."""
    await shop.staff_login()
    async with unit_of_work(shop.tenant_id):
        as_staff(await staff_id_of("admin"))
        return await request_import(kind, await stored(data, piece), options)


async def imported(
    shop: Shop,
    data: bytes,
    piece: int = 1 << 20,
    kind: str = "items",
    options: dict[str, object] | None = None,
) -> UUID:
    """An import that was read to its end."""
    import_id = await asked_import(shop, data, piece, kind, options)
    while await work_on_imports(shop.tenant_id):
        pass
    return import_id
