"""Every number that a process tells Prometheus, declared in one place.

Labels are bounded by the program: audiences, topics, plugins, trusted documents, and so many others
that come again. No tenant, no person and no address is ever a label.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import Counter, Gauge, Histogram, Summary, disable_created_metrics

MOST_OPERATIONS = 200
_MOST_SEEN_ONCE = 1000
OTHER = "other"
_FAST = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

disable_created_metrics()

REQUESTS = Histogram(
    "shuke_request_seconds",
    "Requests by audience (member, staff, hooks, other) and class of status.",
    ["audience", "status"],
    buckets=_FAST,
)
OPERATIONS = Summary(
    "shuke_operation_seconds",
    "GraphQL operations by audience and the digest of their document; the rest are other.",
    ["audience", "operation"],
)
SOCKETS = Gauge("shuke_sockets", "Open WebSockets by audience.", ["audience"])
POOL_WAIT = Histogram(
    "shuke_pool_wait_seconds", "Waiting for a connection to the database.", buckets=_FAST
)
LOOP_LAG = Histogram(
    "shuke_loop_lag_seconds", "How late the event loop comes to what is due.", buckets=_FAST
)
ROW_SECURITY_DENIALS = Counter(
    "shuke_row_security_denials",
    "Statements that PostgreSQL refused for want of rights: a fault, or an attack.",
)
PHONE_SEARCHES = Counter("shuke_phone_searches", "Look-ups of members by phone, by staff.")
PHONE_SEARCHES_UNUSUAL = Counter(
    "shuke_phone_searches_unusual",
    "Times that somebody came to another hundred look-ups by phone within an hour: an alarm.",
)
HOOK_FAULTS = Counter(
    "shuke_hook_faults", "Failures of plugins that were contained.", ["plugin", "hook"]
)
CAMPAIGNS_UNKNOWN = Counter(
    "shuke_campaigns_unknown",
    "Tickets that named a campaign which there is not: kept as sales of none.",
)
BATCHES = Counter(
    "shuke_batches", "Batches of the worker by topic and outcome.", ["topic", "outcome"]
)
OUTBOX_OLDEST = Gauge(
    "shuke_outbox_oldest_seconds",
    "Age of the oldest event without a position; 0 when there is none.",
)
INBOX_LAG = Gauge(
    "shuke_inbox_lag_seconds", "How long the longest waiting message has been due; 0 when none is."
)
WAITING = Gauge("shuke_waiting", "Rows that wait, by kind.", ["kind"])
DEAD = Gauge("shuke_dead", "Dead letters, by kind; `shuke tenant dead` has the reasons.", ["kind"])
SCHEDULES_LATE = Gauge(
    "shuke_schedules_late_seconds", "How late the latest schedule is; 0 when none is overdue."
)
GAUGES_READ = Gauge("shuke_gauges_read_timestamp", "When the gauges of queues were last read.")
LEDGER_VERIFIED = Counter(
    "shuke_ledger_accounts_verified", "Accounts that the sampler derived anew."
)
LEDGER_DIFFERENCES = Counter(
    "shuke_ledger_differences", "Differences that the sampler found. Any is an alarm."
)

_operations: set[str] = set()
_seen_once: dict[str, None] = {}  # the latest, in their order


def bounded_operation(digest: str, *, is_trusted: bool) -> str:
    """The digest as a label, or `other`.

    A trusted document always has its label: there are as many as manifests name. Others get one at
    their second use, two hundred of them: who makes up a document each time takes none away.
    """
    if is_trusted or digest in _operations:
        return digest
    if digest in _seen_once and len(_operations) < MOST_OPERATIONS:
        del _seen_once[digest]
        _operations.add(digest)
        return digest
    _seen_once[digest] = None
    if len(_seen_once) > _MOST_SEEN_ONCE:
        del _seen_once[next(iter(_seen_once))]
    return OTHER


@contextmanager
def timing(histogram: Histogram) -> Iterator[None]:
    """Observes how long the block takes, whether it fails or not."""
    start = perf_counter()
    try:
        yield
    finally:
        histogram.observe(perf_counter() - start)
