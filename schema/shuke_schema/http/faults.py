"""What nobody expected: masked behind an id; and what passes by itself: 503, try again."""

import logging

from starlette.requests import Request
from starlette.responses import Response

from shuke_core.kit.faults import PASSING
from shuke_core.kit.ids import new_id
from shuke_schema.http.answers import JsonAnswer

RETRY_AFTER_SECONDS = 5

log = logging.getLogger("shuke.http")


def code_of(fault: BaseException) -> str:
    """UNAVAILABLE for what passes by itself, INTERNAL for everything else."""
    return "UNAVAILABLE" if isinstance(fault, PASSING) else "INTERNAL"


def logged(fault: BaseException) -> tuple[str, str]:
    """Logs the fault under a new id; returns its code and a sentence that gives nothing away."""
    fault_id, code = new_id(), code_of(fault)
    log.error("%s %s", code, fault_id, exc_info=fault)
    if code == "UNAVAILABLE":
        return code, f"The database can't be used right now; try again. Fault {fault_id}."
    return code, f"Something went wrong here. Fault {fault_id}."


async def answer_fault(_: Request, fault: Exception) -> Response:
    """The answer to an exception that no door has dealt with."""
    code, sentence = logged(fault)
    answer = JsonAnswer(
        {"error": {"code": code, "message": sentence}}, 503 if code == "UNAVAILABLE" else 500
    )
    if code == "UNAVAILABLE":
        answer.headers["retry-after"] = str(RETRY_AFTER_SECONDS)
    return answer
