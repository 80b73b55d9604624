"""Server time of a commit, per task: `python -m benchmarks.commit_cost`.

Counts what the server itself says: `commandstats` (time inside the script) and `used_cpu` (that and
the reading of arguments), so that other load on the machine does not change the figures much.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cache
from math import inf
from typing import Any, Final, NamedTuple

import redis

from benchmarks.server import describe, started
from taskhub.config.urls import parse_store_url
from taskhub.engine.port.claims import Claim, Completion
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.redis.engine import RedisEngine
from taskhub.message import Envelope, new_task_id
from taskhub.outcome import ChordPart, ChordPlan, HistoryPart, Outcome
from taskhub.statistics.tally import tally

TASKS: Final = 10_000
BODY: Final = (
    b'{"actor_name":"shop.pay","args":[17,"EUR"],"kwargs":{"user":5},"options":{"x":"'
    + 300 * b"y"
    + b'"}}'
)
RECORD: Final = (
    '{"queue":"work","priority":5,"arguments":"17, currency=\'EUR\', '
    'user=5","sent_at":1796000000000,'
    '"started_at":1796000000020,"waited":0.02,"ran":0.004,"retries":0,"deliveries":1,"worker":"w@host"}'
)
#: So many tasks the history keeps here: most that end take the place of another.
HISTORY: Final = 1000
WORKER: Final = "worker"


class Cost(NamedTuple):
    """Microseconds of the server per task."""

    script: float
    cpu: float


def document(task_id: str) -> str:
    """Return a result document as that of a small task."""
    return (
        '{"status":"SUCCESS","result":42,"traceback":null,"children":[],'
        f'"date_done":"2026-11-30T12:00:00.000000+00:00","task_id":"{task_id}"}}'
    )


def plain(claim: Claim) -> Outcome:
    """Return a success of which nothing follows."""
    return Outcome(claim.task_id, "SUCCESS", document(claim.task_id), 86_400_000)


def kept(claim: Claim) -> Outcome:
    """Return a success that is part of the history, which forgets another for it."""
    return plain(claim)._replace(history=HistoryPart("shop.pay", "SUCCESS", RECORD))


def link(claim: Claim) -> Outcome:
    """Return a success that publishes the next link of a chain."""
    return plain(claim)._replace(publish=(Envelope(new_task_id(), "other", 5, BODY),))


def part(claim: Claim) -> Outcome:
    """Return a success that gives a part to a chord."""
    return plain(claim)._replace(parts=(ChordPart("chord", claim.task_id, "42"),))


class Case(NamedTuple):
    """What is committed, and how."""

    make: Callable[[Claim], Outcome]
    #: Tasks of one commit.
    size: int
    #: Whether the store keeps the history that outcomes bring.
    keeps_history: bool = True


CASES: Final = {
    "plain, batches of 200": Case(plain, 200),
    "plain, batches of 20": Case(plain, 20),
    "plain, alone": Case(plain, 1),
    "history turned off, batches of 200": Case(kept, 200, keeps_history=False),
    "with history, batches of 200": Case(kept, 200),
    "with history, batches of 20": Case(kept, 20),
    "with history, alone": Case(kept, 1),
    "link of a chain, batches of 200": Case(link, 200),
    "part of a chord, batches of 200": Case(part, 200),
}
#: What the row of the history compares.
SETS: Final = {
    "all": tuple(CASES),
    "history": (
        "plain, batches of 200",
        "history turned off, batches of 200",
        "with history, batches of 200",
    ),
}


def measure(client: redis.Redis, engine: RedisEngine, case: str, tasks: int) -> Cost:
    """Commit so many tasks and return what each cost."""
    make, size, _ = CASES[case]
    client.flushall()
    body = (Envelope("body", "other", 5, BODY),)
    engine.enqueue([], chords=[ChordPlan("chord", tasks + 1, body)])
    for page in _pages(range(tasks), 500):
        engine.enqueue([Envelope(new_task_id(), "work", 5, BODY) for _ in page])
    claims: list[Claim] = []
    while len(claims) < tasks:
        claims += engine.claim(WORKER, ["work"], 500).claims
    counted = tally("shop.pay", "work", "done", 0.004, 0.02)
    batches = [
        [Completion(claim, make(claim), counted) for claim in page] for page in _pages(claims, size)
    ]
    client.config_resetstat()
    before = _cpu(client)
    for batch in batches:
        assert all(engine.commit(WORKER, batch))
    cpu = _cpu(client) - before
    script = client.info("commandstats")["cmdstat_evalsha"]["usec"]
    return Cost(script / tasks, cpu * 1e6 / tasks)


@cache
def engine_of(url: str, case: Case) -> RedisEngine:
    """Return the engine of a case."""
    rules = EngineRules(history_limit=HISTORY if case.keeps_history else 0)
    return RedisEngine(parse_store_url(url), rules=rules)


def _pages(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[first : first + size] for first in range(0, len(items), size))


def _cpu(client: redis.Redis) -> float:
    usage = client.info("cpu")
    return float(usage["used_cpu_user"]) + float(usage["used_cpu_sys"])


def main() -> None:
    """Print the least of some rounds for each case."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.commit_cost", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=TASKS)
    parser.add_argument("--server", help="redis-server or valkey-server to measure on")
    parser.add_argument("--url", help="a store that is emptied, in place of one's own")
    parser.add_argument("--cases", choices=SETS, default="all")
    parser.add_argument("--json", action="store_true", help="print script times as JSON")
    options = parser.parse_args()
    with ExitStack() as stack:
        url = options.url or stack.enter_context(started(options.server)).url
        client = stack.enter_context(redis.Redis.from_url(url))
        costs = {case: Cost(inf, inf) for case in SETS[options.cases]}
        # Rounds go over all cases, so that other load hits all alike.
        for _ in range(options.rounds):
            for case, least in costs.items():
                cost = measure(client, engine_of(url, CASES[case]), case, options.tasks)
                costs[case] = Cost(min(cost.script, least.script), min(cost.cpu, least.cpu))
        version = describe(client.info("server"))
    if options.json:
        print(json.dumps({case: cost.script for case, cost in costs.items()}))
        return
    print(f"{version}; microseconds of the server per task: script, all")
    for case, cost in costs.items():
        print(f"{case:35} {cost.script:6.2f} {cost.cpu:6.2f}")


if __name__ == "__main__":
    main()
