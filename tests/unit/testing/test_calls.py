"""Recorded calls, and what their checks say."""

from __future__ import annotations

import pytest

from taskhub import Celery, chain, group
from taskhub.testing import InProcessWorker, RecordedCalls


def test_calls_are_recorded_and_compared(taskhub_app: Celery, taskhub_calls: RecordedCalls) -> None:
    @taskhub_app.task(name="add")
    def add(x: int, y: int = 2) -> int:
        return x + y

    taskhub_calls.assert_not_sent()
    with pytest.raises(
        AssertionError, match=r"^add\(1\) was sent 0 times, .*; no calls were sent$"
    ):
        taskhub_calls.assert_sent(add, 1)
    result = add.apply_async((1,), {"y": 2}, countdown=60, queue="late", headers={"who": "ann"})
    sent = taskhub_calls.assert_sent(add, x=1)
    assert (sent.id, sent.queue, dict(sent.headers)) == (result.id, "late", {"who": "ann"})
    assert sent.eta is not None
    assert taskhub_calls.assert_sent("add", 1, y=2) == sent
    with pytest.raises(
        AssertionError, match=r"^add\(2\) was sent 0 times, not once; the calls that"
    ):
        taskhub_calls.assert_sent(add, 2)
    with pytest.raises(AssertionError, match=r"^add\(1, y=2\) was sent; the calls that were sent:"):
        taskhub_calls.assert_not_sent(add)
    taskhub_calls.assert_not_sent("other")
    with pytest.raises(TypeError, match="give a task, or the name of one, not 7"):
        taskhub_calls.of(7)

    taskhub_calls.clear()
    group(add.s(n) for n in range(3)).apply_async()
    chain(add.s(9), add.s()).apply_async()
    assert [str(call) for call in taskhub_calls] == ["add(0)", "add(1)", "add(2)", "add(9)"]


@pytest.mark.taskhub(task_default_queue="outer", worker_concurrency=3)
class TestMarks:
    @pytest.mark.taskhub(task_default_queue="marked")
    def test_the_closest_mark_changes_a_setting(
        self, taskhub_app: Celery, taskhub_worker: InProcessWorker
    ) -> None:
        assert taskhub_app.conf.task_default_queue == "marked"
        assert taskhub_worker.concurrency == 3
