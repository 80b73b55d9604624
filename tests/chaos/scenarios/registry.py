"""What an engine is asked to do while its server refuses commands: scenarios by name, collected by a decorator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from taskhub.engine.redis.engine import RedisEngine
from tests.contract.stage import Clock

#: The call that is examined; what it returns must not depend on how many numbers were drawn before.
Act = Callable[[], Any]
#: Brings an empty store into the state before the call, and returns it.
Scenario = Callable[[RedisEngine, Clock], Act]


class PartlyRefusedError(Exception):
    """The call did a part of what it was to do, and said that another part was refused."""


SCENARIOS: dict[str, Scenario] = {}


def scenario(prepare: Scenario) -> Scenario:
    """Add a scenario under the name of its function."""
    name = f"{prepare.__module__.rpartition('.')[2]}: {prepare.__name__.replace('_', ' ').strip()}"
    assert name not in SCENARIOS
    SCENARIOS[name] = prepare
    return prepare
