"""Payloads of mutations: expected failures are data, beside what came of the act.

Each domain lists its codes in an enum and names its failure type; what is not listed is thrown and
becomes an error of the whole answer.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Any, Generic, TypeVar

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.idempotency.services import once
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import savepoint
from shuke_core.stepup.errors import ApprovalRequired, StepUpRequired
from shuke_schema.context import ShukeInfo
from shuke_schema.rights import shows

Code = TypeVar("Code", bound=Enum)
Failed = TypeVar("Failed", bound="Failure[Any]")
Result = TypeVar("Result")


_ASKED_AGAIN = {StepUpRequired.code, ApprovalRequired.code}


@shows(FieldClass.PUBLIC)
@strawberry.type
class Failure(Generic[Code]):
    """Why an act was refused. `path` leads to the argument at fault; empty: to none alone."""

    code: Code
    message: str = strawberry.field(description="For a person to read; it may change.")
    path: list[str] = strawberry.field(description="The argument at fault.")


class Failures(Generic[Failed]):
    """The expected failures of a domain's mutations: their type, codes, and arguments at fault."""

    def __init__(
        self, kind: type[Failed], codes: type[Enum], paths: Mapping[str, str] | None = None
    ) -> None:
        self._kind, self._codes, self._paths = kind, codes, paths or {}
        self._known = {each.value for each in codes}

    async def attempt(
        self, act: Callable[[], Awaitable[Result]]
    ) -> tuple[Result | None, list[Failed]]:
        """What came of the act, or why it was refused; then nothing of it stays."""
        try:
            async with savepoint():
                return await act(), []
        except ShukeError as refused:
            if refused.code not in self._known:
                raise
            return None, [self._failure(refused.code, str(refused))]

    async def attempt_once(
        self,
        info: ShukeInfo,
        key: str,
        arguments: Mapping[str, Any],
        act: Callable[[], Awaitable[Mapping[str, Any]]],
    ) -> tuple[Mapping[str, Any] | None, list[Failed]]:
        """The same under an idempotency key: `act` happens once and is answered alike.

        That a grant is missing is no outcome: the same is asked again with one.
        """
        outcome, failures = await self.attempt(
            lambda: once(
                info.context.caller,
                info.field_name,
                key,
                arguments,
                act,
                refusals=self._known - _ASKED_AGAIN,
            )
        )
        if outcome is None:
            return None, failures
        if outcome.code is not None:
            return None, [self._failure(outcome.code, outcome.sentence or "")]
        return outcome.result, []

    def of(self, refused: ShukeError) -> Failed:
        """A refusal that was answered rather than raised; one that is not listed is raised here."""
        if refused.code not in self._known:
            raise refused
        return self._failure(refused.code, str(refused))

    def _failure(self, code: str, sentence: str) -> Failed:
        path = self._paths.get(code)
        return self._kind(code=self._codes(code), message=sentence, path=[path] if path else [])
