"""Why a subscription or a handshake is refused."""

from shuke_core.kit.errors import ShukeError
from shuke_schema.http.errors import OfDocument


class AfterIsLiteral(OfDocument, ShukeError):
    code = "LIVE_AFTER_LITERAL"
    sentence = "Hand `after` in as a variable: it changes with every update, the document does not."


class OperationsTooMany(ShukeError):
    code = "LIVE_OPERATIONS_TOO_MANY"
    sentence = "A socket has at most {most} operations at once."


class GroupsTooMany(ShukeError):
    code = "LIVE_GROUPS_TOO_MANY"
    sentence = "One person has at most {most} different subscriptions at once, in all sockets."


class StrangersTooMany(ShukeError):
    code = "LIVE_STRANGERS_TOO_MANY"
    sentence = "Too many sockets are open on which nobody has said who is there; try again."
    status = 503


class SocketsTooMany(ShukeError):
    code = "LIVE_SOCKETS_TOO_MANY"
    sentence = "This process has as many sockets as it takes; try again, and another may answer."
    status = 503


class OriginRefused(ShukeError):
    code = "ORIGIN_REFUSED"
    sentence = "Pages of that origin may not open sockets here."
    status = 403
