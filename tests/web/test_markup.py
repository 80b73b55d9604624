"""Markup in names, arguments, results and tracebacks is shown as text."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import OpenTab
from tests.web.fixture.server import Server
from tests.web.fixture.task import FAILED
from tests.web.paths import GROUPED, PAGES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

HOSTILE = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>&lt;b&gt;"


def _everywhere(value: Any, key: str = "") -> Any:
    """The answer with markup behind every free text."""
    free = {"task", "arguments", "message", "error", "kind", "detail", "text", "node", "label", "traceback",
            "function", "words", "queue", "worker", "how", "who", "reason", "address", "subject", "host"}  # fmt: skip
    if isinstance(value, dict):
        return {name: _everywhere(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_everywhere(one, key) for one in value]
    fixed = {"task", "chain", "group", "chord", "string", "number", "null", "list", "crontab", "tasks", "wait", "run",
             "between", "worker", "queue", "limit", "setting", "schedule", "session", "other"}  # fmt: skip
    if isinstance(value, str) and key in free and value and value not in fixed:
        return value + HOSTILE
    return value


@pytest.fixture
def hostile(site: Server) -> Any:
    """The server, with markup in everything that users name."""
    site.change = _everywhere
    yield site
    site.change = None


def test_nothing_that_users_name_becomes_markup(tab: OpenTab, hostile: Server) -> None:
    opened = tab()
    for path in PAGES:
        page = opened.open(path)
        assert page.query_selector("#app img, #app script") is None, path
        assert "broken" not in page.title(), path
    opened.open(f"/tasks/{FAILED}")
    assert "<img src=x onerror=" in opened.text()
    opened.open(GROUPED)
    assert "<script>document.title='broken'</script>" in opened.text()


def test_a_filter_in_the_address_stays_text(tab: OpenTab) -> None:
    opened = tab()
    page = opened.open("/tasks?filter=error:%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    assert page.query_selector("#app img") is None
    assert "<img" in opened.text()


def test_links_of_the_api_stay_within_the_dashboard(tab: OpenTab, site: Server) -> None:
    page = tab().open("/")
    outside = page.eval_on_selector_all(
        "a[href]", "all => all.filter((one) => one.origin !== location.origin).length"
    )
    assert outside == 0
