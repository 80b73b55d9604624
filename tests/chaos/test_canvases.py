"""500 canvases of every shape while worker processes are killed at random: what must happen once happens once.

Bodies run at least once, so what they note does not tell how often their consequences were written.
What is counted is what the store has applied: the publications and endings in its append-only file
(see `ledger`). Every call has a label of its own, and all that the model expects of a label is one
publication for each try. A second one would show whatever it looked like: under a new id, as
another entry of the same label; under the same id, as another entry, too, and as a second run with
the number of a first delivery.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import failure_injection
from tests.chaos.run import Scale, run
from tests.chaos.workload import Rates

# Half a minute on two idle cores, several times as long on busy ones; what hangs is found by the
# run's own patience.
pytestmark = pytest.mark.timeout(300)

CANVASES = Scale(
    seed=1,
    canvases=500,
    faults=16,
    interval=0.6,
    kinds={failure_injection.WORKER_KILLED: 1},
    rates=Rates(retries=0.1, fails=0.07, replaced=0.08, dies=0.002, single=0.1),
)


def test_every_consequence_is_written_once_while_workers_are_killed(tmp_path: Path) -> None:
    record = run(CANVASES, tmp_path)
    assert record.problems == []
    assert record.canvases == CANVASES.canvases
    # Kills have hit what was running.
    assert len(record.injected) >= CANVASES.faults // 2
    assert record.redelivered > 0
