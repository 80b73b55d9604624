"""Tasks that end in every way in which a task may end."""

from __future__ import annotations

import time
from typing import Any

from taskhub.exceptions import Ignore, Reject
from tests.integration.worker.program.application import app, note, notes


@app.task(name="fail", throws=(KeyError,))
def fail(text: str) -> None:
    raise ValueError(text)


@app.task(name="fail_as_expected", throws=(KeyError,))
def fail_as_expected(text: str) -> None:
    raise KeyError(text)


@app.task(name="retry_once", bind=True, max_retries=2)
def retry_once(self: Any, journal: str, countdown: float = 0.0) -> int:
    note(journal, "try", self.request.retries)
    if self.request.retries == 0:
        raise self.retry(exc=ValueError("not yet"), countdown=countdown)
    return int(self.request.retries)


@app.task(name="ignore", bind=True)
def ignore(self: Any) -> None:
    self.update_state(state="LOOKED", meta={"at": "nothing"})
    raise Ignore


@app.task(name="reject")
def reject(requeue: bool, journal: str) -> None:
    note(journal, "reject")
    if requeue and notes(journal) > 1:
        return
    raise Reject("unwanted", requeue=requeue)


@app.task(name="unstorable")
def unstorable() -> object:
    return object()


@app.task(name="half_a_pair")
def half_a_pair() -> str:
    return "\udcff"


class Handling(app.Task):  # type: ignore[name-defined,misc]
    """Sets a state of its own when it ends."""

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        note(args[0], "on_success", retval)
        self.update_state(state="ARCHIVED", meta={"value": retval})

    def on_failure(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        note(args[0], "on_failure", str(exc), "Traceback" in einfo.traceback)

    def on_retry(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        note(args[0], "on_retry", str(exc))

    def after_return(
        self, status: str, retval: Any, task_id: str, args: Any, kwargs: Any, einfo: Any
    ) -> None:
        note(args[0], "after_return", status)


@app.task(name="handled", base=Handling, bind=True)
def handled(self: Any, journal: str, how: str) -> str:
    if how == "retry" and self.request.retries == 0:
        raise self.retry(exc=ValueError("later"), countdown=0)
    if how == "fail":
        raise ValueError("broken")
    return how


@app.task(name="once_only", acks_late=False)
def once_only(journal: str, seconds: float) -> None:
    note(journal, "begin")
    time.sleep(seconds)
