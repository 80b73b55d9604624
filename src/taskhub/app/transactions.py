"""Calls that wait for the transaction of Django's in which they are made (`enqueue_on_commit`)."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from taskhub.exceptions import ImproperlyConfigured

__all__ = ("call_on_commit", "open_connection")


def call_on_commit(send: Callable[[], object], database: bool | str) -> None:
    """Call a function when the open transaction is committed; without one, at once.

    Args:
        send: The function; it is not called if the transaction is rolled back.
        database: The alias of the database whose transaction it is; True: the default one.

    Raises:
        ImproperlyConfigured: Django is not installed or not set up, or has no such database.
    """
    open_connection("enqueue_on_commit", database).on_commit(send)


def open_connection(option: str, database: bool | str) -> Any:
    """Return this thread's connection to a database of Django's.

    Args:
        option: What asks for it, for the error.
        database: The alias of the database; True: the default one.

    Raises:
        ImproperlyConfigured: Django is not installed or not set up, or has no such database.
    """
    try:
        transaction = import_module("django.db.transaction")
        unusable = (
            import_module("django.core.exceptions").ImproperlyConfigured,
            import_module("django.db.utils").ConnectionDoesNotExist,
        )
    except ImportError:
        raise ImproperlyConfigured(
            f"{option} is about transactions of Django's, and Django is not installed: leave it "
            f"and the setting task_{option.removeprefix('task_')} out"
        ) from None
    try:
        return transaction.get_connection(None if database is True else database)
    except unusable as error:
        raise ImproperlyConfigured(f"{option}={database!r}: {error}") from None
