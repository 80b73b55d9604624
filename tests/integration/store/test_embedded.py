"""The development store: started by the first, shared by all, stopped after the last."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis.exceptions

import taskhub
from taskhub.config.urls import parse_store_url
from taskhub.engine.embedded import EmbeddedStore, acquire, project_directory, store_directory
from taskhub.engine.redis.connector import Connector
from taskhub.exceptions import ImproperlyConfigured, OperationalError

#: Seconds for which a store in these tests outlives its last user.
LINGER = 0.3


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Where the store of a test is; what is left of it afterwards is an error."""
    place = tmp_path / ".taskhub"
    yield place
    wait_until(lambda: not processes(place), "the store's processes to end")


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.01)


def processes(directory: Path, part: str = "") -> list[psutil.Process]:
    """Return the watcher and server of a store: what works in its directory."""
    found = []
    for process in psutil.process_iter(["cwd", "cmdline"]):
        words = process.info["cmdline"] or []
        if process.info["cwd"] == str(directory) and any(part in word for word in words[:4]):
            found.append(process)
    return found


def servers(directory: Path) -> list[psutil.Process]:
    return [p for p in processes(directory) if p not in processes(directory, "watcher.py")]


def ask(store: EmbeddedStore, *command: Any) -> Any:
    connecting = Connector(parse_store_url(store.url), client_name="test", socket_timeout=5.0)
    connection = connecting.connect()
    try:
        connection.send_command(*command)
        return connection.read_response()
    finally:
        connection.disconnect()


def user_process(
    directory: Path, *, linger: float = LINGER, then: str = "pass"
) -> subprocess.Popen[str]:
    """Return another process that uses the store until its input ends."""
    program = (
        "import os, pathlib, sys; from taskhub.engine.embedded import acquire; "
        f"store = acquire(pathlib.Path({str(directory)!r}), linger={linger}); {then}; "
        "print(store.url, flush=True); sys.stdin.read()"
    )
    source = str(Path(taskhub.__file__).parents[1])
    user = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert user.stdout is not None
    assert user.stdout.readline().startswith("unix://")
    return user


def end(user: subprocess.Popen[str]) -> None:
    user.communicate(timeout=15)


def test_one_store_for_all_and_none_afterwards(directory: Path) -> None:
    with acquire(directory, linger=LINGER) as store:
        assert ask(store, "SET", "a", "1") == b"OK"
        other = user_process(directory)
        with acquire(directory) as again:
            assert again.url == store.url
            assert ask(again, "GET", "a") == b"1"
        assert len(servers(directory)) == 1
        end(other)
        assert ask(store, "GET", "a") == b"1"
    wait_until(lambda: not processes(directory), "the store to stop")
    assert not store.socket.exists()
    with acquire(directory, linger=LINGER) as store:
        assert ask(store, "GET", "a") == b"1"


def test_it_is_private(directory: Path) -> None:
    with acquire(directory, linger=LINGER) as store:
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert stat.S_IMODE(store.socket.stat().st_mode) & 0o077 == 0
        (server,) = servers(directory)
        assert not server.net_connections("inet")
        assert ask(store, "CONFIG", "GET", "appendonly")[1] == b"yes"
        assert (directory / "store.log").read_text()
        assert (directory / ".gitignore").read_text() == "*\n"
    assert not store.socket.is_relative_to("/run")


def test_a_directory_that_was_open_is_closed(directory: Path) -> None:
    directory.mkdir(mode=0o755)
    acquire(directory, linger=LINGER).close()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_it_is_named_in_one_line(directory: Path) -> None:
    with acquire(directory, linger=LINGER) as store:
        assert store.announcement() == (
            "no broker configured (set TASKHUB_BROKER_URL or broker_url): "
            f"using the development store at {directory}"
        )


def test_a_crowd_starts_one(directory: Path) -> None:
    with ThreadPoolExecutor(8) as crowd:
        stores = list(crowd.map(lambda _: acquire(directory, linger=LINGER), range(8)))
    assert len(processes(directory)) == 2
    for store in stores:
        assert ask(store, "PING") == b"PONG"
        store.close()


def test_processes_that_start_it_together_share_one(directory: Path) -> None:
    with ThreadPoolExecutor(4) as crowd:
        users = list(crowd.map(lambda _: user_process(directory), range(4)))
    assert len(processes(directory)) == 2
    for user in users:
        end(user)


def test_a_killed_user_leaves_nothing_behind(directory: Path) -> None:
    user = user_process(directory)
    assert len(processes(directory)) == 2
    user.kill()
    end(user)
    wait_until(lambda: not processes(directory), "the store to stop")


def test_it_lingers_between_commands(directory: Path) -> None:
    acquire(directory, linger=2.0).close()
    (server,) = servers(directory)
    with acquire(directory) as store:
        assert ask(store, "PING") == b"PONG"
        assert servers(directory) == [server]


def test_joining_while_it_stops(directory: Path) -> None:
    for _ in range(5):
        with acquire(directory, linger=0.0) as store:
            assert ask(store, "INCR", "joined")
    with acquire(directory, linger=0.0) as store:
        assert ask(store, "GET", "joined") == b"5"


def test_a_killed_server_comes_back_for_its_users(directory: Path) -> None:
    with acquire(directory, linger=LINGER) as store:
        ask(store, "SET", "a", "1")
        (server,) = servers(directory)
        server.kill()
        server.wait(10)

        def is_back() -> bool:
            try:
                return bool(ask(store, "GET", "a") == b"1")
            except (OperationalError, redis.exceptions.ConnectionError):
                # The latter while it reads its data: it takes connections, and answers LOADING.
                return False

        wait_until(is_back, "the server to be back with its data")


def test_a_killed_watcher_is_replaced_by_the_next_user(directory: Path) -> None:
    with acquire(directory, linger=LINGER) as store:
        ask(store, "SET", "a", "1")
        (watcher,) = processes(directory, "watcher.py")
        watcher.kill()
        watcher.wait(10)
        with acquire(directory, linger=LINGER) as again:
            wait_until(lambda: len(processes(directory)) == 2, "one watcher and one server")
            assert ask(again, "GET", "a") == b"1"


def test_everything_killed_as_by_a_power_cut(directory: Path) -> None:
    user = user_process(directory)
    with acquire(directory) as store:
        ask(store, "SET", "a", "1")
    (server,) = servers(directory)
    server.suspend()
    for process in processes(directory, "watcher.py"):
        process.kill()
    server.kill()
    user.kill()
    end(user)
    wait_until(lambda: not processes(directory), "all to be dead")
    assert store.socket.exists()
    with acquire(directory, linger=LINGER) as store:
        assert ask(store, "GET", "a") == b"1"


def test_a_forked_child_keeps_it(directory: Path) -> None:
    parent = user_process(directory, linger=0.0, then="os.fork() and os._exit(0)")
    assert parent.wait(15) == 0
    # Nobody is there for several times as long as the store would need to stop.
    time.sleep(0.5)
    assert len(servers(directory)) == 1
    end(parent)
    wait_until(lambda: not processes(directory), "the store to stop")


def test_a_program_that_was_started_does_not_keep_it(directory: Path) -> None:
    store = acquire(directory, linger=0.0)
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False
    ):
        store.close()
        wait_until(lambda: not processes(directory), "the store to stop")


def test_close_twice(directory: Path) -> None:
    store = acquire(directory, linger=LINGER)
    store.close()
    store.close()


def test_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60) / ".taskhub"
    with acquire(deep, linger=LINGER) as store:
        assert len(os.fsencode(store.socket)) < 104
        assert stat.S_IMODE(store.socket.parent.stat().st_mode) == 0o700
        assert (deep / "socket.path").read_text() == str(store.socket)
        assert ask(store, "PING") == b"PONG"
        user = user_process(deep)
        end(user)
        assert len(servers(deep)) == 1
    wait_until(lambda: not processes(deep), "the store to stop")
    store.socket.parent.rmdir()
    with acquire(deep, linger=LINGER) as store:
        assert ask(store, "PING") == b"PONG"
    wait_until(lambda: not processes(deep), "the store to stop")
    store.socket.parent.rmdir()


def test_a_place_for_the_socket_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60) / ".taskhub"
    with acquire(deep, linger=LINGER) as store:
        place = store.socket.parent
        moved = place.rename(tmp_path / "moved")
        try:
            # Whoever listens there now would be told everything.
            place.symlink_to(moved)
            with pytest.raises(ImproperlyConfigured, match="is a link"):
                acquire(deep)
        finally:
            place.unlink()
            moved.rename(place)
    wait_until(lambda: not processes(deep), "the store to stop")
    place.rmdir()


def test_a_path_with_spaces_and_percent(tmp_path: Path) -> None:
    with acquire(tmp_path / "a b%20c" / ".taskhub", linger=0.0) as store:
        assert ask(store, "PING") == b"PONG"
    wait_until(lambda: not processes(store.directory), "the store to stop")


def test_data_that_can_not_be_read(directory: Path) -> None:
    acquire(directory, linger=0.0).close()
    wait_until(lambda: not processes(directory), "the store to stop")
    for file in (directory / "appendonlydir").glob("*.incr.aof"):
        file.write_bytes(b"*1\r\n$nonsense\r\n" * 1000)
    with pytest.raises(OperationalError, match=r"does not start .*store\.log, or set"):
        acquire(directory, linger=0.0)


def test_a_place_that_can_not_be_used(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")
    with pytest.raises(ImproperlyConfigured, match="set TASKHUB_HOME"):
        acquire(occupied)


def test_another_server_is_found_on_the_path(
    directory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from taskhub.engine.embedded import binary
    from tests.support.servers import available_servers, server_binary

    monkeypatch.setattr(binary, "_bundled_server", lambda: None)
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(ImproperlyConfigured, match=r"install the extra taskhub-core\[embedded\]"):
        acquire(directory)
    for name in available_servers():
        program = server_binary(name)
        assert program is not None
        link = programs / ("valkey-server" if name == "valkey" else "redis-server")
        link.unlink(missing_ok=True)
        link.symlink_to(program)
        with acquire(directory / name, linger=0.0) as store:
            assert ask(store, "PING") == b"PONG"
        wait_until(lambda: not processes(store.directory), "the store to stop")
        link.unlink()


@pytest.mark.parametrize("mark", ["pyproject.toml", "setup.cfg", ".git"])
def test_the_projects_directory(tmp_path: Path, mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "project" / "package" / "part"
    inside.mkdir(parents=True)
    monkeypatch.delenv("TASKHUB_HOME", raising=False)
    monkeypatch.chdir(inside)
    (tmp_path / "project" / mark).touch()
    assert project_directory() == tmp_path / "project"
    assert store_directory() == tmp_path / "project" / ".taskhub"
    monkeypatch.setenv("TASKHUB_HOME", str(tmp_path / "elsewhere"))
    assert store_directory() == tmp_path / "elsewhere"
    assert store_directory(tmp_path / "chosen") == tmp_path / "chosen" / ".taskhub"


def test_sigterm_to_the_watcher_stops_it(directory: Path) -> None:
    with acquire(directory, linger=LINGER):
        (watcher,) = processes(directory, "watcher.py")
        watcher.send_signal(signal.SIGTERM)
        wait_until(lambda: not processes(directory), "the store to stop")


def test_acquiring_a_running_store_is_quick(directory: Path) -> None:
    with acquire(directory, linger=LINGER):
        times = []
        for _ in range(20):
            began = time.perf_counter()
            acquire(directory).close()
            times.append(time.perf_counter() - began)
    # The median of many: this machine may be busy with other tests.
    assert sorted(times)[10] < 0.005
