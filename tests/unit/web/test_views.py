"""Values of the pages: excerpts of arguments, tracebacks, schedules in words, bins, cursors, samples, timelines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from taskhub import Celery
from taskhub.schedules.crontabs import crontab
from taskhub.schedules.interval import schedule
from taskhub.serialization.excerpt import HIDDEN, Excerpts
from taskhub.web.problem import Problem
from taskhub.web.queries.arguments import (
    CallArguments,
    NamedArgument,
    describe_argument,
    name_arguments,
)
from taskhub.web.queries.backlog_samples import BacklogSamples
from taskhub.web.queries.bins import SPANS, bin_range, minutes_of_bin
from taskhub.web.queries.cursors import read_cursor, write_cursor
from taskhub.web.queries.failures import read_reason, read_traceback
from taskhub.web.queries.schedule_words import schedule_words
from taskhub.web.queries.task_record import TaskRecord
from taskhub.web.queries.timeline import timeline

EXCERPTS = Excerpts(("password", "token", "card*"))


@pytest.fixture
def app() -> Any:
    with Celery("views", broker="memory://", set_as_current=False) as made:

        @made.task(name="shop.pay")
        def pay(user: int, card_number: str = "", *, options: Any = None) -> None:
            raise AssertionError("it is never run")

        yield made


def test_positional_arguments_get_their_names_and_secrets_are_hidden(app: Celery) -> None:
    kwargs = {"options": {"Token": "x", "deep": [{"password": 1}]}}
    found = name_arguments(app, "shop.pay", (17, "4111"), kwargs, EXCERPTS)
    assert [(each.name, each.redacted) for each in found] == [
        ("user", False),
        ("card_number", True),
        ("options", True),
    ]
    shown = [describe_argument(each) for each in found]
    assert [each["redacted"] for each in shown] == [False, True, True]
    assert "4111" not in str(shown)
    call = CallArguments(app, "shop.pay", (17, "4111"), kwargs, EXCERPTS)
    assert call.excerpt.startswith(f"user=17, card_number={HIDDEN}, options={{'Token': {HIDDEN}")
    assert call.by_name["user"] == 17
    assert call.by_name["0"] == 17


def test_long_arguments_are_cut() -> None:
    codes = [str(600000 + number) for number in range(1000)]
    described = describe_argument(NamedArgument("codes", codes, False))
    assert described["more"] == 900
    assert len(described["text"]) < 2100


def test_an_unknown_task_has_no_names(app: Celery) -> None:
    call = CallArguments(app, "shop.unknown", (1, [2]), {"a": None}, EXCERPTS)
    assert call.excerpt == "1, [2], a=None"


TRACEBACK = """Traceback (most recent call last):
  File "/app/.venv/lib/python3.12/site-packages/urllib3/connectionpool.py", line 468, in _make_request
    raise ReadTimeout(url)
urllib3.exceptions.ReadTimeout: slow

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/.venv/lib/python3.12/site-packages/dramatiq/worker.py", line 560, in process_message
    res = actor(*message.args)
          ^^^^^^^^^^^^^^^^^^^^
  File "/srv/taskhub/execution/execution.py", line 101, in run
    return body(*args)
  File "/app/shop/tasks.py", line 41, in sync
    quotes = client.fetch_page(market, page)
             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
TimeoutError: Read timed out.
"""


def test_a_traceback_is_taken_apart_innermost_first() -> None:
    found = read_traceback(TRACEBACK)
    assert [
        (each["path"].rpartition("/")[2], each["own"], each["library"]) for each in found["frames"]
    ] == [
        ("tasks.py", True, None),
        ("execution.py", False, "taskhub"),
        ("worker.py", False, "dramatiq"),
    ]
    assert found["frames"][0]["source"] == [
        {"line": 41, "text": "quotes = client.fetch_page(market, page)", "hit": True}
    ]
    assert found["cause"] == "urllib3.exceptions.ReadTimeout: slow"
    assert read_traceback(None) == {"frames": [], "cause": None}
    assert read_traceback("nonsense")["frames"] == []


def test_reasons_of_dead_messages_are_read() -> None:
    lost = read_reason('{"reason": "WorkerLostError", "detail": "lost 5 times", "traceback": null}')
    assert lost["reason"] == "workers lost 5 times"
    assert read_reason("not json")["reason"] == "not json"
    assert read_reason('"text"')["error"] == '"text"'


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (schedule(timedelta(seconds=30)), "Every 30 seconds"),
        (schedule(timedelta(hours=1)), "Every hour"),
        (schedule(timedelta(days=2)), "Every 2 days"),
        (crontab(minute="30", hour="0"), "Every day at 00:30"),
        (crontab(minute="*/5"), "Every 5 minutes"),
        (crontab(minute="*"), "Every minute"),
        (crontab(minute="0"), "On the hour"),
        (crontab(minute="45", hour="13", day_of_week="mon"), "Every Monday at 13:45"),
        (
            crontab(minute="*/15", hour="9-14", day_of_week="mon-fri"),
            "Every 15 minutes, 09:00 to 14:45, Monday to Friday",
        ),
        (crontab(minute="0", hour="*/6"), "Every 6 hours at minute 0"),
        (crontab(minute="5", hour="1,13"), "At 01:05 and 13:05"),
        (crontab(minute="0", hour="3", day_of_month="1"), "At 03:00, on day 1 of each month"),
        (
            crontab(minute="0", hour="3", day_of_month="1", month_of_year="1,7"),
            "At 03:00, on day 1 of the month, in January and July",
        ),
    ],
)
def test_schedules_are_told_in_words(made: Any, words: str) -> None:
    assert schedule_words(made) == words


@pytest.mark.parametrize("span", list(SPANS))
def test_bins_cover_a_span_up_to_now(span: str) -> None:
    now = 1_796_000_000.0
    bins = bin_range(span, now)
    step = SPANS[span].step
    assert len(bins) == SPANS[span].bins
    assert bins[-1] * step <= now < (bins[-1] + 1) * step
    assert minutes_of_bin(span, bins[-1])[0] == bins[-1] * step // 60
    assert len(minutes_of_bin(span, bins[-1])) == step // 60


def test_cursors_are_read_back_and_others_refused() -> None:
    assert read_cursor(write_cursor(150)) == 150
    assert read_cursor(None) == 0
    for wrong in ("x", "é", "eyJvIjotMX0", "e30", "eyJvIjp0cnVlfQ", "9" * 400):
        with pytest.raises(Problem, match="cursor"):
            read_cursor(wrong)


def test_samples_are_kept_by_bin_and_old_ones_dropped() -> None:
    samples = BacklogSamples()
    for minute in range(100):
        samples.record({"a": minute, "empty": 0}, now=minute * 60.0)
    bins = bin_range("1h", 99 * 60.0)
    lengths = samples.lengths("1h", bins)
    assert [sample and sample.get("a") for sample in lengths] == [*range(40, 100)]
    assert all(sample is not None and "empty" not in sample for sample in lengths)
    assert samples.lengths("1h", range(5)) == [None] * 5
    assert samples.growth("a", now=99 * 60.0) == (1, 60.0)
    assert samples.growth("a", now=500 * 60.0) is None


def test_a_timeline_is_in_order_and_says_what_is_an_estimate() -> None:
    record = TaskRecord(id="x", state="retrying", tries=1, sent_at=100.0, due_at=190.0)
    found = timeline(record, {"estimate": {"at": "1970-01-01T00:03:10Z"}}, 150.0)
    assert [(event["kind"], event["estimate"]) for event in found["events"]] == [
        ("sent", False),
        ("waits", False),
        ("due", True),
        ("starts", True),
    ]
    assert [event["since"] for event in found["events"]] == [None, 50.0, 40.0, 0.0]
