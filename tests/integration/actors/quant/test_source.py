"""Akshare's own functions against a web site that answers like theirs, in good times and bad."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from taskhub.actors.quant import (
    BoardKind,
    InvalidRequestError,
    Market,
    MarketData,
    QuantSettings,
    SourceSchemaError,
    SourceUnavailableError,
    SuspiciousAnswerError,
)
from tests.support.environment import read
from tests.support.market.site import MarketSite


@pytest.fixture
def data(site: MarketSite, tmp_path: Path) -> Iterator[MarketData]:
    with MarketData(read(QuantSettings, {}, home=tmp_path)) as opened:
        yield opened


def test_all_stocks_are_read_over_pages_with_their_oddities(
    data: MarketData, site: MarketSite
) -> None:
    steps: list[tuple[int, int, str]] = []
    report = data.sync_stocks(Market.CN, lambda *step: steps.append(step))

    assert (report.received, report.inserted, report.source) == (
        5500,
        5500,
        "akshare stock_zh_a_spot_em",
    )
    assert report.warnings == ()
    assert site.asked["stocks"] == 55
    assert steps[0] == (1, 55, "stock_zh_a_spot_em")
    assert steps[-1] == (5500, 5500, "writing")
    quote = site.market.quote("600000", "浦发银行")
    found = _stock(data, "600000.SH")
    assert found["price"] == quote["f2"]
    assert found["volume"] == 100 * quote["f5"]
    assert (found["turnover"], found["pe"], found["market_value"]) == (
        quote["f6"],
        quote["f9"],
        quote["f20"],
    )
    assert (found["exchange"], found["currency"], found["is_st"]) == ("SH", "CNY", False)
    assert _stock(data, "000002.SZ")["name"] == "万科Ａ"
    under_treatment = ("600001.SH", "600003.SH", "000003.SZ")
    assert all(_stock(data, code)["is_st"] for code in under_treatment)
    suspended = _stock(data, "600001.SH")
    assert (suspended["is_suspended"], suspended["price"], suspended["volume"]) == (
        True,
        None,
        None,
    )
    assert _stock(data, "920001.BJ")["exchange"] == "BJ"


def test_other_markets(data: MarketData) -> None:
    assert data.sync_stocks(Market.HK).inserted == 300
    assert data.sync_stocks(Market.US).inserted == 300
    found = _stock(data, "00007.HK")
    assert (found["currency"], found["exchange"], found["symbol"]) == ("HKD", "HK", "00007")
    assert {_stock(data, code)["exchange"] for code in ("TAA.US", "TBA.US", "TCA.US")} == {
        "NASDAQ",
        "NYSE",
        "AMEX",
    }


def test_boards_and_members(data: MarketData, site: MarketSite) -> None:
    assert data.sync_boards(BoardKind.INDUSTRY).inserted == 86
    assert data.sync_boards(BoardKind.CONCEPT).inserted == 420
    # Akshare would go on telling what it was told first.
    site.market.concepts.append(("BK2000", "新概念"))
    assert data.sync_boards(BoardKind.CONCEPT).inserted == 1
    assert data.sync_members(BoardKind.INDUSTRY, "BK0400").inserted == 250
    assert data.sync_members(BoardKind.INDUSTRY, "BK0485").received == 0
    assert len(data.store.members(BoardKind.INDUSTRY, "BK0400")) == 250
    with pytest.raises(InvalidRequestError, match="'小金属' is not the code of a board"):
        data.sync_members(BoardKind.INDUSTRY, "小金属")


def test_bars_are_read_on_from_the_last_day(data: MarketData, site: MarketSite) -> None:
    site.market.today -= timedelta(7)
    first = data.sync_bars("600000", end=site.market.today)
    site.market.today += timedelta(7)
    second = data.sync_bars("600000.SH", end=site.market.today)
    # The last day is read again: it may not have been over.
    assert (second.received, second.inserted, second.unchanged) == (6, 5, 1)
    assert first.inserted > 150
    latest = data.store.bars("600000.SH", limit=1)[0]
    assert (latest.day, latest.volume % 100) == (date(2024, 6, 28), 0)
    adjusted = data.sync_bars("600000.SH", adjust="qfq", end=site.market.today)
    assert adjusted.kind == "bars:600000.SH:qfq"
    assert adjusted.inserted == adjusted.received > 150
    unlisted = data.sync_bars("600009.SH", start=date(1999, 1, 1), end=date(1999, 2, 1))
    assert (unlisted.state, unlisted.received) == ("synced", 0)
    for code, wrong in (("00700.HK", {}), ("600000.SH", {"adjust": "x"}), ("nobody", {})):
        with pytest.raises(InvalidRequestError):
            data.sync_bars(code, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("trouble", ["429*", "503*", "drop*", "break*", "html*"])
def test_what_may_pass_is_told_apart_and_noted(
    data: MarketData, site: MarketSite, trouble: str
) -> None:
    data.sync_boards(BoardKind.INDUSTRY)
    site.troubles["industries"] = [trouble]
    with pytest.raises(SourceUnavailableError, match="stock_board_industry_name_em"):
        data.sync_boards(BoardKind.INDUSTRY)
    noted, _ = data.store.log_entries("industries")
    assert (noted["state"], noted["received"]) == ("failed", 0)
    assert "stock_board_industry_name_em" in noted["remark"]
    assert len(data.store.board_codes(BoardKind.INDUSTRY)) == 86


@pytest.mark.parametrize("trouble", ["429*", "drop*", "break*", "html*"])
def test_troubles_with_klines_may_pass_too_and_keep_what_is_there(
    data: MarketData, site: MarketSite, trouble: str
) -> None:
    data.sync_bars("600000", start=date(2024, 6, 20), end=site.market.today)
    # Akshare asks once only for K-lines.
    site.troubles["bars"] = [trouble]
    with pytest.raises(SourceUnavailableError, match="stock_zh_a_hist"):
        data.sync_bars("600000", end=site.market.today)
    assert len(data.store.bars("600000.SH")) == 7
    assert [entry["state"] for entry in data.store.log_entries("bars:600000.SH")] == [
        "failed",
        "synced",
    ]


def test_fields_that_have_moved_are_not_taken_for_codes(data: MarketData, site: MarketSite) -> None:
    """Akshare names columns by their place: a field that moves would pass for another."""
    site.troubles["hk"] = ["moved*"]
    with pytest.raises(SourceSchemaError, match=r"codes that are none, e\.g\. 港股"):
        data.sync_stocks(Market.HK)


def test_a_passing_trouble_in_the_middle_is_akshares_matter(
    data: MarketData, site: MarketSite
) -> None:
    site.troubles["concepts"] = ["", "drop", "429", ""]
    assert data.sync_boards(BoardKind.CONCEPT).received == 420


def test_throttled_in_the_middle_nothing_is_half_written(
    data: MarketData, site: MarketSite
) -> None:
    data.sync_boards(BoardKind.CONCEPT)
    site.market.day = 1
    site.troubles["concepts"] = ["", "", "429*"]
    with pytest.raises(SourceUnavailableError, match="HTTP 429"):
        data.sync_boards(BoardKind.CONCEPT)
    site.troubles.clear()
    assert data.sync_boards(BoardKind.CONCEPT).updated == 420


def test_changed_columns_are_no_matter_for_trying_again(data: MarketData, site: MarketSite) -> None:
    site.troubles["industries"] = ["columns*"]
    with pytest.raises(SourceSchemaError, match="install a newer akshare"):
        data.sync_boards(BoardKind.INDUSTRY)


@pytest.mark.parametrize("trouble", ["null*", "empty*"])
def test_an_empty_answer_fails_with_the_figures(
    data: MarketData, site: MarketSite, trouble: str
) -> None:
    data.sync_boards(BoardKind.INDUSTRY)
    site.troubles["industries"] = [trouble]
    with pytest.raises(SuspiciousAnswerError, match="no rows, last time there were 86"):
        data.sync_boards(BoardKind.INDUSTRY)


def test_the_other_site_is_asked_and_hides_no_stock(data: MarketData, site: MarketSite) -> None:
    site.market.stocks = site.market.stocks[:240]
    data.sync_stocks(Market.CN)
    before = _stock(data, "600000.SH")
    site.market.stocks, site.market.day = site.market.stocks[:200], 1
    site.troubles["stocks"] = ["429*"]
    report = data.sync_stocks(Market.CN)

    assert (report.source, report.received, report.removed) == ("akshare stock_zh_a_spot", 200, 0)
    assert "HTTP 429" in report.warnings[0]
    after = _stock(data, "600000.SH")
    quote = site.market.quote("600000", "")
    # That site counts shares; what it does not tell stays.
    assert (after["price"], after["volume"]) == (quote["f2"], 100 * quote["f5"])
    assert (after["pe"], after["market_value"]) == (before["pe"], before["market_value"])
    assert _stock(data, "600001.SH")["is_suspended"] is True

    site.troubles["sina"] = ["drop*"]
    with pytest.raises(SourceUnavailableError, match=r"stock_zh_a_spot_em .*; stock_zh_a_spot "):
        data.sync_stocks(Market.CN)


def _stock(data: MarketData, code: str) -> dict[str, Any]:
    found = data.store.stock(code)
    assert found is not None, code
    return found
