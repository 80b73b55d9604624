"""An app on the store in memory, and Dramatiq's worker in this process."""

from __future__ import annotations

from tests.unit.worker.conftest import app, engine, work

__all__ = ("app", "engine", "work")
