"""Pools, by name; every one is processes and threads here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr

__all__ = (
    "ALIASES",
    "get_available_pool_names",
    "get_implementation",
)

#: Names of pools -> what stands for their classes.
ALIASES = {
    "prefork": "celery.concurrency.prefork:TaskPool",
    "eventlet": "celery.concurrency.eventlet:TaskPool",
    "gevent": "celery.concurrency.gevent:TaskPool",
    "solo": "celery.concurrency.solo:TaskPool",
    "processes": "celery.concurrency.prefork:TaskPool",
    "threads": "celery.concurrency.thread:TaskPool",
}


def get_implementation(cls: Any) -> Any:
    """Return what stands for the class of a pool, by its name or path; for comparisons."""
    from celery.utils.imports import symbol_by_name

    return symbol_by_name(cls, ALIASES)


def get_available_pool_names() -> tuple[str, ...]:
    """Return the names of pools that `celery worker -P` takes."""
    return tuple(ALIASES)


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
