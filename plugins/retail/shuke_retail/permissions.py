"""What staff may be allowed to do with retail."""

from shuke_core.plugin_api import OF_MEMBERS, Permission

PURCHASES_READ = Permission(
    "retail.purchases.read",
    {"zh": "查看会员在各渠道的消费", "en": "See members' purchases by channel"},
    frozenset({"operator", "clerk", "advisor", "finance"}),
    OF_MEMBERS,
)
