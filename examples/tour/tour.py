"""A tour through the tasks: what to call, and what happens then.

Type `make up` in one terminal, and in another:

    .venv/bin/python examples/tour/tour.py

The shipped tasks (e-mail, cache) are run by the workers of `make up`. The tasks that this file
declares are run here, so that you see what they print.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from typing import Any

import dramatiq

from Modules.admin.queues.email_queues import send_welcome_email
from Modules.admin.tasks.default_tasks import clear_cache, send_email
from Modules.common.libs.celery.celery_service import celery_app
from taskhub import AsyncResult, states
from taskhub.exceptions import ImproperlyConfigured, OperationalError
from taskhub.exceptions import TimeoutError as LateError

# The queue of this file's tasks, which its own worker serves.
QUEUE = "tour"

# ------------------------------------------------------------------------------ tasks of our own


@celery_app().task(
    bind=True,
    queue=QUEUE,
    max_retries=3,
    default_retry_delay=1,
    autoretry_for=(ConnectionError, TimeoutError),
)
def retry_task(self: Any) -> str:
    """Fail twice with an error that is retried by itself."""
    attempt = self.request.retries + 1
    say(f"  attempt {attempt} of retry_task")
    if attempt < 3:
        raise ConnectionError("the other side is not ready")
    return f"done at attempt {attempt}"


@celery_app().task(bind=True, queue=QUEUE)
def manual_retry_task(self: Any) -> str:
    """Fail once, and ask for the retry."""
    attempt = self.request.retries + 1
    say(f"  attempt {attempt} of manual_retry_task")
    try:
        if attempt == 1:
            raise ValueError("something went wrong")
    except ValueError as error:
        raise self.retry(exc=error, countdown=1)  # noqa: B904 - it names its cause itself
    return f"done at attempt {attempt}"


@celery_app().task(queue=QUEUE)
def take_turn(name: str) -> str:
    """Say whose turn it is."""
    say(f"  {name}")
    return name


@celery_app().task(queue=QUEUE)
def on_success(result: object) -> None:
    """Be called with what the task returned."""
    say(f"  on_success was called: {result}")


@celery_app().task(queue=QUEUE)
def on_failure(request: Any, exc: BaseException, traceback: object) -> None:
    """Be called with the request of the task that failed, and why."""
    say(f"  on_failure was called for {request.id}: {exc}")


@celery_app().task(queue=QUEUE, link=on_success.s(), link_error=on_failure.s())
def main_task(fail: bool) -> str:
    """End in one way or the other."""
    if fail:
        raise RuntimeError("as you wished")
    return "all went well"


# -------------------------------------------------------------------------------------- the tour


def main() -> int:
    """Walk through it; returns the exit code."""
    parser = argparse.ArgumentParser(description="A tour through the tasks.")
    parser.add_argument("--to", default="user@example.com", help="whom to send an e-mail to")
    parser.add_argument(
        "--patience", type=float, default=20.0, help="seconds to wait for workers (default: 20)"
    )
    options = parser.parse_args()
    # The failures to come are made on purpose: the worker's log need not explain them.
    for name in ("dramatiq", "taskhub.trace"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        send_an_email(options.to, options.patience)
        send_from_a_template(options.patience)
        clear_some_keys(options.patience)
        urgent_ones_first(options.patience)
    except LateError:
        say(
            "\nNo worker has answered. Type `make up` in another terminal and leave it running, "
            "then start the tour again."
        )
        return 1
    except (ImproperlyConfigured, OperationalError) as error:
        say(f"\n{error}")
        return 1
    say("\nThat was the tour. docs/tasks.md describes each of the shipped tasks.")
    return 0


def send_an_email(to: str, patience: float) -> None:
    chapter("Send an e-mail: send_email.delay(to=..., subject=..., body=...)")
    say("`.delay()` puts the call into the queue `email` and returns at once, with an id:")
    result = send_email.delay(to=to, subject="邮件主题", body="邮件内容")
    say(f"  {result.id}")
    say("By that id anybody can ask for its state, and wait for its end:")
    follow(AsyncResult(result.id), patience)
    say("`destination` is the server that took it; without one it is a file that you can open.")


def send_from_a_template(patience: float) -> None:
    chapter("Welcome a user: send_welcome_email.delay(user_id=1, username='newuser')")
    say("Subject, text and HTML come from templates, in Chinese unless you ask for English:")
    follow(send_welcome_email.delay(user_id=1, username="newuser", language="zh"), patience)


def clear_some_keys(patience: float) -> None:
    chapter("Clear a cache: clear_cache.delay(key_prefix='tour:*')")
    say("The result is how many keys were deleted:")
    follow(clear_cache.delay(key_prefix="tour:*"), patience)
    say("To clear everything is refused, and the task ends in the state FAILURE:")
    follow(clear_cache.delay(key_prefix="*"), patience)


def urgent_ones_first(patience: float) -> None:
    chapter("Urgent ones first: task.apply_async(priority=9)")
    say("Three calls wait in the queue `tour`; the one that came last has the highest priority.")
    calls = [
        take_turn.apply_async(("low priority, came first",), priority=1),
        take_turn.apply_async(("low priority, came second",), priority=1),
        take_turn.apply_async(("high priority, came last",), priority=9),
    ]
    say("Now a worker starts for that queue, in this very process:")
    worker = dramatiq.Worker(celery_app().broker, queues={QUEUE}, worker_threads=1)
    worker.start()
    try:
        for call in calls:
            call.get(timeout=patience)
        try_again(patience)
        call_back(patience)
    finally:
        worker.stop()


def try_again(patience: float) -> None:
    chapter("Try again: autoretry_for=(ConnectionError, TimeoutError), or self.retry()")
    say("retry_task names the errors that may pass; its state is RETRY in between:")
    follow(retry_task.delay(), patience)
    say("manual_retry_task asks for the retry itself:")
    follow(manual_retry_task.delay(), patience)


def call_back(patience: float) -> None:
    chapter("Call back: @app.task(link=on_success.s(), link_error=on_failure.s())")
    say("main_task succeeds, which calls on_success:")
    follow(main_task.delay(False), patience)
    say("main_task fails, which calls on_failure, at once and in the worker:")
    follow(main_task.delay(True), patience)


# ------------------------------------------------------------------------------------ by the way


def follow(result: AsyncResult[Any], patience: float) -> None:
    """Tell each state of a call that can be seen, and how it ends.

    Raises:
        TimeoutError: nobody has begun it for that many seconds.
    """
    seen = None
    began = time.monotonic()
    while True:
        state = result.state
        if state != seen:
            say(f"  {state}: {meaning(state, result)}")
            seen = state
        if state in states.READY_STATES:
            return
        if state == states.PENDING and time.monotonic() - began > patience:
            raise LateError(f"{result.id} was not begun")
        # To wait for the end alone, `result.get()` is all that is needed; it does not poll.
        time.sleep(0.02)


def meaning(state: str, result: AsyncResult[Any]) -> str:
    """Return what a state means, as the task list puts it."""
    if state == states.PENDING:
        return "it waits"
    if state == states.STARTED:
        return "it has begun"
    if state == states.RETRY:
        return f"it failed and is tried again ({result.info})"
    if state == states.SUCCESS:
        return f"it succeeded with {result.result!r}"
    if state == states.FAILURE:
        return f"it failed: {result.info}"
    return "see taskhub.states"


def chapter(title: str) -> None:
    say(f"\n== {title}")


def say(text: str) -> None:
    # In one piece: the worker's thread speaks, too.
    print(f"{text}\n", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
