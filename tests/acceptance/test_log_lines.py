"""One line for each task that ends, through the loggers that programs written for Celery set up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.command import Commands

SECRET = "s3cret-argument"

TASKS = """
from celery import Celery
from celery.exceptions import Ignore, Reject
from celery.utils.log import get_task_logger

app = Celery("shop")
app.conf.worker_send_task_events = True
app.conf.task_unknown_grace = 0.2
logger = get_task_logger(__name__)

@app.task(name="shop.add")
def add(x, y=None):
    logger.info("adding")
    return 1

@app.task(name="shop.fail")
def fail(x, y=None):
    raise ValueError("no luck")

@app.task(name="shop.expected", throws=(KeyError,))
def expected(x, y=None):
    raise KeyError("as ever")

@app.task(name="shop.odd")
def odd(x, y=None):
    return object()

@app.task(name="shop.again", bind=True, max_retries=1)
def again(self, x, y=None):
    if self.request.retries:
        return None
    raise self.retry(exc=ValueError("not yet"), countdown=0)

@app.task(name="shop.exhausted", bind=True, max_retries=0)
def exhausted(self, x, y=None):
    raise self.retry(countdown=0)

@app.task(name="shop.chained", bind=True, max_retries=0)
def chained(self, x, y=None):
    try:
        self.retry(countdown=0)
    except self.MaxRetriesExceededError:
        raise ValueError("given up")

@app.task(name="shop.ignored")
def ignored(x, y=None):
    raise Ignore()

@app.task(name="shop.rejected")
def rejected(x, y=None):
    raise Reject("unwanted", requeue=False)
"""

LINES = {
    "add": ["INFO", "succeeded in "],
    "fail": ["ERROR", "raised unexpected: ValueError('no luck')"],
    "expected": ["INFO", "raised expected: KeyError('as ever')"],
    "odd": ["ERROR", "raised unexpected: "],
    "again": ["INFO", "retry: Retry in 0"],
    "exhausted": [
        "ERROR",
        "raised unexpected: MaxRetriesExceededError(\"Can't retry shop.exhausted[",
    ],
    "chained": ["ERROR", "raised unexpected: ValueError('given up')"],
    "ignored": ["INFO", "ignored"],
    "rejected": ["WARNING", "reject requeue=False: unwanted"],
}


def write(commands: Commands, text: str) -> None:
    (commands.directory / "shop.py").write_text(text)
    commands.environment["TASKHUB_APP"] = "shop"
    for name in ("compat/src", "src"):
        root = Path(__file__).parents[2] / name
        commands.environment["PYTHONPATH"] += f":{root}"


def test_each_ending_has_one_line_without_arguments(commands: Commands) -> None:
    write(commands, TASKS)
    worker = commands.start("worker", "-c", "1", "-t", "1", "-l", "info")
    worker.wait_for("is ready: ")
    # Longer than what is shown anywhere.
    large = SECRET + "x" * 100_000
    arguments = ["-a", f'["{large}"]', "-k", f'{{"y": "{large}"}}']
    ids = {name: commands.run("call", f"shop.{name}", *arguments).stdout.strip() for name in LINES}
    sends = f"from shop import app; print(app.send_task('shop.unknown', ['{SECRET}']).id)"
    (commands.directory / "sends.py").write_text(sends)
    unknown = commands.run(module="sends").stdout.strip()
    last = commands.run("call", "shop.add", "-a", "[1]").stdout.strip()
    worker.wait_for(f"Task shop.add[{last}] succeeded")
    # A worker that knows the task may still come (task_unknown_grace).
    worker.wait_for("unregistered")
    lines = worker.output.splitlines()
    for name, (level, text) in LINES.items():
        named = [line for line in lines if f"Task shop.{name}[{ids[name]}]" in line]
        told = [line for line in named if text in line]
        assert len(told) == 1, (name, named)
        assert f": {level}/" in told[0], told
        assert len(named) == (2 if name == "again" else 1), named
    assert any("succeeded" in line for line in lines if ids["again"] in line)
    assert not any("succeeded" in line for line in lines if ids["odd"] in line)
    assert len([line for line in lines if "unregistered" in line and unknown in line]) == 1
    assert 'raise ValueError("no luck")' in worker.output
    assert SECRET not in worker.output
    # What is stored is Celery's text.
    shown = commands.run("result", ids["exhausted"])
    assert f"args:['{SECRET}" in shown.stdout + shown.stderr
    assert "Failed to process" not in worker.output
    assert "was skipped" not in worker.output


@pytest.mark.parametrize("disables", [True, False])
def test_what_a_program_sets_up_for_celerys_loggers_holds(
    commands: Commands, disables: bool
) -> None:
    write(
        commands,
        TASKS
        + f"""
import logging.config
logging.config.dictConfig({{
    "version": 1,
    "disable_existing_loggers": {disables},
    "formatters": {{"own": {{"format": "%(name)s|%(levelname)s|%(message)s"}}}},
    "handlers": {{
        "celery": {{"class": "logging.FileHandler", "filename": "celery.log", "formatter": "own"}},
        "trace": {{"class": "logging.FileHandler", "filename": "trace.log", "formatter": "own"}},
    }},
    "loggers": {{
        "celery": {{"handlers": ["celery"], "level": "INFO"}},
        "celery.app.trace": {{"handlers": ["trace"], "level": "ERROR", "propagate": False}},
    }},
}})
""",
    )
    worker = commands.start("worker", "-c", "1", "-t", "1", "-l", "info")
    worker.wait_for("is ready: ")
    for name in ("add", "fail"):
        commands.run("call", f"shop.{name}", "-a", "[1]", "--wait")
    worker.stop()
    trace = (commands.directory / "trace.log").read_text()
    assert trace.startswith("celery.app.trace|ERROR|Task shop.fail[")
    assert "succeeded" not in trace + worker.output
    assert "raised unexpected" not in worker.output
    # Of the engine, leases and the like, on their way to the root logger.
    assert "taskhub.worker.leases.lease|INFO|" in (commands.directory / "celery.log").read_text()
    # The program's own logger was there when it disabled what it does not name.
    assert ("adding" in worker.output) is not disables


def test_lines_survive_a_receiver_of_setup_logging_that_disables_the_loggers_that_there_are(
    commands: Commands,
) -> None:
    """As in projects that are made of a widespread template for Django."""
    write(
        commands,
        TASKS
        + """
import logging.config
from celery.signals import setup_logging

app.conf.beat_schedule = {"often": {"task": "shop.add", "schedule": 0.5, "args": [1]}}

@setup_logging.connect
def set_up(**kwargs):
    logging.config.dictConfig({
        "version": 1,
        "disable_existing_loggers": True,
        "formatters": {"own": {"format": "own %(name)s|%(levelname)s|%(message)s"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "own"}},
        "root": {"level": "INFO", "handlers": ["console"]},
    })
""",
    )
    worker = commands.start("worker", "-c", "1", "-t", "1", "-l", "info")
    worker.wait_for("is ready: ")
    commands.run("call", "shop.fail", "-a", "[1]", "--wait")
    worker.wait_for("own celery.app.trace|ERROR|Task shop.fail[")
    beat = commands.start("beat", "-l", "info")
    beat.wait_for("own taskhub.scheduler|INFO|")
    worker.wait_for("own celery.app.trace|INFO|Task shop.add[")


def test_the_logger_of_tasks_has_handlers_for_after_setup_task_logger(commands: Commands) -> None:
    write(
        commands,
        TASKS
        + """
from celery.app.log import TaskFormatter
from celery.signals import after_setup_task_logger

@after_setup_task_logger.connect
def set_up(logger, **kwargs):
    assert logger.name == "celery.task"
    for handler in logger.handlers:
        handler.setFormatter(TaskFormatter("own %(task_name)s <%(task_id)s> %(message)s"))
""",
    )
    worker = commands.start("worker", "-c", "1", "-t", "1", "-l", "info")
    worker.wait_for("is ready: ")
    task_id = commands.run("call", "shop.add", "-a", "[1]").stdout.strip()
    worker.wait_for(f"Task shop.add[{task_id}] succeeded")
    assert f"own shop.add <{task_id}> adding\n" in worker.output
    assert worker.output.count("adding") == 1


def test_inspection_and_events_show_what_the_caller_allows(commands: Commands) -> None:
    write(commands, TASKS)
    (commands.directory / "look.py").write_text(
        """
import threading, time
from shop import app

events, ready = [], threading.Event()
def watch():
    with app.connection() as connection:
        receiver = app.events.Receiver(connection, handlers={"task-received": events.append})
        ready.set()
        receiver.capture(limit=None, timeout=60, wakeup=True)
threading.Thread(target=watch, daemon=True).start()
ready.wait(10)
time.sleep(1)
large = "s3cret-argument" + "x" * 100_000
app.send_task("shop.add", [large])
app.send_task("shop.add", ["s3cret-argument"], argsrepr="***", kwargsrepr="{}")
app.send_task("shop.add", [large], countdown=600)
app.send_task("shop.add", ["s3cret-argument"], countdown=601, argsrepr="***")
deadline = time.monotonic() + 30
while len(events) < 2 and time.monotonic() < deadline:
    time.sleep(0.05)
first, second = events
assert len(first["args"]) <= 1024, len(first["args"])
assert second["args"] == "***", second
(found,) = app.control.inspect(timeout=10).scheduled().values()
shown = [entry["request"]["args"] for entry in found]
assert len(shown[0]) <= 1100 and isinstance(shown[0], str), shown
assert shown[1] == "***", shown
print("as it should be")
"""
    )
    worker = commands.start("worker", "-c", "1", "-t", "1", "-E")
    worker.wait_for("is ready: ")
    looked = commands.run(module="look")
    assert "as it should be" in looked.stdout, looked.stderr
