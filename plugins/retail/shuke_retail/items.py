"""What retail keeps of an item beside the core's own fields: brand, barcode and specification."""

from collections.abc import Mapping, Sequence

from shuke_core.plugin_api import DescribedItem, fetch, new_id

# What a heading of a file, or a field of a connector, may call each of them.
NAMES = {
    **dict.fromkeys(("brand", "品牌"), "brand"),
    **dict.fromkeys(("barcode", "ean", "条码", "条形码", "国际条码"), "barcode"),
    **dict.fromkeys(("spec", "规格", "规格型号"), "spec"),
}
LONGEST = {"brand": 60, "barcode": 32, "spec": 120}
# What stands there afterwards: what is told of, and of the rest what stood there before.
_AFTER = ", ".join(
    f"CASE WHEN excluded.item_id = ANY (${nth}::uuid[]) THEN excluded.{name} "
    f"ELSE retail_item.{name} END"
    for nth, name in enumerate(LONGEST, start=7)
)


def of_retail(details: Mapping[str, str]) -> dict[str, str]:
    """Those of the details that are retail's, by our own name, cut to what is kept."""
    return {
        field: text[: LONGEST[field]]
        for name, text in details.items()
        if (field := NAMES.get(name.casefold())) is not None
    }


async def describe_items(items: Sequence[DescribedItem]) -> None:
    """Keeps what is told of these items, in one statement. What is not told of stays; an empty text
    takes it back."""
    told = {item.item_id: of_retail(item.details) for item in items}
    told = {item_id: fields for item_id, fields in told.items() if fields}
    if not told:
        return
    await fetch(
        "INSERT INTO retail_item (tenant_id, id, item_id, brand, barcode, spec) "
        "SELECT $1, t.id, t.item_id, nullif(t.brand, ''), nullif(t.barcode, ''), "
        "nullif(t.spec, '') FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], "
        "$6::text[]) AS t(id, item_id, brand, barcode, spec) ORDER BY t.item_id "
        f"ON CONFLICT (tenant_id, item_id) DO UPDATE SET (brand, barcode, spec) = ({_AFTER}) "
        # Told again it is not written again.
        "WHERE (retail_item.brand, retail_item.barcode, retail_item.spec) "
        f"IS DISTINCT FROM ({_AFTER})",
        [new_id() for _ in told],
        list(told),
        *([fields.get(name) for fields in told.values()] for name in LONGEST),
        *([item for item, fields in told.items() if name in fields] for name in LONGEST),
    )
