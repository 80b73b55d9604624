"""Each page with data, empty, and while the store is away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.workers import until
from tests.web.conftest import OpenTab, Tab
from tests.web.fixture.server import Server
from tests.web.fixture.session import session
from tests.web.fixture.task import FAILED
from tests.web.paths import EMPTY, GROUPED, PAGES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def _missing(opened: Tab, path: str, *more: str) -> list[str]:
    text = opened.text()
    return [f"{path}: {one}" for one in (*PAGES[path], *more) if one not in text]


def test_every_page_shows_its_data(tab: OpenTab) -> None:
    opened = tab()
    for path in PAGES:
        opened.open(path)
        # What a page asks for last may come after all else is drawn.
        until(lambda path=path: not _missing(opened, path), f"all texts of {path}", 30)


def test_every_empty_page_says_why_and_what_to_do(tab: OpenTab) -> None:
    opened = tab(cookies={"empty": "1"})
    for path, text in EMPTY.items():
        opened.open(path)
        assert text in opened.text()


def test_the_first_use_shows_the_lines_that_send_a_task(tab: OpenTab) -> None:
    opened = tab(cookies={"empty": "1"})
    page = opened.open("/")
    lines = "from Modules.quant.tasks import sync_stock_data\n\nsync_stock_data.delay()"
    assert page.inner_text(".code-box") == lines


def test_a_chart_says_that_older_counts_are_still_being_read(tab: OpenTab) -> None:
    opened = tab(cookies={"early": "1"})
    page = opened.open("/")
    note = "older counts are still being read"
    assert page.inner_text(".charts .chart:first-child .note") == note
    page.locator(".charts .plot").first.press("Home")
    assert page.locator(".charts .chart:first-child .legend b").all_inner_texts() == [""] * 4
    opened = tab()
    opened.open("/")
    assert note not in opened.text()


def test_a_list_says_that_not_all_could_be_sorted(tab: OpenTab) -> None:
    opened = tab()
    note = "(not all tasks were read in time, there may be more)"
    opened.open("/tasks")
    assert note not in opened.text()
    opened.open("/tasks?sort=ran")
    assert note in opened.text()


def test_nothing_matches_offers_the_condition_to_drop(tab: OpenTab) -> None:
    opened = tab(cookies={"empty": "1"})
    page = opened.open("/tasks?filter=queue:email+state:failed+error:Timeout")
    assert "62 do without error:Timeout. The last one ended at 14:30:12." in opened.text()
    page.click("text=Drop error:Timeout")
    opened.until("!location.search.includes('Timeout')")
    assert "queue" in page.url


def test_every_page_keeps_what_it_knew_while_the_store_is_away(tab: OpenTab) -> None:
    opened = tab()
    away = ("The store does not answer.", "ConnectionError: connect to 10.2.0.5:6379")
    for path in PAGES:
        page = opened.open(path)
        page.evaluate("document.cookie = 'away=1; path=/'")
        page.evaluate("dispatchEvent(new Event('taskhub:job'))")  # the page asks the API
        # An answer that was on its way may take the line away once more.
        until(lambda path=path: not _missing(opened, path, *away), f"{path}, and why", 30)
        page.evaluate("document.cookie = 'away=; path=/; max-age=0'")


def test_actions_wait_until_the_store_answers(tab: OpenTab) -> None:
    opened = tab()
    page = opened.open(f"/tasks/{FAILED}")
    page.evaluate("document.cookie = 'away=1; path=/'")
    page.wait_for_selector(".away-line")
    retry = page.locator(".task-buttons button", has_text="Retry").first
    why = "Actions wait until the store answers."
    until(lambda: retry.get_attribute("title") == why, why, 30)
    until(lambda: retry.get_attribute("aria-disabled") == "true", why, 30)
    page.evaluate("document.cookie = 'away=; path=/; max-age=0'")
    page.click("text=Try now")
    page.wait_for_selector(".away-line", state="detached")
    assert retry.get_attribute("aria-disabled") is None


def test_a_page_that_was_never_drawn_says_so_while_the_store_is_away(tab: OpenTab) -> None:
    opened = tab(cookies={"away": "1"})
    opened.open("/queues")
    assert "Nothing is known yet." in opened.text()


def test_an_unknown_address_says_so(tab: OpenTab) -> None:
    opened = tab()
    opened.open("/nothing")
    assert "There is nothing at this address." in opened.text()
    opened.open("/tasks/00000000")
    assert "There is no tasks/00000000." in opened.text()


def test_a_viewer_sees_why_buttons_are_disabled_and_no_arguments(tab: OpenTab) -> None:
    opened = tab(cookies={"role": "viewer"})
    page = opened.open(f"/tasks/{FAILED}")
    text = opened.text()
    assert "Needs the role operator. You are a viewer." in text
    assert "Hidden from viewers. An operator sees them." in text
    assert "message hidden, it may quote arguments" in text
    enabled = page.locator(".task-buttons button:not([aria-disabled])")
    assert enabled.count() == 0


def test_a_wrong_password_tells_how_many_tries_are_left(tab: OpenTab) -> None:
    opened = tab(cookies={"role": "none"})
    page = opened.open("/")
    page.fill("#login-name", "oncall")
    page.fill("#login-password", "wrong")
    page.click("button[type=submit]")
    page.wait_for_selector("[role=alert]")
    assert "User name or password is wrong.\n3 tries left in this minute." in opened.text()
    assert page.evaluate("document.activeElement.id") == "login-password"
    page.fill("#login-password", "right")
    page.keyboard.press("Enter")
    page.wait_for_selector(".figures")


def test_a_page_is_loaded_again_where_others_sign_users_in(tab: OpenTab) -> None:
    opened = tab()
    page = opened.open("/")
    nobody = session(None)
    nobody["login"] |= {"password": False, "openid": None}

    def answer(route: Any) -> None:
        if route.request.url.endswith("/session"):
            route.fulfill(json=nobody)
        else:
            problem = {"status": 401, "code": "not_signed_in", "detail": "sign in first"}
            route.fulfill(json=problem, status=401, content_type="application/problem+json")

    page.evaluate("window.isFirst = true")
    page.route("**/api/v1/**", answer)
    page.click("nav a:has-text('Queues')")
    # A host's own login would come instead of this page.
    page.wait_for_selector("text=Nobody signs in on this page")
    assert page.evaluate("window.isFirst") is None


def test_all_that_match_are_counted_first_and_then_acted_on(tab: OpenTab, site: Server) -> None:
    opened = tab()
    page = opened.open(GROUPED)
    page.keyboard.press("a")
    page.click("text=Select all 1,284 that match")
    page.click(".bulk-bar button:has-text('Retry')")
    page.wait_for_selector("dialog[open]")
    text = opened.text()
    assert "Retry 1,283 of 1,284 failed tasks?" in text
    assert "Skipped, message no longer kept" in text
    assert page.evaluate("document.activeElement.textContent") == "Retry 1,283 tasks"
    site.written.clear()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog", state="detached")
    method, path, body = site.written[-1]
    assert (method, path) == ("POST", "tasks/actions")
    assert body["filter"] == "task:Modules.quant.* state:failed since:2h"
    assert body["before"] == "2026-11-30T06:32:08.000Z"
    assert body["rate"] == 20


def test_a_job_tells_how_far_it_is(tab: OpenTab) -> None:
    opened = tab(cookies={"job": "1"})
    page = opened.open("/tasks")
    page.wait_for_selector(".job-line")
    text = opened.text()
    assert "Retry of 1,283 tasks" in text
    assert "834 sent, 2 skipped, 447 left" in text
    assert "20 a second, about 22 s more" in text


def test_a_purge_asks_for_the_name(tab: OpenTab, site: Server) -> None:
    opened = tab(cookies={"role": "admin"})
    page = opened.open("/queues/quant")
    page.click(".pane-buttons button:has-text('Purge')")
    page.wait_for_selector("dialog[open]")
    purge = page.locator("dialog button", has_text="Purge 1,640 messages")
    assert purge.get_attribute("title") == "Type the name of the queue"
    page.fill("#purge-name", "quant")
    site.written.clear()
    purge.click()
    page.wait_for_selector("dialog", state="detached")
    assert site.written[-1] == (
        "POST", "queues/quant/actions", {"action": "purge", "confirm": "quant"},
    )  # fmt: skip


def test_the_language_can_be_changed(tab: OpenTab) -> None:
    opened = tab()
    page = opened.open("/settings")
    page.click(".browser-settings button:has-text('中文')")
    page.wait_for_selector("text=此浏览器")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    opened.open("/")
    assert "26 分 04 秒" in opened.text()
