"""Sends a history of orders through the public doors and lets the worker read it to its end."""

import io
from typing import Any

import httpx
from tests.schema.staff.staff import data
from tests.support.shop import Shop

from shuke_core.imports.reading import work_on_imports

_START = """
mutation ($file: ID!, $options: FileImportOptions) {
  startFileImport(kind: "orders", fileId: $file, options: $options) {
    fileImport { id } errors { code }
  }
}
"""
_LOOK = """
query ($id: ID!) {
  fileImport(id: $id) { state failure rows entered same refused }
  refusedRows(importId: $id, first: 5) { rowNo field code found }
}
"""


async def by_file(
    client: httpx.AsyncClient, shop: Shop, text: str, **options: object
) -> dict[str, Any]:
    """Sends the file, has it imported, lets the worker read it; what the staff are told then."""
    sent = await client.post(
        f"/t/{shop.slug}/staff/files",
        params={"for": "import"},
        files={"file": ("history.csv", io.BytesIO(text.encode()), "text/csv")},
        headers=await shop.staff_login("operator"),
    )
    assert sent.status_code == 201, sent.text
    file_id = str(sent.json()["file"]["id"])
    asked = await data(client, shop, _START, "operator", file=file_id, options=options or None)
    assert asked["startFileImport"]["errors"] == []
    import_id = asked["startFileImport"]["fileImport"]["id"]
    while await work_on_imports(shop.tenant_id):
        pass
    told: dict[str, Any] = await data(client, shop, _LOOK, "operator", id=import_id)
    return told
