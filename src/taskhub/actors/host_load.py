"""The command `host_load`: workers report how much of their host is in use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from taskhub.actors.application import app
from taskhub.control import nok

if TYPE_CHECKING:
    from taskhub.actors.system import HostLoad, Prober

#: A disk that does not answer must not keep the worker from hearing other commands, seconds.
TIMEOUT = 3.0


def host_load(state: Any) -> dict[str, Any]:
    """How much of the host's processors, memory and disks is in use."""
    found = _prober().run({"host": measure_here})["host"]
    if found.error is not None:
        return nok(found.error)
    load: HostLoad = found.value
    return load.as_dict()


def measure_here() -> HostLoad:
    """Measure this host, with the disks that its own environment names."""
    from taskhub.actors.system import StatusSettings, measure_host

    return measure_host(StatusSettings(home=app.home).disks)


@cache
def _prober() -> Prober:
    from taskhub.actors.system import Prober

    return Prober(TIMEOUT)
