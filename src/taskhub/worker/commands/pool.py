"""Commands about the processes of a worker; its supervisor heeds each once, however many processes pass it on."""

from __future__ import annotations

import logging
import os
import signal
from typing import Any

from taskhub.worker.commands.panel import control_command, nok, ok
from taskhub.worker.commands.state import WorkerState
from taskhub.worker.keeper import address_for
from taskhub.worker.supervised import Supervision

logger = logging.getLogger(__name__)

_UNSUPERVISED = "only `taskhub worker` can change its processes: this one runs by another program"


def _autoscaled(supervision: Supervision) -> bool:
    return supervision.pool.most is not None


@control_command(args=[("n", int)], signature="[N=1]")
def pool_grow(state: WorkerState, n: int = 1, **kwargs: Any) -> dict[str, str]:
    """Grow pool by n processes."""
    supervision = state.supervision
    if supervision is None:
        return nok(_UNSUPERVISED)
    if _autoscaled(supervision):
        return nok("pool_grow is not supported with autoscale. Adjust autoscale range instead.")
    supervision.request("grow", ticket=state.letter, number=int(n))
    return ok("pool will grow")


@control_command(args=[("n", int)], signature="[N=1]")
def pool_shrink(state: WorkerState, n: int = 1, **kwargs: Any) -> dict[str, str]:
    """Shrink pool by n processes; one is always left."""
    supervision = state.supervision
    if supervision is None:
        return nok(_UNSUPERVISED)
    if _autoscaled(supervision):
        return nok("pool_shrink is not supported with autoscale. Adjust autoscale range instead.")
    supervision.request("shrink", ticket=state.letter, number=int(n))
    return ok("pool will shrink")


@control_command()
def pool_restart(
    state: WorkerState,
    modules: Any = None,
    reload: bool = False,
    reloader: Any = None,
    **kwargs: Any,
) -> dict[str, str]:
    """Replace every process, one after another, by one that has read the code afresh."""
    if not state.app.conf.worker_pool_restarts:
        raise ValueError("Pool restarts not enabled")
    supervision = state.supervision
    if supervision is None:
        return nok(_UNSUPERVISED)
    supervision.request("reload", ticket=state.letter)
    return ok("reload started")


@control_command(args=[("max", int), ("min", int)], signature="[max [min]]")
def autoscale(state: WorkerState, max: int | None = None, min: int | None = None) -> dict[str, str]:
    """Modify autoscale settings."""
    supervision = state.supervision
    if supervision is None:
        return nok(_UNSUPERVISED)
    most, least = supervision.pool.most, supervision.pool.least
    if most is None or least is None:
        raise ValueError("Autoscale not enabled")
    most = most if max is None else int(max)
    least = least if min is None else int(min)
    if not 1 <= least <= most:
        return nok(f"autoscale needs 1 <= min <= max, not min={least} max={most}")
    supervision.request("autoscale", ticket=state.letter, most=most, least=least)
    return ok(f"autoscale now max={most} min={least}")


@control_command()
def shutdown(
    state: WorkerState, msg: str = "Got shutdown from remote", **kwargs: Any
) -> dict[str, str]:
    """Shutdown worker(s)."""
    logger.warning("%s", msg)
    supervision = state.supervision
    if supervision is not None:
        supervision.request("stop", ticket=state.letter)
        return ok("shutting down")
    parent = os.getppid()
    if not address_for(parent).exists():
        return nok("this worker runs inside another program: stop it there")
    # Dramatiq's command line takes a second signal for an order to end at once.
    if state.engine.mailbox.take(f"{state.letter}:{os.uname().nodename}:{parent}"):
        os.kill(parent, signal.SIGTERM)
    return ok("shutting down")
