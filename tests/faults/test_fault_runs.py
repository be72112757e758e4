"""Real processes under load, killed, restarted and wiped: nothing lost, nothing twice, soon back.

Soon is ten seconds. One recovery of a run may take longer, as far as the machine that is shared with
others held it up; a lease that is too long or a start that waits would hold up all of their kind.
"""

from collections import Counter

import pytest
from tests.faults.fault_run import BACK_SECONDS, HELD_UP_SECONDS, fault_run
from tests.support.fleet import a_fleet, free_port, web, worker
from tests.support.history import Outcome
from tests.support.recording_till import CANARY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

CI = Counter({"kill -9": 10, "Redis wiped": 3, "PostgreSQL restarted": 3})
SOAK = Counter({"kill -9": 100, "Redis wiped": 20, "PostgreSQL restarted": 20})


@pytest.mark.alone
async def test_nothing_is_lost_or_done_twice_and_it_works_again_within_ten_seconds(
    soak: bool,
) -> None:
    programs = {
        "web-1": web(free_port()),
        "web-2": web(free_port()),
        "worker-1": worker(),
        "worker-2": worker(("clock_ahead",)),
    }
    faults = SOAK if soak else CI
    with a_fleet(programs) as fleet:
        report = await fault_run(fleet, faults)
        print(report)  # noqa: T201 (the figures of the run; shown with -s)
        assert report.said == []
        assert {fault: len(times) for fault, times in report.back.items()} == dict(faults)
        late = [each for times in report.back.values() for each in times if each > BACK_SECONDS]
        assert len(late) <= faults.total() // 16, report.back
        assert report.drained < HELD_UP_SECONDS
        assert report.till is not None
        assert report.till.history.count(Outcome.ACKNOWLEDGED) > 100
        assert report.till.history.count(Outcome.REFUSED) > 0
        assert CANARY not in fleet.logs()


@pytest.mark.parametrize(
    ("bent", "finding"),
    [
        ("acknowledges_before_commit", "is lost"),
        ("marks_done_before_effect", "is lost"),
        ("earns_again", "is there and nobody asked for it"),
    ],
)
async def test_a_broken_variant_is_found(bent: str, finding: str) -> None:
    of_web = (bent,) if bent == "acknowledges_before_commit" else ()
    of_worker = () if of_web else (bent,)
    programs = {"web": web(free_port(), of_web), "worker": worker(of_worker)}
    with a_fleet(programs) as fleet:
        victim = "web" if of_web else "worker"
        report = await fault_run(fleet, Counter({f"kill -9 of {victim}": 2}), seed=7)
        assert any(finding in said for said in report.said), report
