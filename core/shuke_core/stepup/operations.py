"""Sensitive operations: declared once, where the service that does them is written.

    @demands_step_up("staff.change_role", {...}, STAFF_MANAGE, describe=..., measure=...)
    async def change_role(staff: UUID, role: str) -> None: ...

The decorated service takes a grant's id as its first argument. The names of its own parameters are
those that a client names to `beginStepUp`: grant and act are compared by the values of them all.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import wraps
from inspect import signature
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

import orjson

from shuke_core.access.permissions import Permission
from shuke_core.stepup.errors import OperationUnguarded, StepUpArgumentsInvalid
from shuke_core.stepup.grants import use_grant

Given = ParamSpec("Given")
Result = TypeVar("Result")
Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """A sensitive operation.

    `label` maps a language ("zh", "en") to its name. `names` are those of its arguments; `permission`
    is what somebody needs to do it. `describe` says in words what they mean, personal values masked.
    `measure` says how much they amount to where a tenant may set a limit; `applies` whether they
    are sensitive at all.
    """

    key: str
    label: Mapping[str, str]
    permission: Permission
    names: tuple[str, ...]
    describe: Callable[[Arguments], Awaitable[str]]
    measure: Callable[[Arguments], Awaitable[int]] | None
    applies: Callable[[Arguments], Awaitable[bool]]


async def _always(_: Arguments) -> bool:
    return True


_declared: dict[str, Operation] = {}


def demands_step_up(
    key: str,
    label: Mapping[str, str],
    permission: Permission,
    *,
    describe: Callable[[Arguments], Awaitable[str]],
    measure: Callable[[Arguments], Awaitable[int]] | None = None,
    applies: Callable[[Arguments], Awaitable[bool]] = _always,
) -> Callable[
    [Callable[Given, Awaitable[Result]]],
    Callable[Concatenate[UUID | None, Given], Coroutine[Any, Any, Result]],
]:
    """Declares the service it decorates: done only with a grant, which it uses up in the same
    transaction. Raises StepUpRequired and ApprovalRequired when called."""

    def declared(
        service: Callable[Given, Awaitable[Result]],
    ) -> Callable[Concatenate[UUID | None, Given], Coroutine[Any, Any, Result]]:
        shape = signature(service)
        operation = Operation(
            key, label, permission, tuple(shape.parameters), describe, measure, applies
        )
        if _declared.setdefault(key, operation) is not operation:
            raise ValueError(f"the operation {key!r} is declared twice")

        @wraps(service)
        async def done(grant: UUID | None, /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
            bound = shape.bind(*args, **kwargs)
            bound.apply_defaults()
            given = canonical(bound.arguments)
            if await operation.applies(given):
                amount = await operation.measure(given) if operation.measure else None
                await use_grant(grant, operation.key, given, amount)
            return await service(*args, **kwargs)

        return done

    return declared


def forget_operation(key: str) -> None:
    """Takes a declaration back: for tests that declare one."""
    del _declared[key]


def sensitive_operations() -> Mapping[str, Operation]:
    """All that are declared, by key."""
    return dict(sorted(_declared.items()))


def operation_of(key: str) -> Operation:
    """The operation; raises OperationUnguarded."""
    if key not in _declared:
        raise OperationUnguarded(operation=key, known=", ".join(sorted(_declared)))
    return _declared[key]


def arguments_of(operation: Operation, named: Mapping[str, Any]) -> dict[str, Any]:
    """What a client named, as it is compared; raises StepUpArgumentsInvalid, also for a
    number too great to be compared."""
    try:
        given = canonical(named)
        orjson.dumps(given)
    except TypeError:
        raise arguments_invalid(operation) from None
    if set(named) != set(operation.names):
        raise arguments_invalid(operation)
    return given


def arguments_invalid(operation: Operation) -> StepUpArgumentsInvalid:
    """That the arguments are others than those of the operation, or have another form."""
    return StepUpArgumentsInvalid(
        operation=operation.key, names=", ".join(operation.names) or "none"
    )


def canonical(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as JSON has them, whether they come from a client or from Python."""
    return {name: _plain(value) for name, value in arguments.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {_as_in_api(each.name): _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return canonical(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _as_in_api(name: str) -> str:
    """The name of a field as clients write it: label_zh is labelZh."""
    first, *more = name.split("_")
    return first + "".join(each.title() for each in more)
