"""What a look at a server finds: whether it answers, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from taskhub.health import Check

__all__ = ("ServerLook",)


class ServerLook(NamedTuple):
    """What a look at a server found."""

    check: Check
    #: What it says of itself, by names of its own; empty if it did not answer, or if its user may
    #: not ask. Redis and Valkey: the fields of INFO.
    fields: Mapping[str, str]
