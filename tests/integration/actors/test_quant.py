"""Market data tasks in real workers: one run at a time, and none that a killed worker loses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskhub.exceptions import ChordError
from taskhub.quant import QuantSettings
from taskhub.quant.storage.store import MarketStore
from tests.integration.actors.conftest import Call, StartWorker
from tests.integration.actors.worker import Worker
from tests.support.market.made_up import BROKEN, MadeUpSource
from tests.support.market.redirect import ADDRESS
from tests.support.market.site import Market, MarketSite
from tests.support.workers import until

DAILY = "Modules.quant.tasks.sync_daily_data"
KLINES = "Modules.quant.tasks.sync_all_kline_data"
STOCKS = "Modules.quant.tasks.sync_stock_data"


@pytest.fixture
def site() -> Iterator[MarketSite]:
    """A site that holds back all but its first pages."""
    market = Market()
    market.stocks = market.stocks[:600]
    with MarketSite(market) as running:
        running.held_after = 3
        running.open.clear()
        yield running


@pytest.mark.timeout(240)
def test_one_run_at_a_time_which_a_killed_worker_does_not_end(
    start_worker: StartWorker, call: Call, site: MarketSite, tmp_path: Path
) -> None:
    def start() -> Worker:
        variables = {ADDRESS: site.address, "TASKHUB_HOME": str(tmp_path)}
        return start_worker("tests.support.market.redirect", **variables)

    def skipped() -> None:
        told = call(STOCKS, "quant").get(timeout=60)
        assert (told["state"], told["running"]) == ("skipped", first.id)

    worker = start()
    first = call(STOCKS, "quant")
    until(lambda: site.asked.total() >= 3, "the first run to read pages", 60)
    skipped()
    worker.kill_task_process()
    worker.kill()
    start()
    # It holds its lock still: who comes now is sent away.
    skipped()
    site.open.set()
    told = first.get(timeout=120)
    assert (told["state"], told["inserted"]) == ("synced", 600)
    # The lock went with the first run.
    again = call(STOCKS, "quant").get(timeout=90)
    assert (again["state"], again["unchanged"]) == ("synced", 600)


@pytest.mark.timeout(120)
def test_a_canvas_that_breaks_off_is_noted_and_keeps_nobody_out(
    start_worker: StartWorker, call: Call, tmp_path: Path
) -> None:
    source = f"{MadeUpSource.__module__}:{MadeUpSource.__name__}"
    start_worker(TASKHUB_QUANT_SOURCE=source, TASKHUB_HOME=str(tmp_path))
    good, bad = ["600000.SH", "600001.SH"], ["600000.SH", BROKEN]
    day, lines = (call(task, "quant", codes=bad) for task in (DAILY, KLINES))
    with MarketStore(QuantSettings.from_environment({}, home=tmp_path)) as store:
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
