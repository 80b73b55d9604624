"""The command `host_load`: workers tell how much of their host is in use."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from taskhub.actors.stores import home
from taskhub.worker.commands.panel import nok

if TYPE_CHECKING:
    from taskhub.system import HostLoad, Prober

#: A disk that does not answer must not keep the worker from hearing other commands, seconds.
TIMEOUT = 3.0


def host_load(state: Any) -> dict[str, Any]:
    """How much of the host's processors, memory and disks is in use."""
    found = _prober().look({"host": measure_here})["host"]
    if found.error is not None:
        return nok(found.error)
    load: HostLoad = found.value
    return load.as_dict()


def measure_here() -> HostLoad:
    """Measure this host, with the disks that its own environment names."""
    from taskhub.system import StatusSettings, measure_host

    settings = StatusSettings.from_environment(os.environ, home=home())
    return measure_host(settings.disks)


@cache
def _prober() -> Prober:
    from taskhub.system import Prober

    return Prober(TIMEOUT)
