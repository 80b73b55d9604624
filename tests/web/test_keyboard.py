"""Everything by keyboard alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import OpenTab
from tests.web.fixture.server import Server
from tests.web.fixture.task import FAILED
from tests.web.paths import GROUPED

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def _focused(page: Any) -> str:
    name: str = page.evaluate("document.activeElement.dataset.key ?? ''")
    return name[:8]


def test_rows_are_walked_through_selected_and_acted_on(tab: OpenTab, site: Server) -> None:
    opened = tab()
    page = opened.open(GROUPED)
    for key in ("j", "j", "x", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    assert _focused(page) == "ae679f02"
    assert page.inner_text(".bulk-bar b") == "3 selected"
    assert "Held while rows are selected" in page.inner_text(".live")
    page.keyboard.press("k")
    assert _focused(page) == "0211670e"
    page.keyboard.press("Escape")
    page.wait_for_selector(".bulk-bar", state="detached")
    page.keyboard.press("x")
    site.written.clear()
    page.keyboard.press("r")
    page.wait_for_selector(".notice")
    assert page.inner_text(".notice .grow") == "1 task sent again."
    assert site.written[-1][2]["action"] == "retry"
    assert site.written[-1][2]["ids"][0].startswith("0211670e")


def test_deleting_asks_and_escape_keeps_all(tab: OpenTab, site: Server) -> None:
    opened = tab()
    page = opened.open(GROUPED)
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("d")
    page.wait_for_selector("dialog[open]")
    assert page.inner_text("#dialog-title") == "Delete 1 task?"
    site.written.clear()
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    assert site.written == []
    assert _focused(page) == "eee65f53", "the focus is where it was"


def test_a_row_is_opened_and_its_task_acted_on(tab: OpenTab, site: Server) -> None:
    opened = tab()
    page = opened.open("/tasks")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    opened.until("location.pathname.startsWith('/tasks/33187c8d')")
    page = opened.open(f"/tasks/{FAILED}")
    site.written.clear()
    page.keyboard.press("r")
    page.wait_for_selector(".notice")
    assert site.written[-1][:2] == ("POST", f"tasks/{FAILED}/actions")


def test_pages_spans_and_the_list_of_keys(tab: OpenTab) -> None:
    opened = tab()
    page = opened.open("/")
    page.keyboard.press("2")
    opened.until("location.search === '?span=24h'")
    for letter, path in (("t", "/tasks"), ("q", "/queues"), ("w", "/workers"), ("s", "/schedule"),
                         ("l", "/limits"), ("a", "/audit"), ("o", "/")):  # fmt: skip
        page.keyboard.press("g")
        page.keyboard.press(letter)
        opened.until(f"location.pathname === '{path}'")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    assert "find a task, id or queue" in page.inner_text("dialog")


def test_keys_rest_in_fields_and_can_be_switched_off(tab: OpenTab) -> None:
    opened = tab()
    page = opened.open("/tasks")
    page.keyboard.press("f")
    page.keyboard.type("gt?lx")
    assert page.input_value(".filter-field input") == "gt?lx"
    assert page.query_selector("dialog[open]") is None
    page = opened.open("/settings")
    page.click(".browser-settings button:has-text('Off')")
    opened.open("/")
    page.keyboard.press("?")
    page.keyboard.press("g")
    page.keyboard.press("t")
    assert page.query_selector("dialog[open]") is None
    assert page.evaluate("location.pathname") == "/"


def test_the_filter_is_completed_added_and_edited(tab: OpenTab) -> None:
    opened = tab()
    page = opened.open("/tasks?filter=task:Modules.quant.*")
    page.keyboard.press("f")
    page.keyboard.type("queue:qu")
    page.wait_for_selector(".ghost")
    page.keyboard.press("Tab")
    assert page.input_value(".filter-field input") == "queue:quant"
    page.keyboard.press("Enter")
    opened.until("decodeURIComponent(location.search).includes('queue:quant')")
    page.keyboard.press("Backspace")
    assert page.input_value(".filter-field input") == "queue:quant"
    opened.until("!decodeURIComponent(location.search).includes('queue:quant')")


def test_the_crosshair_is_moved_and_told(tab: OpenTab) -> None:
    opened = tab()
    page = opened.open("/")
    chart = page.locator(".plot").first
    chart.focus()
    for key in ("Home", "PageDown", "ArrowRight"):
        page.keyboard.press(key)
    assert str(chart.get_attribute("aria-valuetext")).startswith("13:43: succeeded")
    texts = page.eval_on_selector_all(".plot", "all => all.map((one) => one.ariaValueNow)")
    assert texts == ["11"] * 4, "all four charts share it"


def test_a_queue_is_paused(tab: OpenTab, site: Server) -> None:
    opened = tab()
    page = opened.open("/queues")
    page.keyboard.press("j")
    site.written.clear()
    page.keyboard.press("p")
    page.wait_for_selector(".notice")
    assert site.written[-1] == ("POST", "queues/quant/actions", {"action": "pause"})


def test_the_focus_is_always_seen_and_reaches_everything(tab: OpenTab) -> None:
    opened = tab()
    page = opened.open("/queues")
    seen = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "(() => { const one = document.activeElement; const style = getComputedStyle(one);"
            " return [one === document.body, style.outlineStyle, style.outlineWidth, "
            "one.textContent.slice(0, 20)]; })()"
        )
        if found[0]:
            break
        assert found[1:3] == ["solid", "2px"], found
        seen.add(found[3])
    assert {"Overview", "Pause", "More...", "Resume", "Forget"} <= seen


def test_held_rows_stay_while_newer_ones_are_counted(tab: OpenTab) -> None:
    opened = tab()
    page = opened.open("/tasks")
    page.keyboard.press("j")
    page.keyboard.press("x")
    before = page.eval_on_selector_all("tr[data-key]", "all => all.map((one) => one.dataset.key)")
    page.evaluate("document.cookie = 'newer=14; path=/'")
    opened.until("document.querySelector('.live').textContent.includes('14 newer')")
    after = page.eval_on_selector_all("tr[data-key]", "all => all.map((one) => one.dataset.key)")
    assert before == after
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(5, 5)
    opened.until("document.querySelectorAll('tr[data-key]').length > 21")
