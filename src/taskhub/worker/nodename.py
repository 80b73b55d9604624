"""Node names, and their `%` marks in the names of files, as in Celery."""

from __future__ import annotations

import re
import socket

DEFAULT = "celery"


def expand_nodename(pattern: str | None, host: str | None = None) -> str:
    """Return a node name, from a pattern as Celery's `--hostname`.

    Marks: %h (the host), %n (its first part), %d (the rest).

    A name without `@` gets the host behind it.
    """
    host = host or socket.gethostname()
    name, _, domain = host.partition(".")
    pattern = pattern or f"{DEFAULT}@%h"
    if "@" not in pattern:
        pattern = f"{pattern}@%h"
    return _expand(pattern, {"h": host, "n": name, "d": domain, "i": "0", "I": ""})


def expand_path(pattern: str, nodename: str, process: int = 0) -> str:
    """Return a path for a process of a worker, from a pattern as Celery's `--logfile`.

    Marks: %p (the node name), %n (what is before its `@`), %h (what is after it), %d (the domain of
    %h), %i (the process's number, 0 for the supervisor), %I (the same with a dash before it,
    nothing for the supervisor), %%.
    """
    name, _, host = nodename.rpartition("@")
    values = {
        "p": nodename,
        "n": name or DEFAULT,
        "h": host,
        "d": host.partition(".")[2],
        "i": str(process),
        "I": f"-{process}" if process else "",
    }
    return _expand(pattern, values)


def _expand(pattern: str, values: dict[str, str]) -> str:
    values = {**values, "%": "%"}
    return re.sub(r"%(.)", lambda found: values.get(found[1], found[0]), pattern)
