"""Whether a document fits a schema and its variables fit the document; what fits is remembered.

Only documents that are valid are kept, up to a weight, so no hostile one pushes an honest one out.
Trusted ones stay for good: there are as many as the manifests have.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLSchema,
    OperationDefinitionNode,
    get_variable_values,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from shuke_core.access.rights import Rights, Within
from shuke_core.projection.registry import Registry
from shuke_schema.http.cost import price_of
from shuke_schema.http.demands import wanted_by
from shuke_schema.http.document import Document, read_document
from shuke_schema.http.errors import (
    CostTooHigh,
    DocumentInvalid,
    IntrospectionRefused,
    VariablesInvalid,
)
from shuke_schema.http.lean import is_lean
from shuke_schema.http.limits import Limits
from shuke_schema.rights import Demands

_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
_MOST_TOKENS = 50_000


class Documents:
    """The documents of one schema and audience: read within bounds, valid ones remembered."""

    def __init__(
        self,
        schema: GraphQLSchema,
        demands: Demands,
        registry: Registry,
        limits: Limits,
        most_tokens: int = _MOST_TOKENS,
    ) -> None:
        self._schema, self._demands, self._registry = schema, demands, registry
        self._limits, self._most = limits, most_tokens
        self._valid: OrderedDict[str, Document] = OrderedDict()
        self._trusted: dict[str, Document] = {}
        self._tokens = 0

    def read(self, text: str) -> Document:
        """The document of the text; raises DocumentInvalid, or the refusal of a limit."""
        if trusted := self._trusted.get(text):
            return trusted
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

    def check(
        self, text: str, document: Document, *, may_introspect: bool, trusted: bool = False
    ) -> None:
        """Raises DocumentInvalid unless the document fits the schema. Names of the schema are
        suggested, and the schema is told, only to who may introspect."""
        if document.introspects and not may_introspect:
            raise IntrospectionRefused()
        if text in self._trusted or text in self._valid:
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
        if trusted:
            self._trusted[text] = document
            return
        self._valid[text] = document
        self._tokens += document.tokens
        while self._tokens > self._most:
            _, dropped = self._valid.popitem(last=False)
            self._tokens -= dropped.tokens

    def is_lean(self, text: str, document: Document, operation: OperationDefinitionNode) -> bool:
        """Whether the operation is known to find its caller by itself; not before its document has
        been found valid."""
        name = operation.name.value if operation.name else None
        lean = document.lean.get(name)
        if lean is not None:
            return lean
        if text not in self._trusted and text not in self._valid:
            return False
        document.lean[name] = is_lean(self._schema, self._registry, document, operation)
        return document.lean[name]

    def check_rights(
        self, document: Document, operation: OperationDefinitionNode, rights: Rights
    ) -> Within | None:
        """To whose members the operation is narrowed, if to any. Raises PermissionDenied when a
        valid document asks for what the caller has no right to."""
        name = operation.name.value if operation.name else None
        wanted = document.wanted.get(name)
        if wanted is None:
            wanted = wanted_by(self._schema, self._demands, document, operation)
            document.wanted[name] = wanted
        return wanted.check(rights)

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
            raise VariablesInvalid.of(found)
