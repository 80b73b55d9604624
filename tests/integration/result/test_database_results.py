"""The table of results in a database: what is old goes, and what goes wrong there changes nothing for tasks."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from taskhub.app.app import Celery
from taskhub.app.database_results import DatabaseResults, mirror_results
from taskhub.config.database_url import with_driver
from taskhub.exceptions import ImproperlyConfigured
from tests.support.databases import available_databases, fresh_database
from tests.support.in_process import working
from tests.support.servers import Server
from tests.support.workers import until


@pytest.fixture(params=available_databases())
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with fresh_database(request.param, tmp_path) as url:
        yield url


def application(store: str, database: str, **settings: Any) -> Celery:
    app = Celery("shop", broker=store, backend=f"db+{database}", set_as_current=False)
    app.conf.update(settings)

    @app.task(name="double")
    def double(number: int) -> int:
        return 2 * number

    return app


def rows(database: str, name: str = "celery_taskmeta") -> list[tuple[Any, ...]]:
    engine = sqlalchemy.create_engine(with_driver(database))
    with engine.begin() as connection:
        found = connection.execute(sqlalchemy.text(f"SELECT task_id, status FROM {name}")).all()
    engine.dispose()
    return sorted(tuple(row) for row in found)


def test_rows_of_results(server: Server, database: str) -> None:
    app = application(
        server.url, database, result_extended=True, database_table_names={"task": "mine"}
    )
    with working(app, threads=2):
        results = [app.tasks["double"].delay(number) for number in range(5)]
        assert [result.get(timeout=20) for result in results] == [0, 2, 4, 6, 8]
    assert rows(database, "mine") == sorted((result.id, "SUCCESS") for result in results)


def test_what_is_older_than_results_are_kept_goes(server: Server, database: str) -> None:
    app = application(server.url, database, result_expires=timedelta(hours=1))
    with working(app, threads=2):
        old, new = (app.tasks["double"].delay(number) for number in (1, 2))
        assert [old.get(timeout=20), new.get(timeout=20)] == [2, 4]
        engine = sqlalchemy.create_engine(with_driver(database))
        with engine.begin() as connection:
            age = sqlalchemy.text("UPDATE celery_taskmeta SET date_done = :at WHERE task_id = :id")
            connection.execute(age, {"at": "2020-01-01 00:00:00", "id": old.id})
        engine.dispose()
        mirror = DatabaseResults(app, database)
        mirror.clean()
        mirror.close()
    assert rows(database) == [(new.id, "SUCCESS")]


def test_a_database_that_is_away_changes_nothing_for_tasks(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = application(server.url, f"sqlite:///{tmp_path / 'nowhere' / 'results.db'}")
    with caplog.at_level(logging.ERROR), working(app, threads=2):
        assert "results cannot be written there" in caplog.text
        result = app.tasks["double"].delay(4)
        assert result.get(timeout=20) == 8
        until(lambda: f"{result.id} was not written" in caplog.text, "the log line")
        # Once it is there, rows are written.
        (tmp_path / "nowhere").mkdir()
        later = app.tasks["double"].delay(5)
        assert later.get(timeout=20) == 10
    assert rows(f"sqlite:///{tmp_path / 'nowhere' / 'results.db'}") == [(later.id, "SUCCESS")]


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("db+sqlite:///r.db", "needs SQLAlchemy: install it"),
        ("database", "needs database_url"),
    ],
)
def test_what_is_missing_is_told_at_the_start(
    backend: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    app = Celery("shop", broker="memory://", backend=backend, set_as_current=False)
    with pytest.raises(ImproperlyConfigured, match=words):
        mirror_results(app)


def test_a_driver_that_is_missing_is_told_at_the_start() -> None:
    backend = "db+nosuch://user:secret@host/results"
    app = Celery("shop", broker="memory://", backend=backend, set_as_current=False)
    with pytest.raises(ImproperlyConfigured, match="cannot be used") as told:
        mirror_results(app)
    assert "secret" not in str(told.value)
