"""What a process uses (as `celery.utils.debug`)."""

from __future__ import annotations

import sys
import threading
import traceback
from io import StringIO
from typing import TYPE_CHECKING, Any

import psutil

from celery._unsupported import unsupported_getattr

__all__ = ("cry", "hfloat", "humanbytes", "mem_rss", "ps")

_UNITS = ((2**40, "TB"), (2**30, "GB"), (2**20, "MB"), (2**10, "KB"))


def hfloat(f: float, p: int = 5) -> str:
    """Return a number as text, with `p` digits."""
    whole = int(f)
    return str(whole) if whole == f else f"{f:.{p}}"


def humanbytes(s: float) -> str:
    """Return a number of bytes for people, e.g. "3MB"."""
    return next(
        (f"{hfloat(s / size)}{unit}" for size, unit in _UNITS if s >= size), f"{hfloat(s)}b"
    )


def ps() -> Any:
    """Return this process, as `psutil` knows it."""
    return psutil.Process()


def mem_rss() -> str:
    """Return how much memory this process has, for people."""
    return humanbytes(ps().memory_info().rss)


def cry(out: StringIO | None = None, sepchr: str = "=", seplen: int = 49) -> Any:
    """Return what each thread is at, as text; write it to `out` if given."""
    buffer = StringIO() if out is None else out
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():
        if ident in names:
            buffer.write(f"{names[ident]}\n{sepchr * seplen}\n")
            traceback.print_stack(frame, file=buffer)
            buffer.write(f"{sepchr * seplen}\n\n")
    return buffer.getvalue() if out is None else None


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
