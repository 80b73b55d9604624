"""Calls that wait for the transaction of Django's in which they are made (`enqueue_on_commit`)."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from taskhub.exceptions import ImproperlyConfigured

__all__ = ("call_on_commit",)


def call_on_commit(send: Callable[[], object], database: bool | str) -> None:
    """Call a function when the open transaction is committed; without one, at once.

    Args:
        send: The function; it is not called if the transaction is rolled back.
        database: The alias of the database whose transaction it is; True: the default one.

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
            "enqueue_on_commit waits for transactions of Django's, and Django is not installed: "
            "leave it and the setting task_enqueue_on_commit out"
        ) from None
    try:
        connection = transaction.get_connection(None if database is True else database)
    except unusable as error:
        raise ImproperlyConfigured(f"enqueue_on_commit={database!r}: {error}") from None
    connection.on_commit(send)
