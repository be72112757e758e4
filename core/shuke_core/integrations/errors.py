"""What can go wrong between an outside system and the inbox."""

from shuke_core.kit.errors import ShukeError


class IntegrationUnknown(ShukeError):
    code = "INTEGRATION_UNKNOWN"
    sentence = "The tenant has no active integration {key!r}."


class IntegrationReserved(ShukeError):
    code = "INTEGRATION_RESERVED"
    sentence = (
        "{key!r} is a channel of this house: orders would be taken for its own. Use another key."
    )


class MessageMalformed(ShukeError):
    code = "MESSAGE_MALFORMED"
    sentence = "The body can't be read: {problem}"


class MessageTypeUnknown(ShukeError):
    code = "MESSAGE_TYPE_UNKNOWN"
    sentence = "Messages of type {type!r} are not taken here; send one of: tickets, items."


class TicketNotQuarantined(ShukeError):
    code = "TICKET_NOT_QUARANTINED"
    sentence = "There is no such open ticket in quarantine."


class CorrectionInvalid(ShukeError):
    code = "CORRECTION_INVALID"
    sentence = "A correction is a JSON object of the ticket's top-level fields."
