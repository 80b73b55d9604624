"""Signals, exit codes and files that name processes (as `celery.platforms`)."""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import platform
import signal as _signal
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from celery._unsupported import unsupported_getattr

__all__ = (
    "EX_CANTCREAT",
    "EX_FAILURE",
    "EX_OK",
    "EX_UNAVAILABLE",
    "EX_USAGE",
    "IS_WINDOWS",
    "SYSTEM",
    "LockFailed",
    "PIDFile",
    "Pidfile",
    "Signals",
    "check_privileges",
    "create_pidlock",
    "get_errno_name",
    "get_fdmax",
    "ignore_errno",
    "isatty",
    "pyimplementation",
    "set_mp_process_title",
    "set_process_title",
    "signal_name",
    "signals",
    "strargv",
)

EX_OK, EX_FAILURE = 0, 1
EX_USAGE, EX_UNAVAILABLE, EX_CANTCREAT = 64, 69, 73

SYSTEM = platform.system()
IS_macOS = SYSTEM == "Darwin"
IS_WINDOWS = SYSTEM == "Windows"

#: Accepted as Celery's, without effect: the environment variable C_FORCE_ROOT counts.
C_FORCE_ROOT = os.environ.get("C_FORCE_ROOT", "")

_NUMBERS = {one.name.removeprefix("SIG"): one.value for one in _signal.Signals}


class Signals:
    """The handlers of signals by their names: `signals["INT"] = handler`."""

    ignored = _signal.SIG_IGN
    default = _signal.SIG_DFL

    def arm_alarm(self, seconds: float) -> None:
        """Have SIGALRM sent in so many seconds."""
        _signal.setitimer(_signal.ITIMER_REAL, seconds)

    def reset_alarm(self) -> int:
        """Have no SIGALRM sent."""
        return _signal.alarm(0)

    def supported(self, name: str | int) -> bool:
        """Return whether there is a signal of this name."""
        return isinstance(name, int) or name.upper().removeprefix("SIG") in _NUMBERS

    def signum(self, name: str | int) -> int:
        """Return the number of a signal.

        Raises:
            TypeError: There is none of this name.
        """
        if isinstance(name, int):
            return name
        try:
            return _NUMBERS[name.upper().removeprefix("SIG")]
        except KeyError:
            raise TypeError("signal name must be uppercase string.") from None

    def reset(self, *signal_names: str | int) -> None:
        """Set signals to what they do by default."""
        self.update((name, self.default) for name in signal_names)

    def ignore(self, *names: str | int) -> None:
        """Ignore signals."""
        self.update((name, self.ignored) for name in names)

    def __getitem__(self, name: str | int) -> Any:
        return _signal.getsignal(self.signum(name))

    def __setitem__(self, name: str | int, handler: Any) -> None:
        # In other threads, and for signals that cannot be had, nothing happens.
        with contextlib.suppress(AttributeError, ValueError, TypeError):
            _signal.signal(self.signum(name), handler)

    def update(self, _d_: Any = None, **sigmap: Any) -> None:
        """Set several handlers."""
        for name, handler in dict(_d_ or {}, **sigmap).items():
            self[name] = handler


signals = Signals()
arm_alarm, reset_alarm = signals.arm_alarm, signals.reset_alarm
get_signal, install_signal = signals.signum, signals.__setitem__
reset_signal, ignore_signal = signals.reset, signals.ignore


def signal_name(signum: int) -> str:
    """Return the name of a signal, without SIG."""
    return _signal.Signals(signum).name.removeprefix("SIG")


class LockFailed(Exception):
    """A file that names a process could not be had."""


class Pidfile:
    """A file with the id of this process, which no other process can have meanwhile.

    Args:
        path: Where it is.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)

    def acquire(self) -> Pidfile:
        """Write the file.

        Raises:
            LockFailed: There is one already.
        """
        try:
            descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except OSError as error:
            raise LockFailed(str(error)) from error
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{os.getpid()}\n")
        return self

    def is_locked(self) -> bool:
        """Return whether there is such a file."""
        return os.path.exists(self.path)

    def release(self, *args: Any) -> None:
        """Remove the file."""
        self.remove()

    def read_pid(self) -> int | None:
        """Return the process that the file names; None without a file.

        Raises:
            ValueError: It names none.
        """
        try:
            with open(self.path) as file:
                text = file.readline()
        except FileNotFoundError:
            return None
        if not text.strip().isdigit():
            raise ValueError(f"pidfile {self.path} contents invalid.")
        return int(text)

    def remove(self) -> None:
        """Remove the file, if there is one."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def remove_if_stale(self) -> bool:
        """Remove the file if its process is gone; returns whether there is none now."""
        try:
            process = self.read_pid()
        except ValueError:
            process = None
        if process is not None and process != os.getpid() and _runs(process):
            return False
        self.remove()
        return True

    def __enter__(self) -> Pidfile:
        return self.acquire()

    def __exit__(self, *exc_info: Any) -> None:
        self.release()


PIDFile = Pidfile


def create_pidlock(pidfile: str) -> Pidfile:
    """Write a file with the id of this process, and remove it when the process ends.

    Raises:
        SystemExit: Another process, which runs, has it.
    """
    lock = Pidfile(pidfile)
    if lock.is_locked() and not lock.remove_if_stale():
        sys.stderr.write(f"ERROR: Pidfile ({pidfile}) already exists.\n")
        raise SystemExit(EX_CANTCREAT)
    lock.acquire()
    atexit.register(lock.release)
    return lock


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def pyimplementation() -> str:
    """Return the name of this Python's implementation."""
    return platform.python_implementation()


def isatty(fh: Any) -> bool:
    """Return whether a file is a terminal."""
    try:
        return bool(fh.isatty())
    except AttributeError:
        return False


def get_fdmax(default: int | None = None) -> int | None:
    """Return how many files a process may have open; `default` if there is no limit."""
    import resource

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return default if most == resource.RLIM_INFINITY else most


def get_errno_name(n: int | str) -> int:
    """Return the number of an error, given by name or number."""
    return int(getattr(errno, n)) if isinstance(n, str) else n


@contextmanager
def ignore_errno(
    *errnos: int | str, types: type[BaseException] | tuple[type[BaseException], ...] = Exception
) -> Generator[None]:
    """Ignore errors of the operating system by their numbers or names for the length of a block."""
    numbers = {get_errno_name(one) for one in errnos}
    try:
        yield
    except types as error:
        if getattr(error, "errno", None) not in numbers:
            raise


def check_privileges(accept_content: Any) -> None:
    """Do nothing: the command `celery worker` looks whether it runs as root."""


def set_process_title(progname: str, info: str | None = None) -> str:
    """Set how this process is shown, if the package setproctitle is there; returns that."""
    title = f"[{progname}] {info}" if info else f"[{progname}]"
    with contextlib.suppress(ImportError):
        import_module("setproctitle").setproctitle(title)
    return title


def set_mp_process_title(
    progname: str, info: str | None = None, hostname: str | None = None
) -> str:
    """Set how this process is shown, see `set_process_title`."""
    return set_process_title(f"{progname}@{hostname.split('.')[0]}" if hostname else progname, info)


def strargv(argv: list[str]) -> str:
    """Return the arguments of a command as text, without its name."""
    return " ".join(argv[2:] if os.path.basename(sys.executable) in argv[0] else argv[1:])


SIGMAP: Mapping[int, str] = {number: f"SIG{name}" for name, number in _NUMBERS.items()}
Handler = Callable[[int, Any], Any]

__getattr__ = unsupported_getattr(__name__)
