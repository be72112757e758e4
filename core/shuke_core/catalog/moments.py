"""What an order line copies of the catalogue: price and category as they are at this moment.

For statements that write lines. `sku` is an SQL expression; a line whose sku is no item's gets nulls.
Later changes of the item, and moves of its category, leave lines alone.
"""

COLUMNS = "item_price_fen, category_path, category_name"


def at_this_moment(sku: str) -> tuple[str, str]:
    """The three expressions, and the joins that they need; `$1` is the tenant."""
    joins = (
        f"LEFT JOIN item of_line ON of_line.tenant_id = $1 AND of_line.code = {sku} "
        "LEFT JOIN category of_item ON of_item.tenant_id = $1 AND of_item.id = of_line.category_id"
    )
    return "of_line.price_fen, of_item.path, of_item.name", joins
