"""The import name `celery`, for programs that are written against Celery and run on taskhub."""

from __future__ import annotations

from typing import TYPE_CHECKING

if not TYPE_CHECKING:  # type checkers report unknown names by themselves

    def __getattr__(name: str) -> object:
        """Say plainly that a name of Celery's is not offered.

        Raises:
          AttributeError: always; `from celery import name` turns it into an `ImportError`.
        """
        raise AttributeError(f"taskhub-compat does not offer celery.{name} yet", name=name)
