"""The report of a day: its numbers, its hours, its words, and its charts."""

from __future__ import annotations

import io
import math
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import matplotlib
import matplotlib.image
import pytest

from taskhub.actors.mail.renderer import render
from taskhub.actors.quant import Bar, DatabaseNotReadyError, Market, QuantNotInstalledError, Stock
from taskhub.actors.quant.health import check_market_data
from taskhub.actors.quant.records import Answer
from taskhub.actors.quant.settings import QuantSettings
from taskhub.actors.quant.storage.store import MarketStore, Run
from taskhub.actors.system.charts import draw_charts, draw_stocks
from taskhub.actors.system.daily import DailyReport, day_of, make_report, yesterday
from taskhub.actors.system.daily_mail import report_values
from taskhub.actors.system.freshness import Fresh, market_data_freshness
from taskhub.actors.system.stocks import DAYS, StockBars, read_stocks
from taskhub.statistics import Failure
from taskhub.statistics.failures import failure_of
from taskhub.statistics.tally import fields_of, tally, with_error
from tests.support.environment import read

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
#: A font that matplotlib brings; it has no Chinese.
LATIN = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")


def bars(code: str, count: int = 130) -> tuple[Bar, ...]:
    """Return K-lines up to 2026-11-26 that swing."""
    first = date(2026, 11, 26) - timedelta(count - 1)
    closes = [10 + 2 * math.sin(number / 9) + 0.3 * (number % 3) for number in range(count + 1)]
    return tuple(
        Bar(
            code,
            "",
            first + timedelta(number),
            closes[number],
            closes[number + 1],
            max(closes[number : number + 2]) + 0.1,
            min(closes[number : number + 2]) - 0.1,
            1_000_000 + 300_000 * (number % 7),
        )
        for number in range(count)
    )


STOCKS = (
    StockBars("600000.SH", "浦发银行", bars("600000.SH")),
    StockBars("BRK_A.US", "<i>&$x_$", bars("BRK_A.US", 1)),
    StockBars("00700.HK"),
)


class Stage:
    """What a store counts: by minute of a day."""

    def __init__(self, minutes: int = 1440) -> None:
        self.counts: list[Counter[str]] = [Counter() for _ in range(minutes)]
        self.failed: list[dict[str, str]] = [{} for _ in range(minutes)]

    def end(
        self, minute: int, task: str, queue: str, end: str, run: float, error: str = ""
    ) -> None:
        text = tally(task, queue, end, run, run / 2)
        self.counts[minute].update(fields_of(text))
        if error:
            found = failure_of(with_error(text, f"id-{minute}", error))
            assert found is not None
            field, example = found
            kept = self.failed[minute]
            kept[field] = str(int(kept.get(field, 0)) + 1)
            kept[f"{field}\n"] = example


@pytest.fixture
def report() -> DailyReport:
    stage = Stage()
    for minute in range(0, 600, 10):
        stage.end(minute, "shop.tasks.add", "default", "done", 0.01)
    for minute in (5, 65):
        stage.end(minute, "shop.tasks.<b>$x$", "a&b", "done", 30)
    stage.end(70, "shop.tasks.<b>$x$", "a&b", "retried", 3)
    for minute in (70, 80, 90):
        error = "OSError\nredis://me:secret@host <i>is</i> away" if minute < 90 else "KeyError\n'x'"
        stage.end(minute, "shop.tasks.<b>$x$", "a&b", "failed", 40, error)
    stage.end(100, "rare", "default", "done", 0.2)
    now = datetime(2026, 11, 27, tzinfo=UTC)
    fresh = (
        Fresh("stocks:cn", 5412, now - timedelta(hours=7), 7 * 3600, None, "akshare"),
        Fresh("bars", 0, None, None, date(2026, 11, 25), ""),
    )
    day = day_of(date(2026, 11, 26), SHANGHAI)
    return make_report(
        day,
        stage.counts,
        stage.failed,
        rows=2,
        fresh=fresh,
        stocks=STOCKS,
        dead_letters=4,
        remarks=("a remark",),
    )


def test_yesterday_is_that_of_the_time_zone() -> None:
    late = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
    assert yesterday(late, UTC) == date(2026, 11, 25)
    assert yesterday(late, SHANGHAI) == date(2026, 11, 26)
    day = day_of(date(2026, 11, 26), SHANGHAI)
    assert day.begins.astimezone(UTC) == datetime(2026, 11, 25, 16, tzinfo=UTC)
    assert len(day.minutes) == 1440
    assert day.minutes[0] * 60 == day.begins.timestamp()


@pytest.mark.parametrize(("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25)])
def test_days_of_daylight_saving_changes_have_their_own_length(day: str, hours: int) -> None:
    found = day_of(date.fromisoformat(day), NEW_YORK)
    assert len(found.minutes) == hours * 60
    stage = Stage(hours * 60)
    stage.end(60 * 2 + 5, "t", "q", "done", 1)
    told = make_report(found, stage.counts, stage.failed, rows=5).hours
    assert len(told) == hours
    assert told[2].done == 1
    assert f"{told[2].begins:%H:%M}" == ("03:00" if hours == 23 else "01:00")
    assert f"{told[-1].begins:%H:%M}" == "23:00"


def test_a_report_tells_what_became_of_tasks(report: DailyReport) -> None:
    assert (report.total.done, report.total.failed, report.total.retried) == (63, 3, 1)
    assert round(report.failure_percent, 2) == round(100 * 3 / 66, 2)
    assert [(one.task, one.summary.ended) for one in report.tasks] == [
        ("shop.tasks.add", 60),
        ("shop.tasks.<b>$x$", 5),
    ]
    assert report.more == 1
    assert report.others is not None
    assert report.others.done == 1
    assert [one.task for one in report.slowest][:2] == ["shop.tasks.<b>$x$", "rare"]
    (failing,) = report.failing
    assert (failing.failed, failing.ended, failing.percent) == (3, 5, 60)
    assert failing.errors == [
        Failure("OSError", 2, "redis://me:secret@host <i>is</i> away", "id-80"),
        Failure("KeyError", 1, "'x'", "id-90"),
    ]
    assert len(report.hours) == 24
    assert report.hours[1][1:] == (8, 3, 1)


def test_what_is_not_kept_any_more_is_told() -> None:
    day = day_of(date(2026, 11, 26), UTC)
    since = day.begins + timedelta(hours=3)
    assert make_report(day, [], [], rows=5, kept_since=since).missing == since
    assert make_report(day, [], [], rows=5, kept_since=day.begins).missing is None
    told = make_report(day, [], [], rows=5, kept_since=since)
    _, text, html = _rendered(told, "en")
    for body in (text, html):
        assert "What ended before 2026-11-26 03:00 is not counted" in body
        assert "No task has ended" in body


def _rendered(report: DailyReport, language: str) -> tuple[str, str, str]:
    values = {
        **report_values(report, report.remarks),
        "charts": ["hours", "stock-600000.SH"],
        "sender_name": "shop",
    }
    return tuple(render("daily_report", language, values))  # type: ignore[return-value]


@pytest.mark.parametrize("language", ["en", "zh", "zh-CN"])
def test_it_is_told_in_text_and_html_without_secrets_and_markup(
    report: DailyReport, language: str
) -> None:
    subject, text, html = _rendered(report, language)
    assert "2026-11-26" in subject
    assert "63" in subject
    for body in (text, html):
        for words in (
            "add",
            "rare",
            "OSError",
            "stocks:cn",
            "5,412",
            "2026-11-25",
            "a remark",
            "id-80",
        ):
            assert words in body
        assert "secret" not in body
        assert "redis://me:**@host" in body
    assert "shop.tasks.<b>$x$" in text
    assert "<b>" not in html
    assert "<i>" not in html
    assert "&lt;b&gt;$x$" in html
    assert 'src="cid:hours"' in html
    assert "cid:durations" not in html
    last, before = STOCKS[0].bars[-1].close, STOCKS[0].bars[-2].close
    told = f"{last:.2f} ({100 * (last / before - 1):+.2f} %)"
    (line,) = [line for line in text.splitlines() if "600000.SH" in line]
    assert line.startswith("- 600000.SH 浦发银行: 2026-11-26, ")
    assert line.endswith(told)
    assert told in html
    assert 'src="cid:stock-600000.SH" alt="浦发银行"' in html
    # One that is without K-lines, and one whose only K-line has none before it.
    assert "cid:stock-00700.HK" not in html
    assert ("- 00700.HK: no K-lines up to 2026-11-26" in text) is (language == "en")
    assert ("- 00700.HK: 截至 2026-11-26 没有 K 线数据" in text) is (language != "en")
    assert "- BRK_A.US <i>&$x_$: 2026-11-26" in text
    assert "&lt;i&gt;&amp;$x_$" in html
    assert "2026-11-26 00:00" in text
    assert 'width="760"' in html
    assert ("另外 1 个任务" in html) is (language != "en")


def test_other_mails_keep_their_width() -> None:
    values = {"username": "x", "user_id": 1, "sender_name": "y"}
    assert 'width="560"' in render("welcome", "en", values).html


def test_charts_are_pictures_and_say_what_they_lack(report: DailyReport) -> None:
    found = draw_charts(report, "en")
    assert sorted(found.pictures) == ["durations", "hours"]
    assert found.remark == ""
    for png in found.pictures.values():
        picture = matplotlib.image.imread(io.BytesIO(png))
        assert picture.shape[1] == 1400
        assert picture[..., :3].std() > 0.02
    hours = matplotlib.image.imread(io.BytesIO(found.pictures["hours"]))[..., :3]
    colours = {tuple(point) for point in (hours * 255).round().astype(int).reshape(-1, 3).tolist()}
    assert {(63, 111, 181), (214, 47, 58), (230, 161, 0)} <= colours
    lacking = draw_charts(report, "zh", LATIN)
    assert "name a font with Chinese" in lacking.remark
    assert sorted(lacking.pictures) == ["durations", "hours"]
    assert draw_charts(report, "zh", Path("/not/there")).remark.startswith("TASKHUB_QUANT_FONT")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_stocks_with_bars_have_candles_whatever_the_font(language: str) -> None:
    found = draw_stocks(STOCKS, language)
    assert sorted(found.pictures) == ["stock-600000.SH", "stock-BRK_A.US"]
    picture = matplotlib.image.imread(io.BytesIO(found.pictures["stock-600000.SH"]))
    assert picture.shape[:2] == (720, 1400)
    assert picture[..., :3].std() > 0.02
    wrong = draw_stocks(STOCKS, language, Path(__file__))
    assert sorted(wrong.pictures) == sorted(found.pictures)
    assert wrong.remark.startswith(f"TASKHUB_QUANT_FONT: {__file__} can't be read as a font")
    assert "name a font with Chinese" in draw_stocks(STOCKS, language, LATIN).remark


def test_an_empty_day_has_no_charts() -> None:
    empty = make_report(day_of(date(2026, 11, 26), UTC), [], [], rows=5)
    assert draw_charts(empty, "en").pictures == {}
    assert draw_stocks((StockBars("600000.SH"),), "en") == ({}, "")


def test_without_matplotlib_it_goes_out_and_says_so(
    report: DailyReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for found in (draw_charts(report, "zh"), draw_stocks(STOCKS, "zh")):
        assert found.pictures == {}
        assert (
            found.remark == "without charts: matplotlib is not installed (install the extra "
            "taskhub-core[report])"
        )


def test_the_stocks_of_a_report_are_read_up_to_its_day(tmp_path: Path) -> None:
    day = date(2026, 11, 25)
    assert read_stocks(tmp_path, (), day) == ()
    with pytest.raises(DatabaseNotReadyError, match="there is no market data yet"):
        read_stocks(tmp_path, ("600000.SH",), day)
    assert not (tmp_path / "quant.sqlite3").exists()
    with MarketStore(read(QuantSettings, {}, home=tmp_path)) as store:
        stock = Stock(
            code="600000.SH",
            symbol="600000",
            name="浦发银行",
            market=Market.CN,
            exchange="SH",
            currency="CNY",
            is_st=False,
            is_suspended=False,
        )
        fields = frozenset(
            {"symbol", "name", "market", "exchange", "currency", "is_st", "is_suspended"}
        )
        store.write_stocks(Run("stocks:cn", 0.0, force=True), "cn", Answer([stock], fields, "test"))
        for code in ("600000.SH", "600001.SH"):
            run = Run(f"bars:{code}", 0.0, force=True)
            store.write_bars(run, Answer(bars(code), frozenset(Bar._fields), "test"))
    codes = ("600001.SH", "600000.SH", "600002.SH")
    unnamed, named, unknown = read_stocks(tmp_path, codes, day)
    assert (unnamed.code, unnamed.name) == ("600001.SH", None)
    assert (named.code, named.name, len(named.bars)) == ("600000.SH", "浦发银行", DAYS + 59)
    assert named.last is not None
    assert (named.last.day, unnamed.last) == (day, named.last._replace(code="600001.SH"))
    assert unknown == StockBars("600002.SH")
    assert (unknown.last, unknown.change_percent) == (None, None)


def test_stocks_without_the_extra_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "alembic", None)
    with pytest.raises(QuantNotInstalledError, match=r"install the extra taskhub-core\[quant\]"):
        read_stocks(tmp_path, ("600000.SH",), date(2026, 11, 25))
    (tmp_path / "quant.sqlite3").touch()
    with pytest.raises(QuantNotInstalledError):
        read_stocks(tmp_path, ("600000.SH",), date(2026, 11, 25))
    assert market_data_freshness(tmp_path, datetime.now(UTC)) == ()


def test_market_data_that_is_not_used_has_no_freshness(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    assert market_data_freshness(tmp_path, now) == ()
    assert not (tmp_path / "quant.sqlite3").exists()
    # A look at the file may have made it.
    check_market_data(read(QuantSettings, {}, home=tmp_path))
    assert market_data_freshness(tmp_path, now) == ()
    assert "is made when it is first used" in (
        check_market_data(read(QuantSettings, {}, home=tmp_path)).detail
    )


def test_each_kind_of_market_data_is_told_of_once_its_database_is_there(tmp_path: Path) -> None:
    store = MarketStore(read(QuantSettings, {}, home=tmp_path))
    one = [Bar("600000.SH", "", date(2026, 11, 25), 1.0, 1.0, 1.0, 1.0, 100)]
    run = Run("bars:600000.SH", 0.0, force=True)
    store.write_bars(run, Answer(one, frozenset(Bar._fields), "test"))
    store.close()
    now = datetime.now(UTC) + timedelta(hours=2)
    (found,) = market_data_freshness(tmp_path, now)
    assert (found.name, found.rows, found.latest) == ("bars", 1, date(2026, 11, 25))
    assert found.age is not None
    assert 2 * 3600 <= found.age < 2 * 3600 + 600
