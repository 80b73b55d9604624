"""TaskhubIntegration: what arrives at a server for Sentry, of tasks and native actors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import dramatiq
import pytest
import sentry_sdk
from sentry_sdk.integrations.dramatiq import DramatiqIntegration

from taskhub import Celery, chain, instrumentation
from taskhub.contrib.sentry import TaskhubIntegration
from taskhub.exceptions import Ignore
from taskhub.schedules.fire_messages import fire_of
from tests.support.in_process import working
from tests.support.sentry import sink
from tests.support.workers import until


class Reported:
    """What has arrived, and the app that sends it."""

    def __init__(self, dsn: str, items: list[dict[str, Any]]) -> None:
        self._dsn = dsn
        self._items = items
        self.app = Celery("reported", broker="memory://", set_as_current=False)

    def init(self, *integrations: Any, **options: Any) -> None:
        sentry_sdk.init(
            self._dsn,
            **{
                "traces_sample_rate": 1.0,
                "integrations": integrations,
                "auto_enabling_integrations": False,
                # Its thread outlives the client by ten seconds.
                "enable_backpressure_handling": False,
                **options,
            },
        )

    def of(self, kind: str, count: int) -> list[dict[str, Any]]:
        """Return the items of a kind, when there are as many as expected."""

        def found() -> list[dict[str, Any]]:
            return [item for item in self._items if item["kind"] == kind]

        sentry_sdk.flush(5)
        until(lambda: len(found()) >= count, f"{count} of {kind}", 20.0)
        assert len(found()) == count, [item.get("transaction") for item in found()]
        return found()


@pytest.fixture(autouse=True, scope="module")
def _installed() -> Iterator[None]:
    """The SDK installs it once in a process; other modules are to be without it."""
    yield
    for instrument in instrumentation.active:
        instrumentation.uninstall(instrument)


@pytest.fixture
def reported() -> Iterator[Reported]:
    with sink() as (dsn, items):
        found = Reported(dsn, items)
        with found.app.as_current():
            yield found
            sentry_sdk.flush(5)
            sentry_sdk.get_client().close(0)
            sentry_sdk.get_global_scope().set_client(None)


def trace_of(transaction: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = transaction["contexts"]["trace"]
    return found


def test_call_and_run_are_spans_of_one_trace(reported: Reported) -> None:
    reported.init(TaskhubIntegration())

    @reported.app.task
    def add(x: int, y: int) -> int:
        return x + y

    with working(reported.app):
        with sentry_sdk.start_transaction(name="client"):
            result = add.delay(1, 2)
        assert result.get(timeout=10) == 3
    found = {item["transaction"]: item for item in reported.of("transaction", 2)}
    client, run = found["client"], found[add.name]
    (published,) = client["spans"]
    assert published["op"] == "queue.publish"
    assert published["description"] == add.name
    sent = {name: published["data"].get(name) for name in published["data"] if "messaging" in name}
    assert sent == {
        "messaging.system": "taskhub",
        "messaging.message.id": result.id,
        "messaging.destination.name": "celery",
        "messaging.message.retry.count": 0,
    }
    (processed,) = run["spans"]
    assert (trace_of(run)["op"], processed["op"]) == ("queue.task.taskhub", "queue.process")
    assert trace_of(run)["trace_id"] == trace_of(client)["trace_id"]
    assert trace_of(run)["parent_span_id"] == published["span_id"]
    assert trace_of(run)["status"] == "ok"
    for data in (processed["data"], trace_of(run)["data"]):
        assert data["messaging.message.id"] == result.id
        assert data["messaging.destination.name"] == "celery"
        assert 0 <= data["messaging.message.receive.latency"] < 5000
        assert data["messaging.message.body.size"] > 50
        assert data["taskhub.task.state"] == "SUCCESS"


@pytest.mark.filterwarnings("ignore:The send_default_pii option is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("options", "with_arguments"),
    [
        ({}, False),
        ({"send_default_pii": False}, False),
        ({"send_default_pii": True}, True),
        ({"data_collection": {"queues": False}}, False),
        ({"data_collection": {"queues": True}}, True),
    ],
    ids=str,
)
def test_an_error_names_its_task(
    reported: Reported, options: dict[str, Any], with_arguments: bool
) -> None:
    reported.init(TaskhubIntegration(), **options)
    reported.app.conf.task_redact = ["password"]

    @reported.app.task
    def fails(order: int, password: str) -> None:
        raise LookupError("no luck")

    with working(reported.app):
        fails.delay(17, password="secret").wait(timeout=10, propagate=False)
        (event,) = reported.of("event", 1)
    (error,) = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("LookupError", "no luck")
    assert error["mechanism"] == {"type": "taskhub", "handled": False}
    assert error["stacktrace"]["frames"][-1]["function"] == "fails"
    assert event["transaction"] == fails.name
    assert event["tags"]["taskhub.task"] == fails.name
    told = event["contexts"]["taskhub"]
    assert told["id"] == event["tags"]["taskhub.task_id"]
    assert (told["queue"], told["retries"], told["deliveries"]) == ("celery", 0, 1)
    assert told.get("arguments") == ("17, password=[hidden]" if with_arguments else None)
    (run,) = reported.of("transaction", 1)
    assert trace_of(run)["status"] == "internal_error"
    assert event["contexts"]["trace"]["trace_id"] == trace_of(run)["trace_id"]


def test_what_is_no_error_is_not_reported_and_retries_go_on_in_the_trace(
    reported: Reported,
) -> None:
    reported.init(TaskhubIntegration())
    app = reported.app

    @app.task(bind=True)
    def tries(self: Any) -> None:
        if not self.request.retries:
            raise self.retry(countdown=0, exc=ConnectionError("away"))

    @app.task(throws=(KeyError,))
    def expects(_: Any = None) -> None:
        raise KeyError("expected")

    @app.task
    def ignores() -> None:
        raise Ignore

    with working(app):
        chain(tries.s(), expects.s())()
        ignores.delay()
        ignores.apply_async(expires=-1)
        runs = reported.of("transaction", 5)
        reported.of("event", 0)
    ended = [(item["transaction"].rpartition(".")[2], trace_of(item)["status"]) for item in runs]
    assert sorted(ended) == [
        ("expects", "internal_error"),
        ("ignores", "cancelled"),
        ("ignores", "ok"),
        ("tries", "aborted"),
        ("tries", "ok"),
    ]
    of_chain = [item for item in runs if not item["transaction"].endswith("ignores")]
    assert len({trace_of(item)["trace_id"] for item in of_chain}) == 1
    first, second = (item for item in of_chain if item["transaction"].endswith("tries"))
    published = {span["span_id"] for span in first["spans"] if span["op"] == "queue.publish"}
    assert {trace_of(second)["parent_span_id"]} == published


def test_coroutines_and_a_task_that_is_ended_from_outside(reported: Reported) -> None:
    reported.init(TaskhubIntegration())
    app = reported.app

    @app.task
    async def coroutine() -> None:
        sentry_sdk.set_tag("inside", "yes")
        raise ValueError("a coroutine")

    @app.task(time_limit=0.3)
    def sleeps() -> None:
        for _ in range(200):
            time.sleep(0.05)

    with working(app, threads=2):
        coroutine.delay()
        sleeps.delay()
        events = {event["transaction"]: event for event in reported.of("event", 2)}
        reported.of("transaction", 2)
    assert events[coroutine.name]["tags"]["inside"] == "yes"
    assert "inside" not in events[sleeps.name]["tags"]
    (error,) = events[sleeps.name]["exception"]["values"]
    assert error["type"] == "TimeLimitExceeded"


def test_native_actors_are_reported_once(
    reported: Reported, caplog: pytest.LogCaptureFixture
) -> None:
    reported.init(TaskhubIntegration(), DramatiqIntegration())

    @dramatiq.actor(broker=reported.app.broker, max_retries=0)
    def actor() -> None:
        raise TimeoutError("slow")

    with working(reported.app):
        with sentry_sdk.start_transaction(name="client"):
            message = actor.send()
        (event,) = reported.of("event", 1)
        found = {item["transaction"]: item for item in reported.of("transaction", 2)}
    assert event["tags"]["taskhub.task_id"] == message.message_id
    assert trace_of(found["actor"])["trace_id"] == trace_of(found["client"])["trace_id"]
    said = [line for line in caplog.messages if "DramatiqIntegration" in line]
    (line,) = said
    assert line == (
        "TaskhubIntegration reports tasks and actors, so DramatiqIntegration is off: leave it out "
        "of sentry_sdk.init(integrations=...)"
    )


def test_runs_of_periodic_jobs_are_check_ins(reported: Reported) -> None:
    reported.init(
        TaskhubIntegration(monitor_schedule=True, exclude_entries=["hidden-*"]),
        traces_sample_rate=0.0,
    )
    app = reported.app
    app.conf.beat_schedule = {
        "Nightly report": {"task": "nightly", "schedule": "30 2 * * mon-fri"},
        "hourly": {"task": "fails", "schedule": 3600.0},
        "often": {"task": "nightly", "schedule": 10.0},
        "hidden-one": {"task": "nightly", "schedule": 60.0},
    }
    app.conf.timezone = "Europe/Berlin"

    @app.task(bind=True, name="nightly")
    def nightly(self: Any) -> None:
        if not self.request.retries:
            raise self.retry(countdown=0)

    @app.task(name="fails")
    def fails() -> None:
        raise ValueError("no luck")

    ids = {}
    with working(app):
        for name, entry in app.schedule.entries().items():
            fire = fire_of(app, entry, None)
            ids[name] = fire.task_id
            app.engine.enqueue(fire.messages)
        for task_id in ids.values():
            app.AsyncResult(task_id).wait(timeout=20, propagate=False)
        checks = reported.of("check_in", 5)
    of_report = [check for check in checks if check["monitor_slug"] == "nightly-report"]
    # The second try reports that it begins, too, for the same check-in.
    assert [check["status"] for check in of_report] == ["in_progress", "in_progress", "ok"]
    assert len({check["check_in_id"] for check in of_report}) == 1
    assert of_report[0]["monitor_config"] == {
        "schedule": {"type": "crontab", "value": "30 2 * * mon-fri"},
        "timezone": "Europe/Berlin",
    }
    assert of_report[-1]["duration"] >= 0
    of_hour = [check for check in checks if check["monitor_slug"] == "hourly"]
    assert [check["status"] for check in of_hour] == ["in_progress", "error"]
    assert of_hour[0]["monitor_config"]["schedule"] == {
        "type": "interval", "value": 1, "unit": "hour",
    }  # fmt: skip


def test_messages_without_traces(reported: Reported) -> None:
    reported.init(TaskhubIntegration(propagate_traces=False))

    @reported.app.task(bind=True)
    def shows(self: Any) -> Any:
        return self.request.headers

    with working(reported.app):
        with sentry_sdk.start_transaction(name="client"):
            result = shows.delay()
        assert result.get(timeout=10) is None
    found = reported.of("transaction", 2)
    assert len({trace_of(item)["trace_id"] for item in found}) == 2


def test_without_the_integration_nothing_is_added(reported: Reported) -> None:
    # Some test before has installed it in this process, which costs, but tells nothing.
    reported.init()

    @reported.app.task(bind=True)
    def shows(self: Any) -> Any:
        return self.request.headers

    with working(reported.app):
        assert shows.delay().get(timeout=10) is None
    reported.of("transaction", 0)


def test_a_text_of_patterns_is_refused() -> None:
    with pytest.raises(TypeError, match="give a list of patterns"):
        TaskhubIntegration(exclude_entries="nightly")
