"""What is measured of the whole system, as values for `taskhub.system`: of the store, of workers, and of services."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from taskhub.actors.application import app
from taskhub.actors.host_load import measure_here
from taskhub.actors.stores import broker_store, home
from taskhub.control.asking import live_cards
from taskhub.control.backlog import backlogs
from taskhub.engine.redis.engine import RedisEngine
from taskhub.engine.redis.health import look_at_server
from taskhub.health import Check
from taskhub.system import (
    HostLoad,
    LeaderState,
    Look,
    Measurements,
    Prober,
    QueueState,
    WorkerState,
)
from taskhub.system.probes import probe_cache, probe_email, probe_market_data
from taskhub.worker.card import Card

#: The names of looks that are no services.
_HERE, _ELSEWHERE = "this host", "other hosts"
#: Seconds that workers of other hosts have for their answer.
_ANSWER = 5.0


def measure(prober: Prober) -> Measurements:
    """Measure everything.

    Parameters:
      prober: looks at what may hang.

    Raises:
      OperationalError: the store of messages is out of reach.
    """
    cards = live_cards(app)
    others = _one_node_of_each_host(cards.values())
    looks = prober.look(
        {**_services(), _HERE: measure_here, _ELSEWHERE: lambda: _ask(others, _ANSWER)}
    )
    here, elsewhere = looks.pop(_HERE), looks.pop(_ELSEWHERE)
    hosts, silent = _hosts(here, elsewhere, others)
    engine = app.engine
    leader = app.schedule.timetable.leader()
    return Measurements(
        hosts=tuple(hosts),
        silent=silent,
        services={name: look.as_check() for name, look in looks.items() if not look.is_nothing},
        queues=tuple(
            QueueState(one.name, one.ready, one.delayed, one.oldest, tuple(one.served_by))
            for one in backlogs(app, cards)
        ),
        workers=tuple(
            WorkerState(card.node, card.host, card.process, card.threads) for card in cards.values()
        ),
        leader=None if leader is None else LeaderState(leader[0], leader[1] / 1000),
        dead_letters=engine.dead_count(),
    )


def _services() -> dict[str, Callable[[], Check | None]]:
    place, namespace = home(), app.conf.taskhub_namespace
    probes: dict[str, Callable[[], Check | None]] = {}
    engine = app.engine
    if isinstance(engine, RedisEngine):
        for name, url, options in (
            ("broker", engine.broker_url, engine.broker_options),
            ("results", engine.results_url, engine.results_options),
        ):
            probes[name] = lambda url=url, options=options: (  # type: ignore[misc]
                look_at_server(url, options, client_name="taskhub-status").check
            )
    probes["cache"] = lambda: probe_cache(os.environ, namespace, broker_store())
    probes["e-mail"] = lambda: probe_email(os.environ, place)
    probes["market data"] = lambda: probe_market_data(os.environ, place)
    return probes


def _one_node_of_each_host(cards: Iterable[Card]) -> dict[str, str]:
    """Return a node that can be asked on each other host: host -> node."""
    here = socket.gethostname()
    found: dict[str, str] = {}
    for card in cards:
        if card.host != here and card.listens:
            found.setdefault(card.host, card.node)
    return found


def _ask(nodes: Mapping[str, str], timeout: float) -> dict[str, Any]:
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
