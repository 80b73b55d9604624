"""What callers see of the market data tasks, run at once in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from taskhub import Celery, states
from taskhub.actors.quant import (
    InvalidRequestError,
    QuantConfigurationError,
    QuantError,
    QuantNotInstalledError,
    SourceUnavailableError,
    UnknownCodeError,
)
from taskhub.exceptions import SoftTimeLimitExceeded
from tests.support.market.made_up import SLOW, MadeUpSource
from tests.support.market.redirect import ADDRESS, redirect
from tests.support.market.site import MarketSite


@pytest.fixture
def site(app: Celery, monkeypatch: pytest.MonkeyPatch) -> Iterator[MarketSite]:
    for name in ("DATABASE_URL", "SOURCE", "TIMEOUT", "HISTORY_START", "FONT"):
        monkeypatch.delenv(f"TASKHUB_QUANT_{name}", raising=False)
    with MarketSite() as running:
        running.market.stocks = running.market.stocks[:150]
        running.market.industries = running.market.industries[:3]
        running.market.concepts = running.market.concepts[:2]
        monkeypatch.setenv(ADDRESS, running.address)
        redirect()
        yield running


def test_lists_are_synchronised_and_told_as_plain_values(site: MarketSite) -> None:
    from taskhub.actors import sync_concept_data, sync_industry_data, sync_stock_data

    told = sync_stock_data.delay().get()
    assert (told["kind"], told["state"], told["inserted"]) == ("stocks:cn", "synced", 150)
    assert sync_stock_data.delay(market="HK").get()["kind"] == "stocks:hk"
    assert sync_industry_data.delay().get()["inserted"] == 3
    assert sync_concept_data.delay().get()["inserted"] == 2


def test_throttling_is_tried_again_and_other_troubles_are_not(site: MarketSite) -> None:
    from taskhub.actors import sync_industry_data

    # Akshare asks three times by itself; run at once, retries do not wait.
    site.troubles["industries"] = ["429"] * 3 + ["drop"] * 3
    assert sync_industry_data.delay().get()["inserted"] == 3
    assert site.asked["industries"] == 7
    site.asked.clear()
    site.troubles["industries"] = ["429*"]
    ended = sync_industry_data.delay()
    assert isinstance(ended.result, SourceUnavailableError)
    assert site.asked["industries"] == 3 * (1 + 5)
    site.asked.clear()
    site.troubles["industries"] = ["columns*"]
    assert sync_industry_data.delay().state == states.FAILURE
    assert site.asked["industries"] == 1


def test_members_and_klines_of_all_are_groups_that_tell_their_sum(site: MarketSite) -> None:
    from taskhub.actors import (
        sync_all_kline_data,
        sync_industry_data,
        sync_industry_members,
        sync_stock_data,
    )

    assert isinstance(sync_industry_members.delay().result, UnknownCodeError)
    assert isinstance(sync_all_kline_data.delay().result, UnknownCodeError)
    sync_industry_data.delay()
    sync_stock_data.delay()
    members = sync_industry_members.delay().get()
    assert (members["kind"], members["state"]) == ("industry members", "synced")
    assert members["inserted"] == members["received"] > 30
    codes = ["600000.SH", "000001.SZ"]
    klines = sync_all_kline_data.delay(codes, start="2024-06-01").get()
    assert (klines["kind"], klines["inserted"]) == ("bars", 2 * 20)


def test_a_part_that_fails_does_not_stop_the_day(site: MarketSite) -> None:
    from taskhub.actors import services, sync_daily_data

    site.troubles["concepts"] = ["columns*"]
    told = sync_daily_data.delay(codes=["600000.SH"], members=False).get()
    assert (told["state"], told["failures"]) == ("partly", 1)
    assert "concepts" in told["failed"]
    assert [part["kind"] for part in told["parts"]] == [
        "stocks:cn",
        "industries",
        "concepts",
        "bars",
    ]
    noted = services.market_data().store.log_entries("daily")
    assert [entry["state"] for entry in noted] == ["partly"]


def test_a_day_on_which_all_fails_is_a_failure_and_recorded(site: MarketSite) -> None:
    from taskhub.actors import services, sync_daily_data

    site.troubles = {kind: ["columns*"] for kind in ("stocks", "concepts", "industries")}
    site.troubles["sina"] = ["html*"]
    ended = sync_daily_data.delay(codes=[])
    assert isinstance(ended.result, QuantError)
    assert "all of 3 parts failed" in str(ended.result)
    assert services.market_data().store.log_entries("daily")[0]["state"] == "failed"


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("sync_stock_data", {"market": "uk"}, "market: 'uk' is not known"),
        ("sync_kline_data", {"code": "x"}, "'x' is not the code of a security"),
        ("sync_kline_data", {"code": "600000", "start": "soon"}, "start: 'soon' is not a day"),
        ("sync_kline_data", {"code": "600000", "adjust": "x"}, "adjust: 'x' is not known"),
        ("sync_kline_data", {"code": "00700.HK"}, "mainland's stocks only"),
        ("sync_board_members", {"kind": "x", "board": "BK1"}, "kind: 'x' is not known"),
        ("sync_board_members", {"kind": "concept", "board": "x"}, "not the code of a board"),
        ("sync_all_kline_data", {"codes": ["x"]}, "'x' is not the code of a security"),
        ("sync_all_kline_data", {"codes": []}, "the list of what to synchronise is empty"),
        ("sync_all_kline_data", {"adjust": "x"}, "adjust: 'x' is not known"),
        ("sync_industry_members", {"industries": ["x"]}, "not the code of a board"),
        ("sync_daily_data", {"codes": ["x"]}, "'x' is not the code of a security"),
    ],
)
def test_mistakes_are_named(
    site: MarketSite, name: str, arguments: dict[str, Any], told: str
) -> None:
    from taskhub import actors

    ended = getattr(actors, name).delay(**arguments)
    assert isinstance(ended.result, InvalidRequestError), ended.result
    assert told in str(ended.result)
    assert not site.asked


@pytest.mark.parametrize("missing", ["sqlalchemy", "akshare"])
def test_without_the_extra_the_line_says_what_to_install(
    app: Celery, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    from taskhub.actors import sync_stock_data

    monkeypatch.delenv("TASKHUB_QUANT_DATABASE_URL", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    ended = sync_stock_data.delay()
    assert isinstance(ended.result, QuantNotInstalledError)
    assert str(ended.result) == (
        f"market data needs {missing}, which is not installed: install the extra "
        "taskhub-core[quant]"
    )


def test_a_part_that_takes_too_long_is_told_and_a_call_fails(
    app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    from taskhub.actors import sync_kline_data

    source = f"{MadeUpSource.__module__}:{MadeUpSource.__name__}"
    monkeypatch.setenv("TASKHUB_QUANT_SOURCE", source)
    part = sync_kline_data.delay(SLOW, tolerate=True).get()
    assert (part["state"], part["error"]) == ("failed", "it took longer than 240 s")
    assert isinstance(sync_kline_data.delay(SLOW).result, SoftTimeLimitExceeded)


def test_a_wrong_setting_is_named(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    from taskhub.actors import sync_stock_data

    monkeypatch.setenv("TASKHUB_QUANT_TIMEOUT", "soon")
    assert isinstance(sync_stock_data.delay().result, QuantConfigurationError)


def test_called_as_a_function_it_just_runs(site: MarketSite) -> None:
    from taskhub.actors import sync_industry_data

    assert sync_industry_data()["inserted"] == 3
