"""PostgreSQL as the store of a run: a server of its own, and what it writes, read from its write-ahead log.

A logical replication slot keeps the log from the beginning on. It holds every change of every
transaction that was committed, in the order of the commits, and nothing of those that were not.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import psycopg

from taskhub.config.urls import parse_store_url
from taskhub.engine.factory import make_engine
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.port.stores import EngineStores
from taskhub.engine.postgres.engine import PostgresEngine
from tests.chaos.ledger import Step, Write
from tests.chaos.store import LARGEST, NAMESPACE, USER, Refuser, Store
from tests.support.postgres_server import PostgresServer
from tests.support.workers import until

#: Where messages are, and where there is nothing when nothing runs.
_PLACES: Final = ("messages", "ready", "delayed", "claims", "limited")
#: What refusals strike.
_TABLES: Final = (
    *("messages", "ready", "claims", "result_documents", "workers", "chords", "chord_parts"),
    *("chains", "history", "failed_messages", "queues", "producers"),
)
_RIGHTS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
#: How often what was refused for a moment is refused again.
_SHARE: Final = {"40001": 0.6}
_SET_UP: Final = f"""
CREATE ROLE {USER} LOGIN;
GRANT USAGE ON SCHEMA {NAMESPACE} TO {USER};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {NAMESPACE} TO {USER};
GRANT SELECT, USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA {NAMESPACE} TO {USER};
ALTER TABLE {NAMESPACE}.result_documents ADD CHECK (length(document) < {LARGEST});
CREATE TABLE public.marks (name text PRIMARY KEY);
CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF random() < TG_ARGV[1]::float THEN
        RAISE EXCEPTION 'refused by the test' USING ERRCODE = TG_ARGV[0];
    END IF;
    RETURN NULL;
END
$$;
"""
_READ: Final = (
    "SELECT data FROM pg_logical_slot_peek_changes("
    "'ledger', NULL, NULL, 'include-xids', '0', 'skip-empty-xacts', '1')"
)
_CHANGE: Final = re.compile(r"table (\w+)\.(\w+): (\w+): (.*)", re.DOTALL)
_COLUMN: Final = re.compile(r"(\w+)\[[^\]]*\]:('(?:[^']|'')*'|\S+)")


class PostgresStore(Store):
    """A server that waits for its disk with each commit."""

    def __init__(self) -> None:
        self.server = PostgresServer({"wal_level": "logical"})
        try:
            self.port = self.server.port
            self.url = f"{self.server.url}?create_schema=true"
            self._set_up()
        except BaseException:
            self.server.close()
            raise

    def _set_up(self) -> None:
        url = parse_store_url(self.url)
        rules = EngineRules(namespace=NAMESPACE)
        engine = make_engine(EngineStores(broker=url, results=url, rules=rules))
        assert isinstance(engine, PostgresEngine)
        with closing(engine), self.server.connect() as admin:
            engine.upgrade_schema()
            admin.execute(_SET_UP)
            admin.execute("SELECT pg_create_logical_replication_slot('ledger', 'test_decoding')")

    def url_through(self, port: int) -> str:
        return f"postgresql://{USER}@127.0.0.1:{port}/postgres"

    def start(self) -> None:
        self.server.start()

    def kill(self) -> None:
        self.server.kill()

    def pause(self) -> None:
        self.server.pause()

    def resume(self) -> None:
        self.server.resume()

    def make_refuser(self) -> Refuser:
        return PostgresRefuser(self.server)

    def is_call(self, verb: str) -> Callable[[bytes], bool]:
        # As it stands in the message that binds parameters to a prepared statement.
        names = {"enqueue": ("enqueue", "enqueue_canvas")}.get(verb, (verb,))
        words = [b"\0%s\0" % name.encode() for name in names]
        return lambda request: any(word in request for word in words)

    def set_mark(self, name: str) -> None:
        with self.server.connect() as admin:
            admin.execute("INSERT INTO public.marks VALUES (%s)", [name])

    def left_over(self, needed: Iterable[str], *, refuses: bool) -> Iterator[str]:
        tables = _PLACES if refuses else (*_PLACES, "dead_letters")
        with self.server.connect() as admin:

            def rows(query: str) -> list[tuple[Any, ...]]:
                return admin.execute(query.encode()).fetchall()

            for table in tables:
                for (row,) in rows(f"SELECT t::text FROM {NAMESPACE}.{table} AS t LIMIT 20"):
                    yield f"in {table} is left {row[:200]}"
            kept = set(needed)
            for chord, size, done in rows(f"SELECT chord_id, size, done FROM {NAMESPACE}.chords"):
                if chord not in kept and not (refuses and size == done):
                    yield f"chord {chord} is left with {done} of {size} parts"

    def writes(self) -> list[Write]:
        with self.server.connect() as admin:
            return list(read_writes(text for (text,) in admin.execute(_READ)))

    def close(self) -> None:
        self.server.close()


def read_writes(lines: Iterable[str]) -> Iterator[Write]:
    """Yield what decoded transactions have written for an application."""
    records: dict[bytes, bytes] = {}
    step = Step(records)
    for line in lines:
        if line.startswith("BEGIN"):
            step = Step(records)
        elif line.startswith("COMMIT"):
            yield from step.writes()
        else:
            _apply(step, line)


def _apply(step: Step, line: str) -> None:
    """Note a change of a row, as `test_decoding` writes it."""
    found = _CHANGE.fullmatch(line)
    if found is None:
        return
    schema, table, verb, text = found.groups()
    row = {name: _value(value) for name, value in _COLUMN.findall(text)}
    is_there = verb != "DELETE"
    if (schema, table) == ("public", "marks"):
        step.set_mark(row["name"])
    elif schema != NAMESPACE:
        return
    elif table == "messages" and verb != "UPDATE":
        # Where it stands is updated; what it is never changes.
        step.set_message(row["key"].encode(), _record(row) if is_there else None)
    elif table == "claims":
        step.set_claim(row["key"].encode(), is_held=is_there)
    elif table == "result_documents" and is_there:
        step.set_result(row["task_id"].encode(), row["document"].encode())
    elif table == "dead_letters":
        step.set_dead(row["key"].encode(), _with_reason(row) if is_there else None)
    elif table == "failed_messages":
        step.set_kept(row["key"].encode(), _with_reason(row) if is_there else None)


def _value(text: str) -> str:
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


def _record(row: dict[str, str]) -> bytes:
    task_id = row.get("task_id") or row["key"].partition("\n")[0]
    head = "\n".join((row["queue"], row["priority"], task_id, ""))
    return head.encode() + bytes.fromhex(row["body"].removeprefix("\\x"))


def _with_reason(row: dict[str, str]) -> bytes:
    return row["reason"].encode() + b"\n" + _record(row)


class PostgresRefuser(Refuser):
    """Lets a server refuse, as its administrator.

    Args:
        server: The server; it runs whenever something is asked for.
    """

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    def refuse(self, kind: str, target: float, lasts: float) -> bool:
        table = f"{NAMESPACE}.{_TABLES[int(target * len(_TABLES))]}"
        seconds = 0.2 + lasts
        match kind:
            case "a right taken away":
                right = _RIGHTS[int(target * 1e6) % len(_RIGHTS)]
                with self._while(
                    f"REVOKE {right} ON {table} FROM {USER}", f"GRANT {right} ON {table} TO {USER}"
                ):
                    time.sleep(seconds)
            case "disk full":
                self._raise(table, "53100", seconds)
            case "serialization failures":
                self._raise(table, "40001", seconds)
            case "table locked past the time limit":
                with self._server.connect() as admin, admin.transaction():
                    admin.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
                    time.sleep(5.0 + lasts)
            case "server read-only":
                name = "default_transaction_read_only"
                with self._while(f"ALTER SYSTEM SET {name} = on", f"ALTER SYSTEM RESET {name}"):
                    self._reload()
                    time.sleep(seconds)
                self._reload()
            case "no connection to spare":
                limit = f"ALTER ROLE {USER} CONNECTION LIMIT"
                with self._while(f"{limit} 0", f"{limit} -1"):
                    self._terminate()
                    time.sleep(seconds)
            case "backends terminated":
                return self._terminate(lasts) > 0
            case "a backend killed":
                return self._kill_a_backend()
            case _:
                raise ValueError(kind)
        return True

    def close(self) -> None:
        """It holds nothing."""

    @contextmanager
    def _while(self, begin: str, end: str) -> Iterator[None]:
        """Do something, and undo it at the end."""
        self._execute(begin)
        try:
            yield
        finally:
            self._execute(end)

    def _execute(self, statement: str) -> psycopg.Cursor[Any]:
        with self._server.connect() as admin:
            admin.execute("SET default_transaction_read_only = off")
            return admin.execute(statement.encode())

    def _reload(self) -> None:
        self._execute("SELECT pg_reload_conf()")

    def _raise(self, table: str, code: str, seconds: float) -> None:
        """Let each statement that changes a table fail, or a share of them."""
        trigger = (
            f"CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON {table} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION public.refuse('{code}', '{_SHARE.get(code, 1.0)}')"
        )
        with self._while(trigger, f"DROP TRIGGER refuse ON {table}"):
            time.sleep(seconds)

    def _terminate(self, share: float = 1.0) -> int:
        """End connections of workers and caller; return how many."""
        with self._server.connect() as admin:
            query = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE usename = %s AND random() <= %s"
            )
            return admin.execute(query, [USER, max(0.3, share)]).rowcount

    def _kill_a_backend(self) -> bool:
        """Kill one without notice: the server ends all others, and starts anew by itself."""
        with self._server.connect() as admin:
            query = "SELECT pid FROM pg_stat_activity WHERE usename = %s ORDER BY random() LIMIT 1"
            found = admin.execute(query, [USER]).fetchone()
        if found is None:
            return False
        os.kill(found[0], signal.SIGKILL)

        def serves() -> bool:
            try:
                self._server.connect().close()
            except psycopg.OperationalError:
                return False
            return True

        time.sleep(0.2)
        until(serves, "the server to be back", 30)
        return True
