"""What the state machine draws: messages, names, rates, times."""

from __future__ import annotations

from hypothesis import strategies as st

from taskhub.engine.port.rate_limiter import AT_ONCE, Rate
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan
from tests.contract.model import CHAIN_IDS, QUEUES, TASK_IDS, WORKERS
from tests.contract.stage import LEASE

REVOKER = WORKERS[-1]
#: Times that pass, ms: within, at the end of, and far beyond leases and delays.
STEPS = (1, 40, LEASE // 2, LEASE, 40 * LEASE)
task_ids = st.sampled_from(TASK_IDS)
workers = st.sampled_from(WORKERS[:-1])
queue_lists = st.lists(st.sampled_from(QUEUES), min_size=1, max_size=2, unique=True)
#: Long chains, none of them most of the time.
chains = st.lists(
    st.builds(ChainPlan, st.sampled_from(CHAIN_IDS), st.tuples(st.sampled_from("xyz"))), max_size=1
)
#: None, one in 40 ms, and more than one at once.
rates = st.sampled_from((AT_ONCE, Rate(40_000, 1), Rate(7_000_001, 1), Rate(5_003, 3)))
#: Picks one of what there is.
picks = st.integers(0, 63)


@st.composite
def messages(draw: st.DrawFn, now: int) -> Envelope:
    """Draw a message that is ready, delayed, or was due long ago."""
    due = draw(st.sampled_from(({}, {}, {"delay": 40}, {"delay": LEASE}, {"eta": -1}, {"eta": 40})))
    if "eta" in due:
        due = {"eta": now + due["eta"]}
    return Envelope(
        draw(task_ids),
        draw(st.sampled_from(QUEUES)),
        draw(st.sampled_from((0, 5, 9))),
        f"{draw(picks)}".encode(),
        **due,
    )
