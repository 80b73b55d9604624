"""The wire format: what the writer writes is what the generated reader reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskhub.engine.redis.wire import COMPLETION, TABLES, lua_reader, table_arguments
from tests.support.servers import start_server


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    import redis

    directory: Path = tmp_path_factory.mktemp("server")
    server = start_server("valkey", directory, args=("--appendonly", "no"))
    connection = redis.Redis.from_url(server.url)
    yield connection
    connection.close()
    server.kill()


def read(client: Any, call: str, arguments: list[Any]) -> Any:
    """Return what the reader makes of arguments, as JSON, and how many it has read."""
    import json

    script = f"{lua_reader()}\nat = 1\nreturn {{ cjson.encode({call}), at - 1 }}"
    text, count = client.eval(script, 0, *arguments)
    return json.loads(text), count


def test_every_table_is_read_as_it_was_written(client: Any) -> None:
    tables = {
        name: [[f"{name} {row} {column}" for column in columns] for row in range(3)]
        for name, columns in TABLES.items()
    }
    arguments = table_arguments(tables)
    found, count = read(client, "read_tables()", arguments)
    assert count == len(arguments)
    assert found == {
        name: [dict(zip(TABLES[name], row, strict=True)) for row in rows]
        for name, rows in tables.items()
    }


def test_tables_without_rows_are_left_out(client: Any) -> None:
    assert table_arguments({"messages": (), "events": []}) == [0]
    assert read(client, "read_tables() or 'none'", [0]) == ("none", 1)


def test_a_completion_is_its_fields_and_its_tables(client: Any) -> None:
    arguments = [*COMPLETION, *table_arguments({"events": [("one",)]})]
    found, count = read(client, "read_completion()", arguments)
    assert count == len(arguments)
    assert found.pop("tables") == {"events": [{"event": "one"}]}
    assert found == {name: name for name in COMPLETION}


def test_an_unknown_table_is_refused(client: Any) -> None:
    import redis

    with pytest.raises(redis.ResponseError, match="unknown table other"):
        read(client, "read_tables()", [1, "other", 1, "x"])
