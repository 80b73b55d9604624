"""Registration of worker processes with the lease renewer: the protocol of its socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskhub.engine.factory import make_engine
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.stores import EngineStores
from taskhub.worker.runtime_directory import runtime_directory

#: The address of the lease renewer, when it is not found by the parent's process id.
ADDRESS_VARIABLE = "TASKHUB_LEASE_RENEWER"
#: The reply to a registration.
REGISTERED = b"registered\n"
#: What a worker process sends before it ends in order.
DEREGISTER = b"deregister\n"


def address_for(parent: int) -> Path:
    """Return the address of the lease renewer of the worker processes that this parent started."""
    return runtime_directory() / f"lease_renewer-{parent}.sock"


@dataclass(frozen=True)
class Registration:
    """What a worker process sends to its lease renewer: itself, and how to reach its store."""

    worker: str
    process: int
    #: The fields of its engine's `EngineStores`.
    stores: dict[str, Any]

    @classmethod
    def from_json(cls, text: str) -> Registration:
        """Read back what `to_json` wrote.

        Raises:
            ValueError, TypeError: It is something else.
        """
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """Return the text that is sent."""
        return json.dumps(vars(self))

    def open_engine(self) -> Engine:
        """Return an engine on the worker's stores."""
        stores = EngineStores.from_fields(self.stores)
        return make_engine(stores, client_name="taskhub-lease-renewer")

    @property
    def store(self) -> str:
        """A text that is the same for all workers of one engine."""
        return json.dumps(self.stores, sort_keys=True)
