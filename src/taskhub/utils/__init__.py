"""Small things that programs written against Celery import from its `utils`."""

from __future__ import annotations

from uuid import uuid4


def uuid() -> str:
    """Return a new id, as tasks get them."""
    return str(uuid4())


gen_unique_id = uuid

__all__ = ["gen_unique_id", "uuid"]
