"""What is kept, on every database: bulk writes, counts, removal, interruption, migrations."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy.orm
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from taskhub.actors.quant import (
    Answer,
    Bar,
    Board,
    BoardKind,
    DatabaseNotReadyError,
    DatabaseUnavailableError,
    Member,
    QuantConfigurationError,
    QuantSettings,
    Stock,
    SuspiciousAnswerError,
    check_market_data,
)
from taskhub.actors.quant.storage.models import Base
from taskhub.actors.quant.storage.models import Stock as StockModel
from taskhub.actors.quant.storage.schema import VERSION_TABLE, schema_state, upgrade
from taskhub.actors.quant.storage.store import MarketStore, Run
from taskhub.actors.quant.storage.upsert import PAGE
from tests.support.environment import read

FIELDS = frozenset(field.name for field in fields(Stock))
DAY = date(2020, 1, 1)


def run(kind: str = "stocks:cn", **options: Any) -> Run:
    return Run(kind, time.monotonic(), **options)


def stock(number: int, **changes: Any) -> Stock:
    values: dict[str, Any] = {
        "code": f"{600000 + number}.SH",
        "symbol": str(600000 + number),
        "name": f"股票{number}",
        "market": "cn",
        "exchange": "SH",
        "currency": "CNY",
        "is_st": number % 7 == 0,
        "is_suspended": None if number % 3 else False,
        "price": 1 / 3 + number,
        "pe": -12.345678901234567,
        "volume": 9_000_000_000 + number,
        "turnover": 1e11 / 3,
    }
    return Stock(**{**values, **changes})


def answer(rows: list[Any], names: frozenset[str] = FIELDS, **options: Any) -> Answer[Any]:
    return Answer(rows, names, "test", **options)


def bars(code: str, count: int, first: int = 0) -> Iterator[Bar]:
    for number in range(first, first + count):
        price = 10 + number / 7
        yield Bar(code, "", DAY + timedelta(number), price, price / 3, price, 0.1, 100 * number)


def test_inserted_updated_unchanged_and_removed_are_counted(store: MarketStore) -> None:
    stocks = [stock(number) for number in range(1100)]
    first = store.write_stocks(run(task_id="one"), "cn", answer(stocks))
    assert (first.inserted, first.updated, first.unchanged, first.removed) == (1100, 0, 0, 0)

    # What was written is read back as it was, to the last digit.
    again = store.write_stocks(run(), "cn", answer(stocks))
    assert (again.inserted, again.updated, again.unchanged, again.removed) == (0, 0, 1100, 0)

    changed = [stock(0, name="新名"), *stocks[1:600], stock(7000)]
    third = store.write_stocks(run(), "cn", answer(changed))
    assert (third.inserted, third.updated, third.unchanged, third.removed) == (1, 1, 599, 500)

    kept = store.stock("601099.SH")
    assert kept is not None
    assert kept["removed_at"] is not None
    assert kept["price"] == stocks[1099].price
    assert len(store.codes("cn")) == 601
    assert store.log_entries("stocks:cn")[-1]["task_id"] == "one"
    # One that is listed again is as it was.
    back = store.write_stocks(run(), "cn", answer([*changed, stock(1099)]))
    assert (back.inserted, back.updated, back.removed) == (0, 1, 0)
    assert "601099.SH" in store.codes("cn")


def test_first_seen_stays_and_markets_do_not_meet(store: MarketStore) -> None:
    store.write_stocks(run(), "cn", answer([stock(1)]))
    seen = store.stock("600001.SH")
    store.write_stocks(run(), "cn", answer([stock(1, price=99.0)]))
    later = store.stock("600001.SH")
    assert seen is not None
    assert later is not None
    assert later["first_seen"] == seen["first_seen"]
    assert (later["price"], later["first_seen"].tzinfo is not None) == (99.0, True)

    hong_kong = stock(2, code="00002.HK", market="hk")
    assert store.write_stocks(run("stocks:hk"), "hk", answer([hong_kong])).removed == 0
    assert (store.codes("cn"), store.codes("hk")) == (["600001.SH"], ["00002.HK"])


def test_fields_that_a_source_does_not_tell_stay(store: MarketStore) -> None:
    store.write_stocks(run(), "cn", answer([stock(1), stock(2)]))
    told = FIELDS - {"pe"}
    partial = answer([stock(1, price=5.0, pe=None)], told, complete=False)
    report = store.write_stocks(run(), "cn", partial)
    assert (report.updated, report.removed) == (1, 0)
    found = store.stock("600001.SH")
    assert found is not None
    assert (found["price"], found["pe"]) == (5.0, -12.345678901234567)


def test_a_small_answer_changes_nothing(store: MarketStore) -> None:
    store.write_stocks(run(), "cn", answer([stock(number) for number in range(100)]))
    with pytest.raises(SuspiciousAnswerError, match="49 rows, last time there were 100"):
        store.write_stocks(run(), "cn", answer([stock(number, name="x") for number in range(49)]))
    assert len(store.codes("cn")) == 100
    assert store.stock("600000.SH")["name"] == "股票0"  # type: ignore[index]
    assert len(store.log_entries()) == 1

    forced = store.write_stocks(run(force=True), "cn", answer([stock(1)]))
    assert forced.removed == 99


def test_what_fails_in_the_middle_leaves_nothing_behind(
    store: MarketStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write_stocks(run(), "cn", answer([stock(number) for number in range(20)]))
    monkeypatch.setattr("taskhub.actors.quant.storage.store._write_log", broken)
    with pytest.raises(KeyboardInterrupt):
        store.write_stocks(run(), "cn", answer([stock(number, price=1.0) for number in range(15)]))
    monkeypatch.undo()
    assert len(store.codes("cn")) == 20
    completed = store.write_stocks(
        run(), "cn", answer([stock(number, price=1.0) for number in range(15)])
    )
    assert (completed.updated, completed.removed) == (15, 5)


def broken(*_: object) -> None:
    raise KeyboardInterrupt


def test_boards_and_members(store: MarketStore) -> None:
    names = frozenset(field.name for field in fields(Board))
    boards = [Board(code=f"BK{number:04d}", name=f"行业{number}", rising=3) for number in range(30)]
    for kind in BoardKind:
        assert store.write_boards(run(kind), kind, answer(boards, names)).inserted == 30
    assert store.board_codes(BoardKind.CONCEPT) == [board.code for board in boards]

    def members(kind: str, *codes: str) -> Answer[Member]:
        return answer([Member(kind, "BK0001", code) for code in codes], frozenset(Member._fields))

    industry = BoardKind.INDUSTRY
    store.write_members(run("m"), industry, "BK0001", members("industry", "1.SH", "2.SH"))
    store.write_members(run("m"), BoardKind.CONCEPT, "BK0001", members("concept", "1.SH"))
    report = store.write_members(run("m"), industry, "BK0001", members("industry", "2.SH", "3.SH"))
    assert (report.inserted, report.unchanged, report.removed) == (1, 1, 1)
    assert store.members(industry, "BK0001") == ["2.SH", "3.SH"]
    assert store.members(BoardKind.CONCEPT, "BK0001") == ["1.SH"]


class Counted(Bar):
    """A bar that is counted for as long as it is in memory."""

    alive = 0
    most = 0

    def __new__(cls, *values: Any) -> Counted:
        Counted.alive += 1
        Counted.most = max(Counted.most, Counted.alive)
        return super().__new__(cls, *values)

    def __del__(self) -> None:
        Counted.alive -= 1


def test_many_bars_are_never_in_memory_together(store: MarketStore) -> None:
    def everything() -> Iterator[Bar]:
        for number in range(6):
            for bar in bars(f"{600000 + number}.SH", 3500):
                yield Counted(*bar)

    counts = store.write_bar_pages(everything())
    assert (counts.inserted, counts.updated) == (21_000, 0)
    # One page that is written, while the next one is read.
    assert Counted.most <= 2 * PAGE
    again = store.write_bar_pages(bars("600003.SH", 3500))
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 3500)


def test_bars_go_on_where_an_interruption_left_them(store: MarketStore) -> None:
    def interrupted() -> Iterator[Bar]:
        yield from bars("600000.SH", 12_000)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.write_bar_pages(interrupted())
    last = store.last_day("600000.SH")
    assert last == DAY + timedelta(9_999)
    counts = store.write_bar_pages(bars("600000.SH", 2_001, first=9_999))
    assert (counts.inserted, counts.unchanged) == (2_000, 1)
    latest = store.bars("600000.SH", limit=3)
    assert latest == list(bars("600000.SH", 3, first=11_997))
    assert store.bars("600000.SH", limit=1, until=DAY) == list(bars("600000.SH", 1))
    assert store.last_day("600000.SH", "qfq") is None


def test_two_writers_of_the_same_rows_do_not_fail(store: MarketStore) -> None:
    failures: list[BaseException] = []

    def write(price: float) -> None:
        try:
            for turn in range(2):
                rows = [stock(number, price=price + turn) for number in range(300)]
                store.write_stocks(run(), "cn", answer(rows if price < 5 else rows[::-1]))
        except BaseException as error:
            failures.append(error)

    store.write_stocks(run(), "cn", answer([stock(number) for number in range(300)]))
    writers = [threading.Thread(target=write, args=(price,)) for price in (1.0, 10.0)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    assert len(store.codes("cn")) == 300


def test_freshness_is_told_for_each_table(store: MarketStore) -> None:
    assert store.freshness() == []
    store.write_stocks(run(), "cn", answer([stock(1), stock(2)]))
    store.write_stocks(run(force=True), "cn", answer([stock(1)]))
    store.write_bars(run("bars:600001.SH"), answer(list(bars("600001.SH", 5))))
    stocks, days = store.freshness()
    assert (stocks.table, stocks.rows, stocks.removed, stocks.source) == ("stocks:cn", 1, 1, "test")
    assert stocks.synced_at is not None
    assert (days.table, days.rows, days.latest) == ("bars", 5, DAY + timedelta(4))
    assert days.synced_at is not None


# -- the tables


def test_migrations_make_what_the_models_say(settings: QuantSettings) -> None:
    store = MarketStore(settings)
    try:
        assert schema_state(store.engine).state == "empty"
        assert upgrade(store.engine).state == "empty"
        assert upgrade(store.engine).state == "current"
        with store.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
            )
            assert compare_metadata(context, Base.metadata) == []
    finally:
        store.close()


def test_two_upgrades_at_once_wait_for_each_other(settings: QuantSettings) -> None:
    stores = [MarketStore(settings) for _ in range(2)]
    states: list[str] = []

    def bring_up(store: MarketStore) -> None:
        states.append(upgrade(store.engine).state)

    threads = [threading.Thread(target=bring_up, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert sorted(states) == ["current", "empty"]


def test_missing_and_newer_tables_are_told_in_one_line(settings: QuantSettings) -> None:
    store = MarketStore(settings)
    with pytest.raises(DatabaseNotReadyError, match="run `taskhub db upgrade`"):
        store.codes("cn")
    missing = check_market_data(settings)
    assert (missing.ok, missing.advice) == (False, "run `taskhub db upgrade`")
    upgrade(store.engine)
    assert check_market_data(settings).ok
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(DatabaseNotReadyError, match="made by a newer taskhub"):
        store.codes("cn")
    assert "newer" in check_market_data(settings).detail
    store.close()


def test_the_projects_own_file_makes_its_tables(tmp_path: Any) -> None:
    settings = read(QuantSettings, {}, home=tmp_path / "deep" / "home")
    assert "is made when it is first used" in check_market_data(settings).detail
    store = MarketStore(settings)
    assert store.codes("cn") == []
    store.close()
    assert check_market_data(settings).detail.endswith("has the tables of revision 0001")


def test_a_server_that_is_not_there_may_come_back() -> None:
    for url in ("postgresql://user:secret@127.0.0.1:1/db", "mysql://user:secret@127.0.0.1:1/db"):
        settings = read(QuantSettings, {"TASKHUB_QUANT_DATABASE_URL": url})
        store = MarketStore(settings)
        with pytest.raises(DatabaseUnavailableError, match=r"127\.0\.0\.1") as raised:
            store.codes("cn")
        assert "secret" not in str(raised.value)
        assert not check_market_data(settings).ok


def test_a_database_that_does_not_exist_is_a_mistake(settings: QuantSettings) -> None:
    if settings.database.startswith("sqlite"):
        wrong = "sqlite:////dev/null/quant.sqlite3"
    else:
        wrong = settings.database.rpartition("/")[0] + "/taskhub_test_none"
    with pytest.raises(QuantConfigurationError, match="correct TASKHUB_QUANT_DATABASE_URL"):
        MarketStore(QuantSettings(database_url=wrong)).codes("cn")


def test_the_models_are_sqlalchemys(store: MarketStore) -> None:
    """Programs may read with sessions of their own."""
    store.write_stocks(run(), "cn", answer([stock(1)]))
    with sqlalchemy.orm.Session(store.engine) as session:
        found = session.get(StockModel, "600001.SH")
        assert found is not None
        assert (found.name, found.is_suspended) == ("股票1", None)
