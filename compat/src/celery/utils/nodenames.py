"""Names of nodes, `name@host` (as `celery.utils.nodenames`)."""

from __future__ import annotations

import os
import re
import socket
from functools import cache
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from celery.app.amqp import Exchange, Queue

__all__ = (
    "NODENAME_DEFAULT",
    "NODENAME_SEP",
    "WORKER_DIRECT_EXCHANGE",
    "WORKER_DIRECT_QUEUE_FORMAT",
    "anon_nodename",
    "default_nodename",
    "gethostname",
    "host_format",
    "node_format",
    "nodename",
    "nodesplit",
    "worker_direct",
)

#: Between a node's name and its host.
NODENAME_SEP = "@"
#: The name of a node that was given none.
NODENAME_DEFAULT = "celery"
#: The names of queues of single workers, in Celery.
WORKER_DIRECT_QUEUE_FORMAT = "{hostname}.dq2"
WORKER_DIRECT_EXCHANGE = Exchange("C.dq2")


@cache
def gethostname() -> str:
    """Return the name of this host."""
    return socket.gethostname()


def worker_direct(hostname: str | Queue) -> Queue:
    """Return the queue of one worker, by its node's name; a queue is returned as it is.

    Workers here serve it only with `taskhub worker -Q`.
    """
    if isinstance(hostname, Queue):
        return hostname
    name = WORKER_DIRECT_QUEUE_FORMAT.format(hostname=hostname)
    return Queue(name, WORKER_DIRECT_EXCHANGE, hostname)


def nodename(name: str, hostname: str) -> str:
    """Return the name of a node from its two parts."""
    return f"{name}{NODENAME_SEP}{hostname}"


def anon_nodename(hostname: str | None = None, prefix: str = "gen") -> str:
    """Return a name for this process, which is no worker."""
    return nodename(f"{prefix}{os.getpid()}", hostname or gethostname())


def nodesplit(name: str) -> tuple[str | None, str]:
    """Return the two parts of a node's name; a name without `@` is that of a host."""
    first, separator, host = name.partition(NODENAME_SEP)
    return (first, host) if separator else (None, first)


def default_nodename(hostname: str | None, default_name: str = NODENAME_DEFAULT) -> str:
    """Return a node's name, with what is left out of `hostname` filled in."""
    name, host = nodesplit(hostname or "")
    return nodename(name or default_name, host or gethostname())


def node_format(s: str, name: str, **extra: Any) -> str:
    """Return a text with `%` marks replaced for a node: %p is its name, else as `host_format`."""
    first, host = nodesplit(name)
    return host_format(s, host, first or NODENAME_DEFAULT, p=name, **extra)


def host_format(s: str, host: str | None = None, name: str | None = None, **extra: Any) -> str:
    """Return a text with `%` marks replaced: %h host, %n name or first part of it, %d domain.

    %i and %I, the number of a process of a pool, are those of the process that tasks don't run in:
    0 and nothing.

    Raises:
        ValueError: There is no such mark.
    """
    host = host or gethostname()
    first, _, domain = host.partition(".")
    values = {"h": host, "n": name or first, "d": domain, "i": "0", "I": "", "%": "%", **extra}

    def fill(found: re.Match[str]) -> str:
        try:
            value = values[found[1]]
        except KeyError:
            raise ValueError(f"Unknown format %{found[1]} in string {s!r}.") from None
        return str(value() if callable(value) else value)

    return re.sub(r"%(\w|%)", fill, s)


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
