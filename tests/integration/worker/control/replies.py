"""What the tests of this folder share."""

from __future__ import annotations

import os
from typing import Any

#: Longer than a loaded machine takes to answer; whoever has answered is not waited for.
PATIENT = 60.0


def node(name: str) -> str:
    """Return a node's name on this host."""
    return f"{name}@{os.uname().nodename}"


def only(replies: dict[str, Any] | None) -> Any:
    """Return what the only node replied."""
    assert replies is not None
    (reply,) = replies.values()
    return reply
