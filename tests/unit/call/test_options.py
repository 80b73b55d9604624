"""What the options of a call may be: each that cannot be used is named by an error at the call."""

from __future__ import annotations

import math
import uuid
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from taskhub import Celery, chain, chord, group
from taskhub.call import options as call_options
from taskhub.exceptions import ConfigurationWarning, ImproperlyConfigured
from taskhub.message import decode_body


@pytest.fixture(scope="module")
def app() -> Iterator[Celery]:
    with Celery("options", broker="memory://", set_as_current=False) as app:

        @app.task(name="add", shared=False)
        def add(x: int = 0, y: int = 0) -> int:
            return x + y

        yield app


@pytest.fixture
def add(app: Celery) -> Any:
    return app.tasks["add"]


def stored(app: Celery) -> int:
    return sum(counts.total for counts in app.engine.queues().values())


def options_of(app: Celery, queue: str) -> dict[str, Any]:
    """Return the options of the only message in a queue."""
    (message,) = app.engine.waiting(queue, 0, 10)
    options: dict[str, Any] = decode_body(message.body)["options"]
    return options


#: Option -> values that cannot be used.
WRONG: dict[str, list[Any]] = {
    "queue": ["", "a\nb", "email\n", "\ud800", 5, b"x", ["x"]],
    "routing_key": ["a\nb", 5],
    "exchange": ["a\nb", 5],
    "task_id": ["a\nb", "\ud800", 5, b"x"],
    "group_id": ["a\nb", 5],
    "root_id": ["a\nb", 5],
    "parent_id": ["a\nb", 5],
    "chord_results": ["a\nb", 5],
    "priority": ["high", math.nan, math.inf, [3], 10**400],
    "countdown": [
        "3",
        math.nan,
        math.inf,
        10**16,
        10**400,
        timedelta(3),
        Decimal(3),
        [3],
    ],
    "eta": ["tomorrow", 5],
    "expires": [
        "tomorrow",
        math.nan,
        10**16,
        10**400,
        Decimal(3),
        timedelta(3),
        date(2030, 1, 1),
        [3],
    ],
    "time_limit": [-1, "3", math.nan, 10**16],
    "soft_time_limit": [-1, "3", math.nan, 10**16],
    "retries": [-1, "3", 1.5],
    "group_index": [-1, "3"],
    "replaced_task_nesting": [-1, "3"],
    "shadow": [5, b"x"],
    "argsrepr": [5],
    "kwargsrepr": [5],
    "origin": [5],
    "reply_to": [5],
    "serializer": [5],
    "compression": ["zipp", 5],
    "headers": [[("a", 1)], "x", {1: 2}],
    "retry_policy": [[1], {"max_tries": 3}, {"max_retries": "3"}, {"interval_step": -1}],
    "stamped_headers": [[5]],
    "chord": [
        ("x", None),
        "x",
        ("x",),
        (5, 0),
        ("x", -1),
        ("a\nb", 0),
        ("x", "label"),
        ("x", True),
    ],
    "chain": [["x"], "x", [{"options": {}}]],
    "chain_continuation": ["x", [["x"]], [["x", 5, 3]], 5],
    "link": ["x", [5]],
    "link_error": ["x", [5]],
}
CASES = [(name, value) for name, values in WRONG.items() for value in values]
REFUSALS = (TypeError, ValueError, OverflowError, ImproperlyConfigured)
#: Where an error names what the option names.
NAMED = {
    "routing_key": "queue|routing_key",
    "exchange": "queue|exchange",
    "compression": "compression",
}


@pytest.mark.parametrize(("name", "value"), CASES)
def test_an_option_that_cannot_be_used_is_refused_at_the_call(
    app: Celery, add: Any, name: str, value: Any
) -> None:
    before = stored(app)
    named = NAMED.get(name, name)
    if name == "exchange":
        with pytest.raises(REFUSALS, match=named):
            add.apply_async((1, 2), exchange=value)
    elif name == "routing_key" and isinstance(value, str):
        # Without an exchange, a routing key only chooses among the queues of the settings.
        with pytest.raises(REFUSALS, match=named):
            add.apply_async((1, 2), exchange="direct", routing_key=value)
    elif name != "routing_key":
        for call in (
            lambda: add.apply_async((1, 2), **{name: value}),
            lambda: app.send_task("unknown", (), **{name: value}),
            lambda: add.s(1, 2).apply_async(**{name: value}),
        ):
            with pytest.raises(REFUSALS, match=named):
                call()
    assert stored(app) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [case for case in CASES if case[0] not in ("group_id", "chord", "chain_continuation")],
)
def test_an_option_of_what_is_linked_is_refused_at_the_call(
    app: Celery, add: Any, name: str, value: Any
) -> None:
    linked = add.s(1)
    linked["options"][name] = value
    before = stored(app)
    for call in (
        lambda: add.apply_async((1, 2), link=linked),
        lambda: add.apply_async((1, 2), link_error=[add.s(), dict(linked)]),
        lambda: add.apply_async((1, 2), link=chain(add.s(1), add.s(2).set(link=linked))),
        lambda: app.send_task("unknown", link=group(add.s(1), linked)),
        lambda: app.send_task("unknown", link=chord([linked], add.si())),
    ):
        with pytest.raises(REFUSALS):
            call()
    assert stored(app) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("priority", 3.0),
        ("priority", 99),
        ("countdown", Fraction(1, 3)),
        ("countdown", -5),
        ("countdown", 0),
        ("eta", "2030-01-01T00:00:00Z"),
        ("eta", datetime(2030, 1, 1)),
        ("expires", -1),
        ("expires", 3.5),
        ("expires", datetime(9999, 12, 31, tzinfo=UTC)),
        ("time_limit", 0),
        ("time_limit", timedelta(minutes=1)),
        ("task_id", uuid.uuid4()),
        ("group_id", uuid.uuid4()),
        ("headers", {"x": 1}),
        ("retry_policy", {"max_retries": None, "interval_start": 0, "retry_errors": None}),
        ("chord", ("x", 0)),
        ("chord", ["x", "+label"]),
        ("compression", False),
    ],
)
def test_an_option_that_can_be_used_is_taken(app: Celery, add: Any, name: str, value: Any) -> None:
    before = stored(app)
    result = add.apply_async((1, 2), **{name: value})
    assert stored(app) == before + 1
    assert type(result.id) is str


def test_a_limit_given_as_timedelta_is_seconds(app: Celery, add: Any) -> None:
    add.apply_async((1, 2), queue="limits", time_limit=timedelta(minutes=1), soft_time_limit=30)
    assert options_of(app, "limits")["timelimit"] == [60.0, 30]


def test_a_group_with_one_bad_member_is_not_sent_at_all(app: Celery, add: Any) -> None:
    before = stored(app)
    members = [add.s(1, index) for index in range(20)]
    members[13].set(queue="a\nb")
    for canvas in (group(members), chord(members, add.si()), chain(group(members), add.si())):
        with pytest.raises(ValueError, match="queue"):
            canvas.apply_async()
    assert stored(app) == before
    assert app.engine.queues().keys() & {"a\nb"} == set()


def test_a_link_far_behind_in_a_long_chain_is_checked(app: Celery, add: Any) -> None:
    before = stored(app)
    links = [add.s(1) for _ in range(40)]
    links[35].set(queue="a\nb")
    with pytest.raises(ValueError, match="queue"):
        chain(*links).apply_async()
    assert stored(app) == before


def test_a_body_with_a_bad_option_keeps_the_chord_from_being_sent(app: Celery, add: Any) -> None:
    before = stored(app)
    for body in (add.s().set(queue="a\nb"), chain(add.s(), add.s().set(countdown="x"))):
        with pytest.raises(REFUSALS):
            chord([add.s(1), add.s(2)], body).apply_async()
    assert stored(app) == before


def test_a_router_that_names_no_queue_is_told(add: Any) -> None:
    for route in ("a\nb", {"queue": 5}, {"queue": ""}):
        routers = [lambda *args, route=route, **kwargs: route]
        routed = Celery("r", broker="memory://", set_as_current=False, task_routes=routers)
        with routed, pytest.raises((TypeError, ValueError), match="queue"):
            routed.send_task("x")


# -- options that are none


@pytest.mark.parametrize(
    ("name", "near"),
    [("countdwon", "countdown"), ("expire", "expires"), ("time_limits", "time_limit")],
)
def test_a_misspelt_option_is_told_once(add: Any, name: str, near: str) -> None:
    call_options.warn_of_option.cache_clear()
    with pytest.warns(ConfigurationWarning, match=f"{name}= is no option .* Did you mean {near}="):
        add.apply_async((1, 2), **{name: 3})
    with warnings.catch_warnings(action="error"):
        add.apply_async((1, 2), **{name: 3})


def test_an_option_of_tasks_is_told_to_be_one(add: Any) -> None:
    call_options.warn_of_option.cache_clear()
    with pytest.warns(ConfigurationWarning, match="max_retries= is an option of tasks"):
        add.apply_async((1, 2), max_retries=3)


def test_other_options_are_properties_of_the_message(app: Celery, add: Any) -> None:
    with warnings.catch_warnings(action="error"):
        add.apply_async((1, 2), queue="props", app_id="shop", once={"keys": ["x"]})
    assert options_of(app, "props")["properties"] == {"app_id": "shop", "once": {"keys": ["x"]}}


def test_stamps_are_no_misspelt_options(app: Celery, add: Any) -> None:
    with warnings.catch_warnings(action="error"):
        add.apply_async((1, 2), queue="stamped", stamped_headers=["expire"], expire="x")
    found = options_of(app, "stamped")
    assert "properties" not in found
    assert found["stamps"] == {"expire": "x"}


def test_options_of_dramatiq_are_no_properties(add: Any) -> None:
    with warnings.catch_warnings(action="error"):
        message = add.message_with_options(args=(1, 2), on_succes="x", priority=3)
    assert message.options["on_succes"] == "x"
    assert "properties" not in message.options


def test_eager_calls_are_checked_too(app: Celery, add: Any) -> None:
    app.conf.task_always_eager = True
    try:
        for options in ({"queue": "a\nb"}, {"countdown": "soon"}, {"link": 5}):
            with pytest.raises((TypeError, ValueError)):
                add.apply_async((1, 2), **options)
        assert add.apply_async((1, 2), countdown=3, queue="x").get() == 3
    finally:
        app.conf.task_always_eager = False


def test_an_expiry_of_a_wrong_type_is_told_that_numbers_are_fine(app: Celery, add: Any) -> None:
    with pytest.raises(TypeError, match=r"expires must be a number of seconds, a datetime or"):
        add.apply_async(expires=Decimal(3))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda app, add: add.apply_async(countdown=10**400), "countdown=... is out of range"),
        (lambda app, add: add.apply_async(expires=10**5000), "expires=... is out of range"),
        (lambda app, add: add.apply_async(priority=10**400), "priority is out of range"),
        (lambda app, add: app.AsyncResult("x").get(timeout="x"), "timeout must be a number of"),
        (lambda app, add: app.AsyncResult("x").get(timeout=math.nan), "timeout must be a number"),
        (lambda app, add: add.update_state("id", state=5), "state must be a text, not 5"),
        (lambda app, add: app.send_task(["a"]), "task name ['a'] cannot be used"),
        (
            lambda app, add: app.control.rate_limit("add", "x/y"),
            "rate_limit: 'x/y' is no rate: give",
        ),
        (
            lambda app, add: app.control.time_limit("add", soft="x"),
            "soft (seconds) must be a number",
        ),
        (
            lambda app, add: app.control.time_limit("add", hard=-5),
            "hard (seconds) must be 0 or more",
        ),
    ],
)
def test_what_is_wrong_is_named(
    app: Celery, add: Any, call: Callable[[Celery, Any], Any], words: str
) -> None:
    before = stored(app)
    with pytest.raises((TypeError, ValueError, OverflowError)) as caught:
        call(app, add)
    assert words in str(caught.value)
    assert stored(app) == before
