"""`examples/django_shop` does what its README says: a server, a worker and a scheduler."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.docs.markdown import ROOT
from tests.support.ports import next_port_block
from tests.support.servers import start_valkey
from tests.support.workers import until


class Shop:
    """A copy of the example, with a store of its own.

    Args:
        directory: Where it is copied to.
        broker: The store.
    """

    def __init__(self, directory: Path, broker: str) -> None:
        self.directory = directory
        shutil.copytree(
            ROOT / "examples/django_shop", directory, ignore=shutil.ignore_patterns("__pycache__")
        )
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TASKHUB_", "CELERY_", "DJANGO_"))
        }
        self.environment = {**kept, "TASKHUB_BROKER_URL": broker, "SHOP_CLEAN_EVERY": "1"}
        self.port = next_port_block()[0]

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "manage.py", *arguments]

    def run(self, *arguments: str) -> str:
        """Run a command of `manage.py` to its end."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    @contextmanager
    def running(self, name: str, ready: str, *arguments: str) -> Generator[Path]:
        """Run a command beside a block, from when it has said that it is ready."""
        log = self.directory / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.command(*arguments),
                cwd=self.directory,
                env={**self.environment, "PYTHONUNBUFFERED": "1"},
                stdout=output,
                stderr=output,
            )
        try:
            until(lambda: re.search(ready, log.read_text("utf-8", "replace")), str(log), 60.0)
            yield log
        finally:
            process.terminate()
            process.wait(60)

    def ask(self, path: str, **form: str) -> Any:
        """Return what a page answers; with a form it is posted."""
        data = urllib.parse.urlencode(form).encode() if form else None
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, data, timeout=20) as answer:
            return json.load(answer)

    def status(self, order: int) -> str:
        return str(self.ask(f"/orders/{order}/")["status"])


@contextmanager
def opened(directory: Path) -> Generator[Shop]:
    """Give a block the shop, with a store, a worker, a scheduler and a server."""
    with ExitStack() as running:
        store = running.enter_context(start_valkey(directory))
        shop = Shop(directory / "django_shop", store.url)
        shop.run("migrate", "-v0")
        worker = ("taskhub", "worker", "-p", "1", "-t", "2", "-B")
        running.enter_context(shop.running("worker", "is ready", *worker))
        server = ("runserver", "--noreload", f"127.0.0.1:{shop.port}")
        running.enter_context(shop.running("server", "Quit the server", *server))
        yield shop


@pytest.mark.timeout(180)
def test_the_shop_does_what_its_readme_says(tmp_path: Path) -> None:
    with opened(tmp_path) as shop:
        check_orders(shop)
        check_roll_back(shop)
        check_what_is_sold_out(shop)
        assert "Ran 4 tests" in shop.run("test")


def check_orders(shop: Shop) -> None:
    """An order is reserved, and confirmed by e-mail."""
    placed = shop.ask("/orders/", product="tea", email="you@example.com")
    until(lambda: shop.status(placed["order"]) == "reserved", "the stock to be reserved")
    outbox = shop.directory / "outbox"
    subject = f"Your order {placed['order']}"

    def is_confirmed() -> bool:
        mails = outbox.glob("*.log") if outbox.exists() else ()
        return any(subject in each.read_text("utf-8") for each in mails)

    until(is_confirmed, "the e-mail")


def check_roll_back(shop: Shop) -> None:
    """A request that is rolled back sends nothing."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        shop.ask("/orders/", product="tea", email="you@example.com", card="declined")
    assert refused.value.code == 500
    refused.value.close()
    # Had it been sent, it would have run before this one, and failed: there is no such order.
    order = shop.ask("/orders/", product="tea", email="you@example.com")["order"]
    until(lambda: shop.status(order) == "reserved", "the next order")
    listed = shop.run("taskhub", "tasks", "list", "--json", "task:*.reserve_stock")
    found = [json.loads(line)["state"] for line in listed.splitlines()]
    assert found == ["succeeded", "succeeded"]


def check_what_is_sold_out(shop: Shop) -> None:
    """What is sold out is tried again, and given up in the end by the periodic job."""
    order = shop.ask("/orders/", product="coffee", email="you@example.com")["order"]
    change = "from orders.models import *; from django.utils import timezone as t"
    old = f"{change}; Order.objects.filter(pk={order}).update(placed_at=t.now() - t.timedelta(40))"
    shop.run("shell", "-c", old)
    until(lambda: shop.status(order) == "abandoned", "the periodic job")
