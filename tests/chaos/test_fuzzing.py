"""Odd messages, control messages and result documents in a real store, and live workers on it.

The worker goes on, every odd message ends with a reason, and every other task's result arrives.
`TASKHUB_FUZZ_EXAMPLES` says how many examples each test has (`make fuzz`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from taskhub import states
from taskhub.message import Envelope, new_task_id
from tests.integration.worker.conftest import Stage
from tests.support.servers import start_valkey
from tests.support.workers import until

EXAMPLES = int(os.environ.get("TASKHUB_FUZZ_EXAMPLES", "12"))
PATIENCE = 30.0

fuzzing = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    # Shrinking would take its examples from the seconds that the suite has.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)

#: What JSON can say, and what it can say too much of.
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["", "\x00", "\ud800", "default", "add", "2026-01-01T00:00:00", "1e400"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)
#: What messages say of themselves, and attributes of the request that none may set.
_OPTIONS = """
argsrepr argsrepr callbacks chain chain_continuation chord content correlation_id errbacks eta expires group
group_completion_uuid group_index headers id ignore_result chord_results kwargsrepr link link_error
max_retries on_failure on_success origin parent_id pipe_target priority ready_at
replaced_task_nesting reply_to retries root_id scheduled shadow stamped_headers stamps task throws
timelimit traceback _began _children _chords _delivery _execution _ending _extends _failure _publish
_replaced _task args kwargs
"""
OPTIONS = _OPTIONS.split()
BODIES = st.fixed_dictionaries(
    {"actor_name": st.sampled_from(["add", "add", "mark_native", "nobody"]) | VALUES},
    optional={
        "queue_name": VALUES,
        "args": st.just([1, 2]) | VALUES,
        "kwargs": st.just({}) | VALUES,
        "options": st.dictionaries(
            st.sampled_from(OPTIONS) | st.text(max_size=8), VALUES, max_size=3
        )
        | VALUES,
        "message_id": VALUES,
        "message_timestamp": VALUES,
        "format": st.just(1) | VALUES,
    },
)
#: With all fields of a message and one option that is odd.
NEARLY = st.builds(
    lambda option, value: {
        "actor_name": "add",
        "args": [1, 2],
        "kwargs": {},
        "options": {option: value},
    },
    st.sampled_from(OPTIONS),
    VALUES,
)
TEXTS = (BODIES | NEARLY | NEARLY | VALUES).map(json.dumps).map(str.encode) | st.binary(max_size=60)
IDS = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=("Cs",)), min_size=1)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A store of its own, and one worker process on it."""
    directory = tmp_path_factory.mktemp("fuzzing")
    with start_valkey(directory) as server:
        made = Stage(server.url, directory, task_default_queue="default")
        made.supervised(processes=1, threads=4)
        # The store, and the thread that follows results, belong to all tests of this module.
        server.is_shared = True
        assert made.send("add", 1, 2).get(timeout=PATIENCE) == 3
        yield made
        made.close()


def goes_on(stage: Stage) -> None:
    """Check that the worker is the one that it was, and works."""
    assert stage.send("add", 1, 2).get(timeout=PATIENCE) == 3
    workers = stage.sets[0]
    assert len(workers.pids) == 1, workers.log
    assert "does not work any more" not in workers.log
    assert "have died" not in workers.log


def has_ended(stage: Stage, task_id: str) -> bool:
    """Return whether a task has ended and left a reason."""
    document = stage.document(task_id)
    if document is not None and document["status"] in (*states.READY_STATES, states.RETRY):
        return True
    return stage.dead_letter(task_id) is not None


def wants_no_result(body: bytes) -> bool:
    """Return whether a message asks that nothing is stored."""
    try:
        return bool(json.loads(body)["options"]["ignore_result"])
    except (ValueError, TypeError, KeyError):
        return False


def odd(**options: Any) -> bytes:
    """Return a message that is well but for its options."""
    return json.dumps(
        {"actor_name": "add", "args": [1, 2], "kwargs": {}, "options": options}
    ).encode()


@fuzzing
@example(bodies=[odd(eta=4_102_444_800_000), odd(eta="2100-01-01"), odd(eta=None)])
@example(
    bodies=[
        odd(chain_continuation=5),
        odd(chain_continuation=[[1]]),
        odd(chord_results=7),
        odd(content=[1, 2]),
    ]
)
@example(
    bodies=[odd(headers={"_task": 1, "args": 5}), odd(_delivery=1), odd(_publish=[1]), odd(id=None)]
)
@example(
    bodies=[odd(pipe_target={"actor_name": 1}), odd(on_success=5), odd(group_completion_uuid=1)]
)
@example(
    bodies=[odd(timelimit=[1e400, -1]), odd(timelimit=[0, 0]), odd(expires=1e308), odd(retries="x")]
)
@given(bodies=st.lists(TEXTS, min_size=1, max_size=12))
def test_odd_messages_end_with_a_reason(stage: Stage, bodies: list[bytes]) -> None:
    neighbours = [stage.send("add", number, 1) for number in range(4)]
    ids = [new_task_id() for _ in bodies]
    engine = stage.app.engine
    for task_id, body in zip(ids, bodies, strict=True):
        engine.enqueue([Envelope(task_id, "default", 5, body)])
    assert [result.get(timeout=PATIENCE) for result in neighbours] == [1, 2, 3, 4]
    for task_id, body in zip(ids, bodies, strict=True):
        if not wants_no_result(body):
            until(lambda name=task_id: has_ended(stage, name), f"{body!r} to end", PATIENCE)  # type: ignore[misc]
    until(lambda: not stage.held, "nothing to be held", PATIENCE)
    goes_on(stage)


@fuzzing
@given(ids=st.lists(IDS, min_size=1, max_size=8, unique=True))
def test_tasks_of_odd_ids_end(stage: Stage, ids: list[str]) -> None:
    for task_id in ids:
        stage.app.engine.forget([task_id])
    results = [stage.send("add", 1, 2, task_id=task_id) for task_id in ids]
    assert [result.get(timeout=PATIENCE) for result in results] == [3] * len(ids)
    goes_on(stage)


@fuzzing
@given(documents=st.lists(TEXTS, min_size=1, max_size=8))
def test_results_are_written_over_odd_documents(stage: Stage, documents: list[bytes]) -> None:
    import redis

    ids = [new_task_id() for _ in documents]
    with redis.Redis.from_url(stage.settings["broker"]) as client:
        for task_id, document in zip(ids, documents, strict=True):
            client.set(f"celery-task-meta-{task_id}", document)
    results = [stage.send("add", 1, 2, task_id=task_id) for task_id in ids]
    until(
        lambda: all(
            (stored := stage.app.engine.documents([task_id])[0]) and b'"SUCCESS"' in stored
            for task_id in ids
        ),
        "the results",
        PATIENCE,
    )
    assert [result.get(timeout=PATIENCE) for result in results] == [3] * len(ids)
    goes_on(stage)


_METHODS = """
active active_queues add_consumer clock conf disable_events election enable_events heartbeat hello
memdump memsample nothing objgraph ping query_task rate_limit registered report reserved revoke
revoke_by_stamped_headers scheduled stats terminate time_limit
"""
METHODS = _METHODS.split()
COMMANDS = st.fixed_dictionaries(
    {"method": st.sampled_from(METHODS) | VALUES, "sender": st.just("me") | VALUES},
    optional={
        "arguments": st.dictionaries(
            st.sampled_from(["task_id", "ids", "task_name", "queue", "safe", "limit", "headers"])
            | st.text(max_size=8),
            VALUES,
            max_size=3,
        )
        | VALUES,
        "destination": VALUES,
        "pattern": VALUES,
        "matcher": st.sampled_from(["glob", "pcre"]) | VALUES,
        "reply_to": VALUES,
        "expires": st.just(10_000) | VALUES,
        "clock": VALUES,
    },
)


@fuzzing
@given(commands=st.lists((COMMANDS | COMMANDS | VALUES).map(json.dumps), min_size=1, max_size=12))
def test_odd_control_messages_are_ignored_or_answered(stage: Stage, commands: list[str]) -> None:
    for command in commands:
        stage.app.engine.control_bus.publish_command(command)
    until(lambda: stage.app.control.ping(timeout=5), "a reply", PATIENCE)
    goes_on(stage)
