"""A day's market data, all the way: `taskhub up`, the call, its progress, the database, the daily report, a chart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import ROOT, Commands
from tests.support.market.redirect import ADDRESS
from tests.support.market.site import Market, MarketSite

DAILY = "Modules.quant.tasks.sync_daily_data"
REPORT = "Modules.admin.tasks.default_tasks.send_daily_report"
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
    market.stocks = market.stocks[:2500]
    market.industries, market.concepts = market.industries[:4], market.concepts[:5]
    with MarketSite(market) as running:
        # What comes after the first pages is held back until the test has looked.
        running.held_after = 10
        running.open.clear()
        yield running


@pytest.fixture
def commands(tmp_path: Path, site: MarketSite) -> Iterator[Commands]:
    """A directory of a project, with nothing configured but where the market is."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "market_settings.py").write_text(SETTINGS)
    path = f"{ROOT / 'src'}:{ROOT}:{tmp_path}"
    variables = {
        "TASKHUB_CONFIG": "market_settings",
        "TASKHUB_REPORT_RECIPIENTS": "operators@example.com",
        "TASKHUB_REPORT_STOCKS": "600000, 920001.BJ, 00700.HK",
        "PYTHONPATH": path,
        ADDRESS: site.address,
    }
    found = Commands(tmp_path, variables)
    yield found
    found.stop_all()


def lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.timeout(500)
def test_a_day_is_synchronised_followed_recorded_and_shown(
    commands: Commands, site: MarketSite, tmp_path: Path
) -> None:
    # Drawing and akshare take seconds of a processor that others may be using.
    run = partial(commands.run, timeout=150)
    commands.start("up", "-c", "1", "-t", "4").wait_for("Ctrl-C stops it.")
    day = json.dumps({"codes": CODES})
    task_id = run("call", DAILY, "--kwargs", day).stdout.strip()
    following = commands.start("result", task_id, "--follow", "--json")
    following.wait_for("/25  stock_zh_a_spot_em")

    # The same day a second time, while the first goes on in parts.
    second = run("call", DAILY, "--kwargs", day, "--wait", "--json")
    (told,) = lines(second.stdout)
    assert (told["result"]["state"], told["result"]["running"]) == ("skipped", task_id)

    site.open.set()
    assert following.wait(200) == 0, following.output
    parts = 4 + 5 + len(CODES)
    assert f"PROGRESS  {parts}/{parts}  bars" in following.output
    result = json.loads(following.output.splitlines()[-1])["result"]
    assert (result["kind"], result["state"]) == ("daily", "synced"), result
    assert {part["kind"] for part in result["parts"]} == {
        *("stocks:cn", "industries", "concepts"),
        *("industry members", "concept members", "bars"),
    }

    tables = {line["table"]: line for line in lines(run("quant", "status", "--json").stdout)}
    assert tables["stocks:cn"]["rows"] == 2500
    assert (tables["industries"]["rows"], tables["concepts"]["rows"]) == (4, 5)
    assert tables["bars"]["latest"] == str(site.market.today)
    assert 0 <= tables["bars"]["age_seconds"] < 300
    assert all(line["synced_at"] for line in tables.values())

    (reported,) = lines(run("call", REPORT, "--wait", "--json").stdout)
    written = Path(reported["result"]["mail"]["destination"]).read_bytes()
    message = message_from_bytes(written, policy=default)
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    told = text.get_content().splitlines()
    (line,) = [line for line in told if "stocks:cn" in line]
    assert "2500" in line.replace(",", "")
    # Two stocks with candles, and one whose K-lines nobody has.
    candles = ["stock-600000.SH", "stock-920001.BJ"]
    charts = reported["result"]["charts"]
    assert [name for name in charts if name.startswith("stock-")] == candles
    images = {
        str(part["Content-ID"]).strip("<>"): part.get_payload(decode=True)
        for part in message.walk()
        if part.get_content_maintype() == "image"
    }
    assert sorted(images) == charts
    for name in candles:
        assert f'src="cid:{name}"' in html.get_content()
        assert images[name].startswith(b"\x89PNG")
    (line,) = [line for line in told if line.startswith("- 600000.SH 浦发银行")]
    assert str(site.market.today) in line
    (line,) = [line for line in told if line.startswith("- 00700.HK")]
    assert "没有 K 线数据" in line

    drawn = run("quant", "plot", "600000", "-o", "candles.png")
    assert drawn.returncode == 0, drawn.stderr
    assert (tmp_path / "candles.png").read_bytes().startswith(b"\x89PNG")
    checks = {line["subject"]: line for line in lines(run("doctor", "--json").stdout)}
    assert checks["market data"]["level"] == "ok"
