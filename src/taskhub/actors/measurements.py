"""Measurements of store, workers and services, as values for `taskhub.actors.system`."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from taskhub.actors.application import app
from taskhub.actors.host_load import measure_here
from taskhub.actors.system import (
    HostLoad,
    LeaderState,
    Look,
    Measurements,
    Prober,
    QueueState,
    WorkerState,
)
from taskhub.actors.system.probes import probe_cache, probe_email, probe_market_data
from taskhub.control import WorkerInfo
from taskhub.health import Check

#: The names of looks that are no services.
_HERE, _ELSEWHERE = "this host", "other hosts"
#: Seconds that workers of other hosts have for their answer.
_ANSWER = 5.0


def measure(prober: Prober) -> Measurements:
    """Measure everything.

    Args:
        prober: looks at what may hang.

    Raises:
        OperationalError: the store of messages is out of reach.
    """
    store = app.store
    workers = store.workers()
    others = _one_node_of_each_host(workers)
    looks = prober.run(
        {**_services(), _HERE: measure_here, _ELSEWHERE: lambda: _broadcast(others, _ANSWER)}
    )
    here, elsewhere = looks.pop(_HERE), looks.pop(_ELSEWHERE)
    hosts, silent = _hosts(here, elsewhere, others)
    leader = app.schedule.leader()
    return Measurements(
        hosts=tuple(hosts),
        silent=silent,
        services={name: look.as_check() for name, look in looks.items() if not look.is_nothing},
        queues=tuple(
            QueueState(
                one.name,
                one.ready,
                one.delayed + one.rate_limited,
                one.oldest,
                tuple(one.served_by),
            )
            for one in store.queues()
        ),
        workers=tuple(WorkerState(one.node, one.host, one.process, one.threads) for one in workers),
        leader=None if leader is None else LeaderState(*leader),
        dead_letters=store.dead_letters(),
    )


def _services() -> dict[str, Callable[[], Check | None]]:
    place = app.home
    return {
        **app.store.checks(),
        "cache": lambda: probe_cache(app.store.url),
        "e-mail": lambda: probe_email(place),
        "market data": lambda: probe_market_data(place),
    }


def _one_node_of_each_host(workers: Iterable[WorkerInfo]) -> dict[str, str]:
    """Return a node that can be asked on each other host: host -> node."""
    here = socket.gethostname()
    found: dict[str, str] = {}
    for worker in workers:
        if worker.host != here and worker.listens:
            found.setdefault(worker.host, worker.node)
    return found


def _broadcast(nodes: Mapping[str, str], timeout: float) -> dict[str, Any]:
    """Return what nodes answer: node -> reply."""
    if not nodes:
        return {}
    replies = app.control.broadcast(
        "host_load", reply=True, destination=sorted(set(nodes.values())), timeout=timeout
    )
    return {node: value for reply in replies or () for node, value in reply.items()}


def _hosts(
    here: Look, elsewhere: Look, nodes: Mapping[str, str]
) -> tuple[list[HostLoad], dict[str, str]]:
    """Return the hosts that were measured, and why others were not."""
    hosts: list[HostLoad] = []
    silent: dict[str, str] = {}
    if here.error is None:
        hosts.append(here.value)
    else:
        silent[socket.gethostname()] = here.error
    replies = elsewhere.value or {}
    for host, node in sorted(nodes.items()):
        reply = replies.get(node)
        try:
            if reply is None:
                raise ValueError(elsewhere.error or f"{node} did not answer within {_ANSWER:g} s")
            if "error" in reply:
                raise ValueError(str(reply["error"]))
            hosts.append(HostLoad.from_dict(reply))
        except ValueError as error:
            silent[host] = str(error)
    return hosts, silent
