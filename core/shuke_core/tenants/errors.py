"""What can go wrong with tenants and stores."""

from shuke_core.kit.errors import ShukeError


class TenantUnknown(ShukeError):
    code = "TENANT_UNKNOWN"
    sentence = "There is no tenant {slug!r}."


class TenantSuspended(ShukeError):
    code = "TENANT_SUSPENDED"
    sentence = "The tenant {slug!r} is suspended; what it is sent is kept until it is resumed."
    status = 403


class TenantClosing(ShukeError):
    code = "TENANT_CLOSING"
    sentence = "The tenant {slug!r} is closing: its data can be read and exported, not changed."
    status = 403


class TenantErased(ShukeError):
    code = "TENANT_ERASED"
    sentence = "The tenant {slug!r} was erased; its name in addresses is never given again."


class SlugInvalid(ShukeError):
    code = "SLUG_INVALID"
    sentence = (
        "{slug!r} can't name a {what}: use 1 to 40 of a-z, 0-9 and '-', beginning with a letter."
    )


class NameInvalid(ShukeError):
    code = "NAME_INVALID"
    sentence = "{name!r} can't be the name of a {what}: use 1 to {longest} printable characters."


class StoreCodeInvalid(ShukeError):
    code = "STORE_CODE_INVALID"
    sentence = "{found!r} can't be the code of a store: use 1 to {longest} legible characters."


class ZoneUnknown(ShukeError):
    code = "ZONE_UNKNOWN"
    sentence = "{zone!r} is not a time zone of the tz database, such as 'Asia/Shanghai'."


class MasterKeyMissing(ShukeError):
    code = "MASTER_KEY_MISSING"
    sentence = "SHUKE_MASTER_KEY is not set: 32 random bytes in base64, kept off the database host."


class TenantKeysMissing(ShukeError):
    code = "TENANT_KEYS_MISSING"
    sentence = "Tenant {tenant_id} has no keys yet; repeat `shuke tenant create` for it."


class MasterKeyWrong(ShukeError):
    code = "MASTER_KEY_WRONG"
    sentence = (
        "The keys of tenant {tenant_id} were wrapped by master key {wanted}, "
        "but the settings hold {found}. Add it to SHUKE_FORMER_MASTER_KEYS."
    )


class StoreUnknown(ShukeError):
    code = "STORE_UNKNOWN"
    sentence = "There is no such store."
