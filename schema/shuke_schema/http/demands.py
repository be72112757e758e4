"""What an operation demands of its caller, worked out once a document, compared once a request."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)

from shuke_core.access.errors import PermissionDenied, ScopesMixed
from shuke_core.access.rights import FieldClass, Rights, Within
from shuke_schema.http.document import Document
from shuke_schema.rights import Demand, Demands


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that an operation demands; each permission and class with a field that demands it. `acts`
    are the permissions of its mutations."""

    permissions: dict[str, str]
    classes: dict[FieldClass, str]
    acts: set[str] = field(default_factory=set)

    def check(self, rights: Rights) -> Within | None:
        """To whose members the operation is narrowed: as a whole, if one of the permissions that it
        demands is. Raises PermissionDenied, naming a field, unless the rights cover everything, and
        ScopesMixed for acts of which only some are narrowed: what is done to all that somebody has
        (they leave, tickets are replayed) must not be done to the part that the caller sees."""
        for permission, where in self.permissions.items():
            if permission not in rights.permissions:
                raise PermissionDenied(field=where, needed=f"the permission {permission}")
        for field_class, where in self.classes.items():
            if field_class not in rights.classes:
                raise PermissionDenied(
                    field=where, needed=f"the right to see {field_class.value} data"
                )
        within, wide = rights.within_for(self.permissions), self.acts - rights.narrowed
        if within is not None and wide and wide != self.acts:
            raise ScopesMixed(wide=min(wide), narrow=min(self.acts & rights.narrowed))
        return within


def wanted_by(
    schema: GraphQLSchema, demands: Demands, document: Document, operation: OperationDefinitionNode
) -> Wanted:
    """What the operation of a valid document demands, its fragments spread."""
    wanted = Wanted({}, {})
    acting = schema.mutation_type.name if schema.mutation_type else None
    for parent, node in selected_fields(schema, document, operation):
        demand = demands.get((parent, node.name.value))
        _note(wanted, demand, parent, node)
        if parent == acting and demand is not None and demand.permission is not None:
            wanted.acts.add(demand.permission)
    return wanted


def selected_fields(
    schema: GraphQLSchema, document: Document, operation: OperationDefinitionNode
) -> Iterator[tuple[str, FieldNode]]:
    """The type and node of each field that the operation of a valid document selects; a fragment
    is looked into once for each type that it is spread on."""
    root = schema.get_root_type(operation.operation)
    waiting: list[tuple[SelectionSetNode, str]] = [
        (operation.selection_set, root.name if root else "")
    ]
    spread: set[tuple[str, str]] = set()
    while waiting:
        selected, parent = waiting.pop()
        for node in selected.selections:
            if isinstance(node, FieldNode):
                yield parent, node
                if node.selection_set is not None:
                    waiting.append((node.selection_set, _type_of(schema, parent, node)))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                waiting.append((node.selection_set, condition.name.value if condition else parent))
            elif isinstance(node, FragmentSpreadNode):
                fragment = document.fragments[node.name.value]
                place = (node.name.value, fragment.type_condition.name.value)
                if place not in spread:
                    spread.add(place)
                    waiting.append((fragment.selection_set, place[1]))


def _note(wanted: Wanted, demand: Demand | None, parent: str, node: FieldNode) -> None:
    if demand is None:  # __typename and what tells the schema
        return
    where = f"{parent}.{node.name.value}"
    if demand.permission is not None:
        wanted.permissions.setdefault(demand.permission, where)
    if demand.field_class is not None and not demand.masked:
        wanted.classes.setdefault(demand.field_class, where)
    for argument in node.arguments or ():
        # Also where it is null, or a variable that is: what a document may do is plain to see in it.
        if field_class := demand.arguments.get(argument.name.value):
            wanted.classes.setdefault(field_class, f"{where}({argument.name.value}:)")


def _type_of(schema: GraphQLSchema, parent: str, node: FieldNode) -> str:
    kind = schema.get_type(parent)
    field = schema.get_field(kind, node.name.value) if kind is not None else None  # type: ignore[arg-type]
    return get_named_type(field.type).name if field is not None else ""
