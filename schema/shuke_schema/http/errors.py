"""Why the GraphQL door refuses a request. `status` is for media type and method alike, except for
refusals of a well-formed request (`of_document`): as application/json those are answered 200."""

from collections.abc import Sequence
from typing import ClassVar

from graphql import GraphQLError

from shuke_core.kit.errors import ShukeError
from shuke_core.kit.masking import without_numbers


class DocumentInvalid(Exception):
    """The document does not parse or does not fit the schema: code DOCUMENT_INVALID."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        self.errors = errors
        super().__init__(errors[0].message)


class OfDocument:
    """Mixed into refusals of what a well-formed request asks for."""

    of_document: ClassVar[bool] = True


class RequestMalformed(ShukeError):
    code = "REQUEST_MALFORMED"
    sentence = "{problem}"


class BatchRefused(ShukeError):
    code = "BATCH_REFUSED"
    sentence = "One operation a request: the body must be an object, not an array."


class JsonTooDeep(ShukeError):
    code = "JSON_TOO_DEEP"
    sentence = "JSON may be nested {most} deep."


class JsonTooLarge(ShukeError):
    code = "JSON_TOO_LARGE"
    sentence = "JSON may have {most} values."


class MediaRefused(ShukeError):
    code = "MEDIA_REFUSED"
    sentence = "Answers come as application/graphql-response+json or application/json, in UTF-8."
    status = 406


class ContentTypeRefused(ShukeError):
    code = "CONTENT_TYPE_REFUSED"
    sentence = "Bodies are taken as application/json in UTF-8 only."
    status = 415


class MethodRefused(ShukeError):
    code = "METHOD_REFUSED"
    sentence = "{what} can't be sent by {method} here."
    status = 405


class OperationUnknown(OfDocument, ShukeError):
    code = "OPERATION_UNKNOWN"
    sentence = "Name one of the document's operations in operationName: {operations}."


class DocumentTooLong(OfDocument, ShukeError):
    code = "DOCUMENT_TOO_LONG"
    sentence = "A document has at most {most} {what}."


class FragmentsCyclic(OfDocument, ShukeError):
    code = "FRAGMENTS_CYCLIC"
    sentence = "The fragment {name} spreads itself."


class AliasesTooMany(OfDocument, ShukeError):
    code = "ALIASES_TOO_MANY"
    sentence = "A document has at most {most} aliases, its fragments spread; this has {found}."


class DirectivesTooMany(OfDocument, ShukeError):
    code = "DIRECTIVES_TOO_MANY"
    sentence = "A document has at most {most} directives, this has {found}."


class DocumentTooDeep(OfDocument, ShukeError):
    code = "DOCUMENT_TOO_DEEP"
    sentence = "{what} may be nested {most} deep."


class RootFieldsTooMany(OfDocument, ShukeError):
    code = "ROOT_FIELDS_TOO_MANY"
    sentence = "An operation has at most {most} root fields, this has {found}."


class SelectionsTooMany(OfDocument, ShukeError):
    code = "SELECTIONS_TOO_MANY"
    sentence = "A document selects at most {most} fields, its fragments spread."


class RepeatsTooMany(OfDocument, ShukeError):
    code = "REPEATS_TOO_MANY"
    sentence = "At most {most} fields may be selected again where they are selected already."


class DocumentUntrusted(OfDocument, ShukeError):
    code = "DOCUMENT_UNTRUSTED"
    sentence = "The document is none that this service trusts; name a released one by its id."


class CostTooHigh(OfDocument, ShukeError):
    code = "COST_TOO_HIGH"
    sentence = "The operation may cost {most}, it costs {cost}; ask for smaller pages."


class GuardedFieldRepeated(OfDocument, ShukeError):
    code = "GUARDED_FIELD_REPEATED"
    sentence = "{field} may be asked once a document."


class OutsideFieldNotAlone(OfDocument, ShukeError):
    code = "OUTSIDE_FIELD_NOT_ALONE"
    sentence = "{field} asks another system: it stands alone in its operation, without directives."


class RateLimited(ShukeError):
    code = "RATE_LIMITED"
    sentence = "Too much at once; try again in {seconds} s."
    status = 429


class GuardUnavailable(ShukeError):
    code = "GUARD_UNAVAILABLE"
    sentence = "{field} can't be answered right now; try again in {seconds} s."
    status = 503


class IntrospectionRefused(OfDocument, ShukeError):
    code = "INTROSPECTION_REFUSED"
    sentence = "The schema is not told here; it is published as SDL."


class VariablesInvalid(OfDocument, ShukeError):
    code = "VARIABLES_INVALID"
    sentence = "{problem}"

    @classmethod
    def of(cls, errors: Sequence[GraphQLError]) -> "VariablesInvalid":
        """The refusal that tells all of them; they repeat the values, so numbers are left out."""
        return cls(problem=" ".join(without_numbers(error.message) for error in errors))


class DeadlineExceeded(ShukeError):
    code = "DEADLINE_EXCEEDED"
    sentence = "The operation took longer than {seconds} s and was undone."
    status = 503


class UploadMalformed(ShukeError):
    code = "UPLOAD_MALFORMED"
    sentence = "A file comes as multipart/form-data, in one part named `file`: {problem}."


class HostRefused(ShukeError):
    code = "HOST_REFUSED"
    sentence = "This service does not answer to that host name."
    status = 421
