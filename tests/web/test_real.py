"""The pages over a real store, real workers and the real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.workers import until
from tests.web.conftest import OpenTab
from tests.web.real import PASSWORD, Shop, running_shop, serving_with_users

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PATHS = (
    "/", "/tasks", "/tasks?filter=state:failed&group=task_error", "/queues", "/queues/mail", "/workers",
    "/schedule", "/schedule/nightly", "/limits", "/settings", "/audit",
)  # fmt: skip
#: Seconds after which what happened in the store must stand on an open page.
LIVE = 3.0


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop of this module."""
    with running_shop(tmp_path_factory.mktemp("shop")) as running:
        yield running


def _send(shop: Shop, call: str) -> str:
    return shop.run(f"print({call}.id)")


def test_every_page_is_drawn(tab: OpenTab, shop: Shop) -> None:
    waiting = _send(shop, "add.apply_async((1, 2), queue='mail')")
    shop.run("hostile.delay('<img src=x onerror=alert(2)>'); add.delay(1, 2).get(timeout=30)")
    opened = tab(shop.url)
    for path in (*PATHS, f"/tasks/{waiting}"):
        page = opened.open(path)
        assert page.query_selector("#app img") is None, path
        assert "This page has a mistake" not in opened.text(), path
    assert opened.page.title()


def test_a_page_is_live(tab: OpenTab, shop: Shop) -> None:
    opened = tab(shop.url)
    # A queue is known from its first message on.
    shop.run("add.apply_async((1, 2), queue='mail')")
    page = opened.open("/queues/mail")
    ready = "Number(document.querySelector('tr[data-key=mail] td:nth-child(4)')?.textContent)"
    until(lambda: page.evaluate(f"!isNaN({ready})"), "the queue's row", 30)
    before = page.evaluate(ready)
    shop.run("add.apply_async((1, 2), queue='mail')")
    sent = time.monotonic()
    until(lambda: page.evaluate(ready) == before + 1, "the queue's count to grow", 30)
    assert time.monotonic() - sent < LIVE


def test_a_task_that_waits_says_why_and_is_revoked(tab: OpenTab, shop: Shop) -> None:
    task = _send(shop, "add.apply_async((1, 2), queue='mail')")
    opened = tab(shop.url)
    page = opened.open(f"/tasks/{task}")
    assert "No worker takes it." in opened.text()
    page.keyboard.press("v")
    page.click("dialog button:has-text('Revoke')")
    page.wait_for_selector("text=1 task revoked.")
    assert shop.run(f"print(app.AsyncResult('{task}').state)") == "REVOKED"


def test_a_queue_that_holds_nothing_is_forgotten(tab: OpenTab, shop: Shop) -> None:
    shop.run("add.apply_async((1, 2), queue='spring'); add.apply_async((1, 2), queue='summer')")
    shop.run("app.engine.purge('spring'); app.engine.pause_queue('spring')")
    opened = tab(shop.url)
    page = opened.open("/queues/spring")
    page.click("tr[data-key=summer] button:has-text('More...')")
    refused = page.locator(".popover button", has_text="Forget")
    assert "Only an empty queue that no worker serves" in refused.inner_text()
    assert refused.get_attribute("aria-disabled") == "true"
    page.keyboard.press("Escape")
    page.click("tr[data-key=spring] button:has-text('More...')")
    page.click(".popover button:has-text('Forget')")
    page.wait_for_selector("text=spring is forgotten.")
    page.wait_for_selector("tr[data-key=spring]", state="detached")
    assert page.evaluate("location.pathname") == "/queues"
    assert shop.run("print('spring' in app.engine.queues(), app.engine.paused_queues())") == (
        "False {}"
    )
    shop.run("app.engine.purge('summer'); app.engine.forget_queue('summer')")


def test_a_rate_is_changed(tab: OpenTab, shop: Shop) -> None:
    shop.run("[limited.delay(n) for n in range(3)]")
    opened = tab(shop.url)
    page = opened.open("/limits")
    page.wait_for_selector("text=2 a minute")
    page.click("button:has-text('Change...')")
    page.fill("#limit-value", "nonsense")
    change = page.locator("dialog button", has_text="Change")
    assert change.get_attribute("title") == "A rate is written 2/s, 30/m or 100/h"
    page.fill("#limit-value", "50/s")
    change.click()
    page.wait_for_selector("td:has-text('50 a second')")


def test_a_worker_is_drained_and_resumed(tab: OpenTab, shop: Shop) -> None:
    opened = tab(shop.url)
    page = opened.open("/workers")
    page.click(".node-row button:has-text('Drain')")
    page.click("dialog button:has-text('Drain')")
    page.wait_for_selector("text=Draining, takes no new task")
    page.click(".node-row button:has-text('Resume')")
    page.wait_for_selector("text=Draining, takes no new task", state="detached")
    assert shop.run("print(add.delay(20, 22).get(timeout=30))") == "42"


def test_all_that_match_are_revoked(tab: OpenTab, shop: Shop) -> None:
    shop.run(
        "from taskhub import group; group(add.s(n, 1).set(queue='mail') for n in "
        "range(10_000)).apply_async()"
    )
    opened = tab(shop.url)
    page = opened.open("/tasks?filter=queue:mail+state:waiting")
    page.wait_for_selector("tr[data-key]")
    page.keyboard.press("a")
    page.click("text=/Select all [0-9,]+ that match/")
    page.click(".bulk-bar button:has-text('Revoke')")
    page.wait_for_selector("dialog[open] >> text=Will not run", timeout=120_000)
    page.click("dialog .button.primary, dialog .button.danger")
    page.wait_for_selector(".job-line")
    page.wait_for_selector(".job-line >> text=Done", timeout=120_000)
    opened.open("/tasks?filter=queue:mail+state:waiting")
    assert "No waiting task matches." in opened.text()


def test_without_tls_people_sign_in_and_act_at_a_host_name(tab: OpenTab, shop: Shop) -> None:
    shop.run("add.apply_async((1, 2), queue='mail')")
    with serving_with_users(shop, "--allow-http") as url:
        opened = tab(url.replace("127.0.0.1", "dash.test"))
        sites: list[str | None] = []
        opened.page.on("request", lambda sent: sites.append(sent.headers.get("sec-fetch-site")))
        page = opened.open("/queues/mail")
        page.fill("#login-name", "ann")
        page.fill("#login-password", PASSWORD)
        page.click("button[type=submit]")
        page.click("tr[data-key=mail] button:has-text('Pause')")
        until(lambda: "mail" in shop.run("print(app.engine.paused_queues())"), "the pause", 45)
        assert page.evaluate("isSecureContext") is False
        assert set(sites) == {None}
        # No page works while its server ends.
        page.goto("about:blank")
    shop.run("app.engine.resume_queue('mail')")


def test_the_store_goes_and_comes_back(tab: OpenTab, shop: Shop) -> None:
    opened = tab(shop.url)
    page = opened.open("/")
    shop.store.stop()
    page.wait_for_selector(".away-line")
    assert "The store does not answer." in opened.text()
    shop.store.start()
    page.wait_for_selector(".away-line", state="detached")
    until(lambda: "Live" in page.inner_text(".live"), "the page to be live again", 60)


def test_pictures_and_scripts_come_from_the_dashboard_only(
    tab: OpenTab, shop: Shop, tmp_path: Path
) -> None:
    opened = tab(shop.url)
    asked: list[str] = []
    opened.page.on("request", lambda request: asked.append(request.url))
    opened.open("/")
    assert [url for url in asked if not url.startswith(shop.url)] == []
