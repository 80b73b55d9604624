"""Market data tasks in real workers: one run at a time, and none that a killed worker loses."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskhub.actors.quant import QuantSettings
from taskhub.actors.quant.storage.store import MarketStore
from taskhub.exceptions import ChordError
from tests.integration.actors.conftest import Call, StartWorker
from tests.integration.actors.worker import Worker
from tests.support.environment import read
from tests.support.market.made_up import BROKEN, GATE, MadeUpSource, asked_at
from tests.support.workers import until

DAILY = "Modules.quant.tasks.sync_daily_data"
KLINES = "Modules.quant.tasks.sync_all_kline_data"
STOCKS = "Modules.quant.tasks.sync_stock_data"


def variables(home: Path) -> dict[str, str]:
    """A worker's environment: a source that needs no akshare, which takes seconds to import."""
    source = f"{MadeUpSource.__module__}:{MadeUpSource.__name__}"
    return {"TASKHUB_QUANT_SOURCE": source, "TASKHUB_HOME": str(home)}


@pytest.mark.timeout(240)
def test_one_run_at_a_time_which_a_killed_worker_does_not_end(
    start_worker: StartWorker, call: Call, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"

    def start() -> Worker:
        return start_worker(**variables(tmp_path), **{GATE: str(gate)})

    def skipped() -> None:
        told = call(STOCKS, "quant").get(timeout=60)
        assert (told["state"], told["running"]) == ("skipped", first.id)

    worker = start()
    first = call(STOCKS, "quant")
    until(asked_at(gate).exists, "the first run to ask", 60)
    skipped()
    worker.kill_task_process()
    worker.kill()
    start()
    # It holds its lock still: who comes now is sent away.
    skipped()
    gate.touch()
    told = first.get(timeout=120)
    assert (told["state"], told["inserted"]) == ("synced", 4)
    # The lock went with the first run.
    again = call(STOCKS, "quant").get(timeout=90)
    assert (again["state"], again["unchanged"]) == ("synced", 4)


@pytest.mark.timeout(120)
def test_a_canvas_that_breaks_off_is_noted_and_keeps_nobody_out(
    start_worker: StartWorker, call: Call, tmp_path: Path
) -> None:
    start_worker(**variables(tmp_path))
    good, bad = ["600000.SH", "600001.SH"], ["600000.SH", BROKEN]
    day, lines = (call(task, "quant", codes=bad) for task in (DAILY, KLINES))
    with MarketStore(read(QuantSettings, {}, home=tmp_path)) as store:
        for kind, broken in (("daily", day), ("bars", lines)):
            with pytest.raises(ChordError, match="no error of market data"):
                broken.get(timeout=60)
            noted = until(lambda kind=kind: store.log_entries(kind), f"the note of {kind}", 60)
            assert [(entry["state"], entry["task_id"]) for entry in noted] == [
                ("failed", broken.id)
            ]
            assert "it broke off: " in noted[0]["remark"]
        # The same once more: nobody is at it any longer.
        with pytest.raises(ChordError):
            call(KLINES, "quant", codes=bad).get(timeout=60)
        told = call(DAILY, "quant", codes=good).get(timeout=60)
        assert (told["state"], told["inserted"]) == ("synced", 1)
        assert store.log_entries("daily")[0]["state"] == "synced"
