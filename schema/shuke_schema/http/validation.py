"""Whether a document fits a schema and its variables fit the document; what fits is remembered.

Only documents that are valid are kept, up to a weight, so no hostile one pushes an honest one out.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    get_variable_values,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from shuke_schema.http.cost import price_of
from shuke_schema.http.document import Document, read_document
from shuke_schema.http.errors import (
    CostTooHigh,
    DocumentInvalid,
    IntrospectionRefused,
    VariablesInvalid,
)
from shuke_schema.http.limits import Limits

_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
_MOST_TOKENS = 50_000


class Documents:
    """The documents of one schema and audience: read within bounds, valid ones remembered."""

    def __init__(
        self, schema: GraphQLSchema, limits: Limits, most_tokens: int = _MOST_TOKENS
    ) -> None:
        self._schema, self._limits, self._most = schema, limits, most_tokens
        self._valid: OrderedDict[str, Document] = OrderedDict()
        self._tokens = 0

    def read(self, text: str) -> Document:
        """The document of the text; raises DocumentInvalid, or the refusal of a limit."""
        known = self._valid.get(text)
        if known is None:
            return read_document(text, self._limits)
        self._valid.move_to_end(text)
        return known

    def cost(
        self, document: Document, operation: OperationDefinitionNode, variables: Mapping[str, Any]
    ) -> int:
        """What the operation costs with these variables; raises CostTooHigh."""
        name = operation.name.value if operation.name else None
        price = document.prices.get(name)
        if price is None:
            price = price_of(self._schema, document, operation, self._limits)
            document.prices[name] = price
        cost = price.of(variables)
        if cost > self._limits.cost:
            raise CostTooHigh(most=self._limits.cost, cost=cost)
        return cost

    def check(self, text: str, document: Document, *, may_introspect: bool) -> None:
        """Raises DocumentInvalid unless the document fits the schema. Names of the schema are
        suggested, and the schema is told, only to who may introspect."""
        if document.introspects and not may_introspect:
            raise IntrospectionRefused()
        if text in self._valid:
            return
        errors = validate(
            self._schema,
            document.node,
            _RULES,
            max_errors=self._limits.errors_shown,
            hide_suggestions=not may_introspect,
        )
        if errors:
            raise DocumentInvalid(errors)
        self._valid[text] = document
        self._tokens += document.tokens
        while self._tokens > self._most:
            _, dropped = self._valid.popitem(last=False)
            self._tokens -= dropped.tokens

    def check_variables(
        self,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        *,
        may_introspect: bool,
    ) -> None:
        """Raises VariablesInvalid with every variable that does not fit its type."""
        found = get_variable_values(
            self._schema,
            operation.variable_definitions or (),
            dict(variables),
            max_errors=self._limits.errors_shown,
            hide_suggestions=not may_introspect,
        )
        if isinstance(found, list):
            raise VariablesInvalid(problem=_sentence(found))


def _sentence(errors: list[GraphQLError]) -> str:
    return " ".join(error.message for error in errors)
