"""Market data tasks in real workers: one run at a time, and none that a killed worker loses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.actors.conftest import Call, StartWorker
from tests.integration.actors.worker import Worker
from tests.support.market.redirect import ADDRESS
from tests.support.market.site import MarketSite
from tests.support.workers import until

STOCKS = "Modules.quant.tasks.sync_stock_data"


@pytest.fixture
def site() -> Iterator[MarketSite]:
    """A site that holds back all but its first pages."""
    with MarketSite() as running:
        running.held_after = 3
        running.open.clear()
        yield running


@pytest.fixture
def start(start_worker: StartWorker, site: MarketSite, tmp_path: Path) -> StartWorker:
    def start_redirected() -> Worker:
        variables = {ADDRESS: site.address, "TASKHUB_HOME": str(tmp_path)}
        return start_worker("tests.support.market.redirect", **variables)

    return start_redirected


def asked(site: MarketSite) -> bool:
    return site.asked.total() >= 3


@pytest.mark.timeout(180)
def test_a_second_run_is_skipped_and_names_the_first(
    start: StartWorker, call: Call, site: MarketSite
) -> None:
    start()
    first = call(STOCKS, "quant")
    until(lambda: asked(site), "the first run to read pages", 60)
    second = call(STOCKS, "quant")
    told = second.get(timeout=60)
    assert (told["state"], told["running"]) == ("skipped", first.id)
    site.open.set()
    assert first.get(timeout=90)["inserted"] == 5500
    # The lock went with the first run.
    third = call(STOCKS, "quant").get(timeout=90)
    assert (third["state"], third["unchanged"]) == ("synced", 5500)


@pytest.mark.timeout(240)
def test_a_run_whose_worker_is_killed_is_completed_by_another(
    start: StartWorker, call: Call, site: MarketSite
) -> None:
    worker = start()
    result = call(STOCKS, "quant")
    until(lambda: asked(site), "the run to read pages", 60)
    worker.kill_task_process()
    worker.kill()
    start()
    # It holds its lock still: who comes now is sent away, until it has ended.
    site.open.set()
    told = result.get(timeout=120)
    assert (told["state"], told["inserted"]) == ("synced", 5500)
