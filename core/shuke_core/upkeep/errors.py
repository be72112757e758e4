"""What can go wrong when a tenant is suspended, closed or erased."""

from shuke_core.kit.errors import ShukeError


class StateUnfit(ShukeError):
    code = "TENANT_STATE_UNFIT"
    sentence = "The tenant {slug!r} is {state}; {act} wants one that is {wanted}."


class ErasureUnconfirmed(ShukeError):
    code = "ERASURE_UNCONFIRMED"
    sentence = "Nothing is erased: repeat the tenant's name, as --confirm {slug}."


class ErasureTooEarly(ShukeError):
    code = "ERASURE_TOO_EARLY"
    sentence = (
        "The tenant {slug!r} may be erased from {due:%Y-%m-%d %H:%M} UTC on; --now does not wait."
    )


class ErasureUnfinished(ShukeError):
    code = "ERASURE_UNFINISHED"
    sentence = "Rows are left in {tables}: something still writes. Repeat the command."
