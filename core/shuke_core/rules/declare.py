"""How a domain or a plugin declares the words of its facts, in its room `rule_fields`.

A subject is a kind of thing that a rule can be about; its fields are read from a row of its table. A
link leads from a row to the one it names, facts are the rows that name it. SQL snippets say `this.`
for the row and `:tenant` for the tenant, as in projections. In memory a row is a mapping: columns by
their names, and under the key of a link or of facts the row or the rows that it leads to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from shuke_core.access.permissions import Permission
from shuke_core.access.rights import FieldClass
from shuke_core.rules.times import At
from shuke_core.rules.vocabulary import OPERATORS, Label, Op, ValueType

Row = Mapping[str, Any]


# Words are themselves: one that a plugin declares anew is another one.
@dataclass(frozen=True, slots=True, eq=False)
class RuleSubject:
    """A kind of thing that rules can be about. Without a table it is not a row but the moment."""

    key: str
    label: Label
    table: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class RuleField:
    """A typed word of the language.

    `key` is `subject.word`; a plugin's begins with its own key. `sql` is the value in SQL, `read` the
    same value of a row in memory, None where it is missing; `columns`, `links` and `facts` are what
    `read` looks at, `beside` the columns that it looks at in the rows of those two. A field of the
    moment has `reckon` in place of both. `among`, where there is one, is a quicker condition for "it is
    one of these", with `{}` for the list: true, or null where the field is missing, as `sql` would be.
    `choices` names the words of a CHOICE. Who may use and see it has the class `see` and every
    permission in `needs`. `index` are the columns of an index behind the tenant that can find rows by
    it, where there is one: a test looks it up.
    """

    key: str
    subject: str
    type: ValueType
    label: Label
    sql: str = ""
    read: Callable[[Row], Any] | None = None
    columns: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    among: str = ""
    reckon: Callable[[At], Any] | None = None
    choices: Mapping[str, Label] = field(default_factory=dict)
    operators: tuple[Op, ...] = ()
    see: FieldClass = FieldClass.PUBLIC
    needs: tuple[Permission, ...] = ()
    index: tuple[str, ...] = ()

    @property
    def allowed(self) -> tuple[Op, ...]:
        """The operators that it can be asked with."""
        return self.operators or OPERATORS[self.type]


@dataclass(frozen=True, slots=True, eq=False)
class RuleLink:
    """A row leads to one other: `column` holds its id, or null."""

    key: str
    subject: str
    to: str
    column: str


@dataclass(frozen=True, slots=True, eq=False)
class RuleFacts:
    """Rows that name a row of the subject: their `column` holds its id. `where` narrows them, in SQL
    and in memory alike.

    Rendering: `label` names them, `counter` is their measure word in Chinese (笔), `none` stands for
    none of them (未消费), `sums` for the sum of a field (累计消费). `when` is the field that says when
    they happened. Facts that are not `offered` are only what fields are read from.
    """

    key: str
    subject: str
    each: str
    column: str
    label: Label
    where: str = ""
    keeps: Callable[[Row], bool] | None = None
    keeps_columns: tuple[str, ...] = ()
    counter: str = "条"
    none: Label = field(default_factory=dict)
    sums: Mapping[str, Label] = field(default_factory=dict)
    when: str = ""
    needs: tuple[Permission, ...] = ()
    index: tuple[str, ...] = ()
    offered: bool = True


Declared = RuleSubject | RuleField | RuleLink | RuleFacts


def column_field(
    key: str,
    type: ValueType,  # noqa: A002 (the word of the language)
    label: Label,
    column: str,
    **more: Any,
) -> RuleField:
    """A field that is a column as it is; its subject is all of the key but the last word."""
    return RuleField(
        key,
        key.rpartition(".")[0],
        type,
        label,
        sql=f"this.{column}",
        read=itemgetter(column),
        columns=(column,),
        **more,
    )


def linked_field(
    key: str,
    type: ValueType,  # noqa: A002
    label: Label,
    link: RuleLink,
    table: str,
    column: str,
    **more: Any,
) -> RuleField:
    """A field that is a column of the row that a link leads to; missing where it leads nowhere."""

    def read(row: Row) -> Any:
        there = row[link.key]
        return None if there is None else there[column]

    return RuleField(
        key,
        link.subject,
        type,
        label,
        sql=f"(select l.{column} from {table} l where l.tenant_id = :tenant "
        f"and l.id = this.{link.column})",
        read=read,
        links=(link.key,),
        beside=(column,),
        # Looked up once, and not for each row that is asked about. Without the second part a list
        # of which nothing is there would be false of what is missing, and not unknown.
        among=f"(this.{link.column} = any (array("
        f"select l.id from {table} l where l.tenant_id = :tenant and l.{column} = any ({{}})"
        f")) or (this.{link.column} is null and null))",
        **more,
    )


def rows_of(row: Row, key: str) -> Sequence[Row]:
    """The facts of that key that were loaded with a row."""
    found: Sequence[Row] = row[key]
    return found
