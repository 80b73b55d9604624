"""A server that has forgotten our scripts."""

from __future__ import annotations

from collections.abc import Callable

import redis

from taskhub.engine.port.claims import Claim
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.outcome import HistoryPart
from taskhub.statistics.tally import tally
from tests.contract.stage import claim_one, completion, ids, message, state_of
from tests.integration.engine.conftest import MakeEngine
from tests.support.servers import Server


def test_every_script_is_loaded_again(any_server: Server, make_engine: MakeEngine) -> None:
    engine = make_engine(any_server.socket_url)
    with redis.Redis(unix_socket_path=str(any_server.socket)) as client:
        flush = client.script_flush
        flush()
        engine.enqueue([message(name) for name in "abcd"], retry=RetryPolicy())
        flush()
        claim = claim_one(engine)
        flush()
        assert engine.store_state("a", '{"status": "STARTED"}', None, held=("w1", claim))
        flush()
        assert engine.acknowledge("w1", claim)
        flush()
        # Both scripts of one trip are unknown, and each is run once.
        exchange = engine.exchange(
            "w1", [completion(claim, publish=[message("e")])], ["default"], 1
        )
        assert exchange.committed == [True]
        assert exchange.batch is not None
        assert ids(exchange.batch.claims) == ["b"]
        flush()
        assert engine.requeue("w1", ["b"]) == ["b"]
        flush()
        assert ids(engine.revoke("revoker", ["c"], 1000)) == ["c"]
        flush()
        assert engine.reclaim("revoker") == 1
        flush()
        assert engine.renew(["w1"], 1000) == []
        flush()
        assert engine.purge("default") == 4
    assert state_of(engine, "a") == "SUCCESS"


def test_one_script_is_loaded_once(any_server: Server, make_engine: MakeEngine) -> None:
    engine = make_engine(any_server.socket_url)
    with redis.Redis(unix_socket_path=str(any_server.socket)) as client:
        client.script_flush()
        client.config_resetstat()
        for number in range(10):
            engine.enqueue([message(f"id{number}")])

        assert (
            client.info("commandstats")[
                "cmdstat_script|load" if is_new(client) else "cmdstat_script"
            ]["calls"]
            == 1
        )


def is_new(client: redis.Redis) -> bool:
    """Whether statistics are kept by subcommand (since 7.0)."""
    return int(client.info("server")["redis_version"].split(".")[0]) >= 7


def test_one_task_alone_takes_few_commands(any_server: Server, make_engine: MakeEngine) -> None:
    """Most commits of a fleet end one task: what each command costs the server adds up."""
    engine = make_engine(any_server.socket_url)
    counted, part = tally("add", "default", "done", 0.003, 0.2), HistoryPart("add", "SUCCESS", "{}")

    def run_one(task_id: str) -> list[int]:
        """Send, claim and end one task; return how many commands each step took."""
        steps = []
        with redis.Redis(unix_socket_path=str(any_server.socket)) as client:

            def step(act: Callable[[], object]) -> None:
                client.config_resetstat()
                act()
                calls = client.info("commandstats")
                steps.append(
                    sum(
                        counts["calls"]
                        for name, counts in calls.items()
                        if name.split("_")[1].split("|")[0] not in ("evalsha", "info", "config")
                    )
                )

            step(lambda: engine.enqueue([message(task_id)], retry=RetryPolicy()))
            claims: list[Claim] = []
            step(lambda: claims.extend(engine.claim("w1", ["default"], 5).claims))
            ended = completion(claims[0])
            outcome = ended.outcome._replace(history=part)
            ended = ended._replace(outcome=outcome, tally=counted)
            step(lambda: engine.commit("w1", [ended]))
            step(lambda: engine.claim("w1", ["default"], 5))
        return steps

    run_one("first")
    enqueued, claimed, committed, idle = run_one("second")
    assert enqueued <= 9
    assert claimed <= 9
    assert committed <= 10
    assert idle <= 3
    # Nobody misses what is not indexed yet.
    assert engine.history.count() == 2
