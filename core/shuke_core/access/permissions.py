"""Permissions: declared once, by the core here and by plugins through the host.

A permission is what the API asks of a caller before it answers a root field or an edge. What is
declared nowhere can't be asked for: a contract test looks.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shuke_core.access.rights import Scope

CORE = "core"
OF_MEMBERS = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Permission:
    """Something staff may be allowed to do.

    `key` is dotted words; a plugin's begins with the plugin's key. `label` maps a language
    ("zh", "en") to what a tenant's administrator reads. `roles` are the ready-made roles that have
    it; an administrator has every permission there is. `scopes` are those that a role may
    have it with: what is about members and what is theirs can be had for some of them only.
    """

    key: str
    label: Mapping[str, str]
    roles: frozenset[str] = frozenset()
    scopes: frozenset[Scope] = frozenset({Scope.ALL})


_OFFICE = frozenset({"operator"})
_SHOP = frozenset({"clerk"})
_CARE = frozenset({"advisor"})
_BOOKS = frozenset({"finance"})
_LOOKING = frozenset({"auditor"})
_ALL = _OFFICE | _SHOP | _CARE | _BOOKS | _LOOKING


MEMBERS_READ = Permission("members.read", {"zh": "查看会员", "en": "See members"}, _ALL, OF_MEMBERS)
MEMBERS_FIND = Permission(
    "members.find_by_phone",
    {"zh": "按手机号查找会员", "en": "Find a member by phone"},
    _SHOP | _CARE,
    OF_MEMBERS,
)
MEMBERS_REVEAL = Permission(
    "members.reveal_phone",
    {"zh": "查看会员明文手机号", "en": "Reveal a member's phone"},
    _SHOP | _CARE,
    OF_MEMBERS,
)
MEMBERS_EDIT = Permission(
    "members.edit",
    {"zh": "修改会员资料", "en": "Change members' profiles"},
    _SHOP,
    OF_MEMBERS,
)
MEMBERS_BLOCK = Permission(
    "members.block",
    {"zh": "限制会员(黑名单)", "en": "Keep members from points, coupons or messages"},
    _OFFICE,
    OF_MEMBERS,
)
MEMBERS_NOTE = Permission(
    "members.note",
    {"zh": "查看与填写会员备注", "en": "Read and write notes on members"},
    _SHOP | _CARE,
    OF_MEMBERS,
)
MEMBERS_FIELDS = Permission(
    "members.fields",
    {"zh": "配置会员资料字段", "en": "Say what members are asked for"},
    _OFFICE,
)
MEMBERS_ASSIGN = Permission(
    "members.assign",
    {"zh": "分配会员给顾问", "en": "Give members to advisors"},
    # Not of their own alone: who gives a member away would not see the row that they leave behind.
    scopes=frozenset({Scope.STORES, Scope.ALL}),
)
PRIVACY_PUBLISH = Permission(
    "privacy.publish",
    {"zh": "发布隐私政策与授权文本", "en": "Publish texts that members consent to"},
)
PRIVACY_REQUESTS = Permission(
    "privacy.requests",
    {"zh": "处理个人信息权利请求", "en": "Answer requests about personal data"},
)
MEMBERS_ERASE = Permission("members.erase", {"zh": "注销会员并删除个人信息", "en": "Erase members"})
MEMBERS_MERGE = Permission(
    "members.merge",
    {"zh": "合并重复会员、撤销合并", "en": "Merge members who are there twice, and undo it"},
)
MEMBERS_CLAIMS = Permission(
    "members.claims",
    {"zh": "处理手机号认领", "en": "Decide whose a phone is"},
    _OFFICE,
)
ORDERS_READ = Permission("orders.read", {"zh": "查看订单", "en": "See orders"}, _ALL, OF_MEMBERS)
ORDERS_WORK = Permission(
    "orders.work",
    {"zh": "录入、交付、完成、取消订单", "en": "Enter, hand out, complete and cancel orders"},
    _OFFICE | _SHOP,
)
ORDERS_REFUND = Permission(
    "orders.refund", {"zh": "登记订单退款", "en": "Enter refunds of orders"}, _OFFICE
)
POINTS_READ = Permission(
    "points.read",
    {"zh": "查看积分", "en": "See points and their movements"},
    _ALL,
    OF_MEMBERS,
)
STORES_READ = Permission("stores.read", {"zh": "查看门店", "en": "See stores"}, _ALL)
INTEGRATIONS_READ = Permission(
    "integrations.read",
    {"zh": "查看对接与隔离区", "en": "See integrations and their quarantine"},
    _OFFICE | _LOOKING,
)
INTEGRATIONS_REPAIR = Permission(
    "integrations.repair",
    {"zh": "修正、重放、丢弃隔离的单据", "en": "Correct, replay and discard quarantined tickets"},
    _OFFICE,
)
PLUGINS_READ = Permission(
    "plugins.read", {"zh": "查看插件", "en": "See plugins"}, _OFFICE | _LOOKING
)
PLUGINS_MANAGE = Permission(
    "plugins.manage", {"zh": "开关与配置插件", "en": "Switch and configure plugins"}
)
ROLES_MANAGE = Permission("roles.manage", {"zh": "管理角色", "en": "Make and change roles"})
AUDIT_READ = Permission(
    "audit.read", {"zh": "查看审计记录", "en": "See the audit"}, frozenset({"auditor"}), OF_MEMBERS
)
STAFF_READ = Permission(
    "staff.read", {"zh": "查看员工", "en": "See staff and their sessions"}, _LOOKING
)
STAFF_MANAGE = Permission(
    "staff.manage", {"zh": "管理员工账号", "en": "Invite staff, change roles, let people go"}
)
APPROVALS_DECIDE = Permission(
    "approvals.decide", {"zh": "审批", "en": "Decide on what others ask approval for"}
)
_FRONT = _SHOP | _CARE
_EVERYBODY = _OFFICE | _FRONT | _LOOKING

INTERACTIONS_READ = Permission(
    "interactions.read", {"zh": "查看互动与咨询", "en": "See interactions"}, _EVERYBODY, OF_MEMBERS
)
INTERACTIONS_ANSWER = Permission(
    "interactions.answer",
    {"zh": "回复、关闭咨询", "en": "Answer and close inquiries"},
    _FRONT,
    OF_MEMBERS,
)
INTERACTIONS_CONFIGURE = Permission(
    "interactions.configure",
    {"zh": "配置表单与跟进规则", "en": "Make forms and rules of follow-up"},
    _OFFICE,
)
TASKS_READ = Permission(
    "tasks.read",
    {"zh": "查看自己与本角色的任务", "en": "See own tasks and the role's"},
    _EVERYBODY,
    OF_MEMBERS,
)
TASKS_READ_ALL = Permission(
    "tasks.read_all", {"zh": "查看所有任务", "en": "See everybody's tasks"}, _OFFICE | _LOOKING
)
TASKS_WORK = Permission(
    "tasks.work",
    {"zh": "新建、领取、处理、转交任务", "en": "Create, claim, do and hand over tasks"},
    _FRONT | _OFFICE,
    OF_MEMBERS,
)
TASKS_MANAGE = Permission(
    "tasks.manage", {"zh": "管理他人的任务", "en": "Manage others' tasks"}, _OFFICE
)
ALERTS_READ = Permission(
    "alerts.read",
    {"zh": "查看自己与本角色的提醒", "en": "See own alerts and the role's"},
    _EVERYBODY,
    OF_MEMBERS,
)
ALERTS_READ_ALL = Permission(
    "alerts.read_all", {"zh": "查看所有提醒", "en": "See everybody's alerts"}, _OFFICE | _LOOKING
)
ALERTS_ACKNOWLEDGE = Permission(
    "alerts.acknowledge",
    {"zh": "确认提醒", "en": "Acknowledge alerts"},
    _FRONT | _OFFICE,
    OF_MEMBERS,
)
EXPORTS_REQUEST = Permission(
    "exports.request",
    {"zh": "导出自己可见的数据", "en": "Export what one may see"},
    _OFFICE | _BOOKS,
)
EXPORTS_MANAGE = Permission(
    "exports.manage", {"zh": "管理他人的导出", "en": "See and revoke everybody's exports"}
)
RULES_READ = Permission("rules.read", {"zh": "查看规则", "en": "See rules"}, _OFFICE | _LOOKING)
RULES_MANAGE = Permission("rules.manage", {"zh": "编写规则", "en": "Write rules"}, _OFFICE)
CATALOG_READ = Permission(
    "catalog.read", {"zh": "查看商品与类目", "en": "See items and categories"}, _ALL
)
CATALOG_EDIT = Permission(
    "catalog.edit", {"zh": "维护商品与类目", "en": "Change items and categories"}, _OFFICE
)
CAMPAIGNS_READ = Permission(
    "campaigns.read",
    {"zh": "查看活动与参与", "en": "See campaigns and who took part"},
    _ALL,
    OF_MEMBERS,
)
CAMPAIGNS_EDIT = Permission(
    "campaigns.edit",
    {"zh": "编写、提交、暂停活动", "en": "Write, hand in, pause and cancel campaigns"},
    _OFFICE,
)
CAMPAIGNS_APPROVE = Permission(
    "campaigns.approve", {"zh": "审批活动", "en": "Approve what others hand in as campaigns"}
)
IMPORTS_RUN = Permission(
    "imports.run", {"zh": "导入文件", "en": "Import files, and mend refused rows"}, _OFFICE
)
ORDERS_IMPORT = Permission(
    "orders.import", {"zh": "导入历史订单", "en": "Import the history of orders"}, _OFFICE
)
API_EXPLORE = Permission("api.explore", {"zh": "查看接口结构", "en": "Ask the API for its schema"})

_declared: dict[str, tuple[str, Permission]] = {
    permission.key: (CORE, permission)
    for permission in (
        MEMBERS_READ,
        MEMBERS_FIND,
        MEMBERS_REVEAL,
        MEMBERS_EDIT,
        MEMBERS_BLOCK,
        MEMBERS_NOTE,
        MEMBERS_FIELDS,
        MEMBERS_ASSIGN,
        PRIVACY_PUBLISH,
        PRIVACY_REQUESTS,
        MEMBERS_ERASE,
        MEMBERS_MERGE,
        MEMBERS_CLAIMS,
        ORDERS_READ,
        ORDERS_WORK,
        ORDERS_REFUND,
        POINTS_READ,
        STORES_READ,
        INTEGRATIONS_READ,
        INTEGRATIONS_REPAIR,
        PLUGINS_READ,
        PLUGINS_MANAGE,
        ROLES_MANAGE,
        AUDIT_READ,
        STAFF_READ,
        STAFF_MANAGE,
        APPROVALS_DECIDE,
        INTERACTIONS_READ,
        INTERACTIONS_ANSWER,
        INTERACTIONS_CONFIGURE,
        TASKS_READ,
        TASKS_READ_ALL,
        TASKS_WORK,
        TASKS_MANAGE,
        ALERTS_READ,
        ALERTS_READ_ALL,
        ALERTS_ACKNOWLEDGE,
        EXPORTS_REQUEST,
        EXPORTS_MANAGE,
        RULES_READ,
        RULES_MANAGE,
        CATALOG_READ,
        CATALOG_EDIT,
        CAMPAIGNS_READ,
        CAMPAIGNS_EDIT,
        CAMPAIGNS_APPROVE,
        IMPORTS_RUN,
        ORDERS_IMPORT,
        API_EXPLORE,
    )
}


def declare(owner: str, permissions: tuple[Permission, ...]) -> None:
    """Tells of a plugin's permissions."""
    _declared.update({each.key: (owner, each) for each in permissions})


def forget(owner: str) -> None:
    """Takes a plugin's permissions away again."""
    for key in [key for key, (whose, _) in _declared.items() if whose == owner]:
        del _declared[key]


def declared_permissions() -> dict[str, Permission]:
    """Every permission there is, by key."""
    return {key: permission for key, (_, permission) in sorted(_declared.items())}


def owner_of(key: str) -> str:
    """Who declares the permission; KeyError for one that nobody does."""
    return _declared[key][0]
