"""Commands about the processes of a worker.

Each process passes them on to the supervisor, which carries each out once.
"""

from __future__ import annotations

import logging
import os
import signal
from typing import Any, Literal

from taskhub.worker.control.panel import control_command, nok, ok
from taskhub.worker.control.state import WorkerState
from taskhub.worker.leases.registration import address_for

logger = logging.getLogger(__name__)

_UNSUPERVISED = (
    "only `taskhub worker` can change its processes: this worker was started by another program"
)


@control_command(args=[("n", int)], signature="[N=1]")
def pool_grow(state: WorkerState, n: int = 1, **kwargs: Any) -> dict[str, str]:
    """Grow pool by n processes."""
    return _change_size(state, "grow", n)


@control_command(args=[("n", int)], signature="[N=1]")
def pool_shrink(state: WorkerState, n: int = 1, **kwargs: Any) -> dict[str, str]:
    """Shrink pool by n processes; one is always left."""
    return _change_size(state, "shrink", n)


def _change_size(
    state: WorkerState, change: Literal["grow", "shrink"], number: int
) -> dict[str, str]:
    supervisor = state.supervisor
    if supervisor is None:
        return nok(_UNSUPERVISED)
    if supervisor.pool.most is not None:
        return nok(
            f"pool_{change} is not supported with autoscale. Adjust autoscale range instead."
        )
    supervisor.request(change, request_id=state.message_id, number=int(number))
    return ok(f"pool will {change}")


@control_command()
def pool_restart(
    state: WorkerState,
    modules: Any = None,
    reload: bool = False,
    reloader: Any = None,
    **kwargs: Any,
) -> dict[str, str]:
    """Replace every process, one after another, by one that imports the code anew."""
    if not state.app.conf.worker_pool_restarts:
        raise ValueError("Pool restarts not enabled")
    supervisor = state.supervisor
    if supervisor is None:
        return nok(_UNSUPERVISED)
    supervisor.request("reload", request_id=state.message_id)
    return ok("reload started")


@control_command(args=[("max", int), ("min", int)], signature="[max [min]]")
def autoscale(state: WorkerState, max: int | None = None, min: int | None = None) -> dict[str, str]:
    """Modify autoscale settings."""
    supervisor = state.supervisor
    if supervisor is None:
        return nok(_UNSUPERVISED)
    most, least = supervisor.pool.most, supervisor.pool.least
    if most is None or least is None:
        raise ValueError("Autoscale not enabled")
    most = most if max is None else int(max)
    least = least if min is None else int(min)
    if not 1 <= least <= most:
        return nok(f"autoscale needs 1 <= min <= max, not min={least} max={most}")
    supervisor.request("autoscale", request_id=state.message_id, most=most, least=least)
    return ok(f"autoscale now max={most} min={least}")


@control_command()
def shutdown(
    state: WorkerState, msg: str = "Got shutdown from remote", **kwargs: Any
) -> dict[str, str]:
    """Shutdown worker(s)."""
    logger.warning("%s", msg)
    supervisor = state.supervisor
    if supervisor is not None:
        supervisor.request("stop", request_id=state.message_id)
        return ok("shutting down")
    parent = os.getppid()
    if not address_for(parent).exists():
        return nok("this worker runs inside another program: stop it there")
    # Dramatiq's command line takes a second signal for an order to end at once.
    if state.engine.control_bus.claim_once(f"{state.message_id}:{os.uname().nodename}:{parent}"):
        os.kill(parent, signal.SIGTERM)
    return ok("shutting down")
