"""`db+...`: a real Celery reads from the table what our workers have written, and finds what its own write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.databases import available_databases, fresh_database

Run = Callable[..., Any]


@pytest.fixture(params=[name for name in available_databases() if name != "mysql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """URLs of two empty databases."""
    with (
        fresh_database(request.param, tmp_path) as one,
        fresh_database(request.param, tmp_path) as two,
    ):
        yield tuple(url.replace("postgresql://", "postgresql+psycopg://") for url in (one, two))  # type: ignore[misc]


@pytest.mark.parametrize("extended", ["0", "1"])
def test_celery_reads_our_table(run: Run, databases: tuple[str, str], extended: str) -> None:
    ours, theirs = databases
    run("taskhub", "database.py", "write", ours, extended)
    run("celery", "database.py", "write", theirs, extended)

    found, expected = (run("celery", "database.py", "read", url, extended) for url in databases)

    assert found == expected
    assert found["double"]["result"] == "8"
    assert found["fails"]["traceback"] == "ValueError: no"
    assert found["silent"]["status"] == "PENDING"


def test_our_workers_write_into_celerys_table(run: Run, databases: tuple[str, str]) -> None:
    url = databases[0]
    run("celery", "database.py", "read", url, "0")
    run("taskhub", "database.py", "write", url, "1")

    assert run("celery", "database.py", "read", url, "0")["double"]["result"] == "8"
