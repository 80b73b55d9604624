"""A real store, a real worker and a real `taskhub web`, as processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from taskhub.web.auth.users_file import hash_password
from tests.support.servers import Server, end_with_parent, start_valkey
from tests.support.workers import until

PROGRAM = '''
"""Tasks that the pages are tried with."""

import os
import time

from taskhub import Celery

app = Celery("shop", broker=os.environ["SHOP_STORE"], backend=os.environ["SHOP_STORE"])
app.conf.update(
    task_queues=["celery", "mail"],
    beat_schedule={"nightly": {"task": "shop.tasks.add", "schedule": 86400.0, "args": (1, 2)}},
)


@app.task(name="shop.tasks.add")
def add(a, b):
    return a + b


@app.task(name="shop.tasks.sleep", soft_time_limit=50, time_limit=60)
def sleep(seconds):
    time.sleep(seconds)


@app.task(name="shop.orders.<img src=x onerror=alert(1)>")
def hostile(text):
    raise ValueError(text)


@app.task(name="shop.tasks.limited", rate_limit="2/m")
def limited(n):
    return n


@app.task(name="shop.tasks.total")
def total(values):
    return sum(values)
'''
PASSWORD = "correct horse battery"
_UP = re.compile(r"http://[\w.:]+")


@dataclass
class Shop:
    """What runs, and where."""

    directory: Path
    store: Server
    url: str

    def environment(self) -> dict[str, str]:
        """Variables of a program that belongs to it."""
        return _environment(self.directory, self.store)

    def run(self, code: str) -> str:
        """Run a line of a program that has imported the tasks, and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", f"from shop import *\n{code}"],
            cwd=self.directory,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.strip()


def _environment(directory: Path, store: Server) -> dict[str, str]:
    root = Path(__file__).resolve().parents[2]
    return {
        **os.environ,
        "SHOP_STORE": store.url,
        "PYTHONPATH": os.pathsep.join((str(root / "src"), str(directory))),
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def _process(
    arguments: list[str], ready: re.Pattern[str], log: Path, shop: dict[str, str]
) -> Iterator[str]:
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "taskhub", "-A", "shop", *arguments],
            cwd=log.parent,
            env=shop,
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent(),
        )
    try:
        found = until(lambda: ready.search(log.read_text()), f"{arguments}; its log: {log}", 90)
        yield found.group()
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def running_shop(directory: Path) -> Iterator[Shop]:
    """A store, a worker and the dashboard, until the block ends."""
    (directory / "shop.py").write_text(PROGRAM)
    store_directory = directory / "store"
    store_directory.mkdir()
    store = start_valkey(store_directory, args=("--appendonly", "yes"))
    store.is_shared = True  # the shop is shared by the tests of a module
    environment = _environment(directory, store)
    worker = ["worker", "-c", "2", "-n", "w@%h", "-Q", "celery"]
    try:
        with (
            _process(worker, re.compile("is ready"), directory / "worker.log", environment),
            _process(["web", "--port", "0"], _UP, directory / "web.log", environment) as url,
        ):
            yield Shop(directory, store, url)
    finally:
        store.stop()


@contextmanager
def serving_with_users(shop: Shop, *arguments: str) -> Iterator[str]:
    """Another `taskhub web` of a shop, whose only user is ann, an operator; gives its URL."""
    users = shop.directory / "users.txt"
    users.write_text(f"ann operator {hash_password(PASSWORD)}\n")
    command = ["web", "--port", "0", "--users", str(users), *arguments]
    log = shop.directory / "web-users.log"
    with _process(command, _UP, log, shop.environment()) as url:
        yield url
