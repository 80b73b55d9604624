"""A day's market data, all the way: a worker, the call by its name, the database, and what the command line shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.command import ROOT, Commands
from tests.support.market.redirect import ADDRESS
from tests.support.market.site import Market, MarketSite
from tests.support.servers import Server, start_valkey

DAILY = "Modules.quant.tasks.sync_daily_data"
STOCKS = "Modules.quant.tasks.sync_stock_data"
CODES = ("600000.SH", "000001.SZ", "300001.SZ", "920001.BJ")
#: Limits of their own, so that the parts of a canvas do not wait for a public site's sake.
SETTINGS = """
include = ["tests.support.market.redirect"]
task_annotations = {
    "Modules.quant.tasks.sync_kline_data": {"rate_limit": None},
    "Modules.quant.tasks.sync_board_members": {"rate_limit": None},
}
"""


@pytest.fixture
def site() -> Iterator[MarketSite]:
    market = Market()
    market.industries, market.concepts = market.industries[:12], market.concepts[:15]
    with MarketSite(market) as running:
        yield running


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_valkey(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture
def commands(tmp_path: Path, store: Server, site: MarketSite) -> Iterator[Commands]:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "market_settings.py").write_text(SETTINGS)
    path = f"{ROOT / 'src'}:{ROOT}:{tmp_path}"
    variables = {
        "TASKHUB_BROKER_URL": store.url,
        "TASKHUB_CONFIG": "market_settings",
        "PYTHONPATH": path,
        ADDRESS: site.address,
    }
    found = Commands(tmp_path, variables)
    yield found
    found.stop_all()


@pytest.mark.timeout(300)
def test_a_day_is_synchronised_recorded_and_shown(
    commands: Commands, site: MarketSite, tmp_path: Path
) -> None:
    commands.start("worker", "-c", "1", "-t", "4", "-Q", "quant").wait_for("ready")

    called = commands.run(
        "call", DAILY, "--kwargs", json.dumps({"codes": CODES}), "--wait", "--json", timeout=200
    )
    assert called.returncode == 0, called.stderr
    told = json.loads(called.stdout)
    result = told["result"]
    assert (result["kind"], result["state"]) == ("daily", "synced"), result
    assert {part["kind"]: part["received"] for part in result["parts"]}["stocks:cn"] == 5500
    kinds = {part["kind"] for part in result["parts"]}
    assert kinds == {
        *("stocks:cn", "industries", "concepts"),
        *("industry members", "concept members", "bars"),
    }

    shown = commands.run("quant", "status", "--json")
    tables = {line["table"]: line for line in map(json.loads, shown.stdout.splitlines())}
    assert tables["stocks:cn"]["rows"] == 5500
    assert (tables["industries"]["rows"], tables["concepts"]["rows"]) == (12, 15)
    assert tables["bars"]["latest"] == str(site.market.today)
    assert 0 <= tables["bars"]["age_seconds"] < 300
    assert all(line["synced_at"] for line in tables.values())

    drawn = commands.run("quant", "plot", "600000", "-o", "candles.png")
    assert drawn.returncode == 0, drawn.stderr
    assert (tmp_path / "candles.png").read_bytes().startswith(b"\x89PNG")
    healthy = commands.run("doctor", "--json")
    checks = {line["subject"]: line for line in map(json.loads, healthy.stdout.splitlines())}
    assert checks["market data"]["level"] == "ok"


@pytest.mark.timeout(300)
def test_progress_is_followed_page_by_page(commands: Commands, site: MarketSite) -> None:
    commands.start("worker", "-c", "1", "-t", "2", "-Q", "quant").wait_for("ready")
    site.held_after = 20
    site.open.clear()
    task_id = commands.run("call", STOCKS).stdout.strip()
    following = commands.start("result", task_id, "--follow", "--json")
    following.wait_for("/55  stock_zh_a_spot_em")
    site.open.set()

    assert following.wait(120) == 0
    assert json.loads(following.output.splitlines()[-1])["result"]["inserted"] == 5500
    assert "PROGRESS  5500/5500  writing" in following.output
