"""Widths, colour schemes, and what axe-core finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import PHONE, OpenTab
from tests.web.paths import GROUPED, PAGES

# axe-core looks at each element of each page, which takes minutes on a busy machine.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

AXE = (Path(__file__).parent / "vendor/axe-core/axe.min.js").read_text()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


# What follows the page's width a frame later, held still: the browser may be asked before that frame.
NEVER_RESIZED = "window.ResizeObserver = class { observe() {} unobserve() {} disconnect() {} }"


@pytest.mark.parametrize("before", ["", NEVER_RESIZED], ids=["drawn", "not drawn again yet"])
def test_no_page_scrolls_sideways(tab: OpenTab, before: str) -> None:
    opened = tab(viewport=PHONE)
    opened.page.add_init_script(before)
    wide = []
    for path in PAGES:
        page = opened.open(path)
        for width in (320, 390, 640, 768, 1024, 1280):
            page.set_viewport_size({"width": width, "height": 844})
            found = page.evaluate("document.documentElement.scrollWidth")
            if found > width:
                wide.append(f"{path} at {width}: {found}")
    assert wide == []


def test_tries_of_two_digits_are_shown_whole(tab: OpenTab) -> None:
    opened = tab()
    for path in ("/tasks", GROUPED):
        page = opened.open(path)
        widths = page.evaluate(
            "[...document.querySelectorAll('.task-row .tries')].map((cell) => {"
            " cell.textContent = '12 of 13'; return [cell.scrollWidth, cell.clientWidth]; })"
        )
        assert widths
        assert all(needed <= has for needed, has in widths), path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_follow_the_system_and_the_choice(tab: OpenTab, scheme: Any) -> None:
    opened = tab(color_scheme=scheme)
    page = opened.open("/settings")
    colours = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 21, 24)"}

    def wait_for_colour(name: str) -> None:
        background = "getComputedStyle(document.documentElement).backgroundColor"
        opened.until(f"{background} === '{colours[name]}'")

    wait_for_colour(scheme)
    other = "dark" if scheme == "light" else "light"
    # The system changes while the page is open.
    page.emulate_media(color_scheme=other)
    wait_for_colour(other)
    page.emulate_media(color_scheme=scheme)
    wait_for_colour(scheme)
    page.click(f".browser-settings button:has-text('{other.capitalize()}')")
    wait_for_colour(other)
    # The choice is kept.
    opened.open("/settings")
    wait_for_colour(other)


def _serious(opened: Any, path: str) -> list[str]:
    page = opened.open(path)
    page.evaluate(AXE)
    found = page.evaluate(f"axe.run(document, {RULES!r})".replace("'", '"'))
    return [
        f"{path}: {one['id']}: {one['help']}: {node['html'][:160]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_no_serious_findings(tab: OpenTab, scheme: Any) -> None:
    opened = tab(color_scheme=scheme, bypass_csp=True)
    assert [one for path in PAGES for one in _serious(opened, path)] == []


def test_axe_has_no_serious_findings_at_phone_width(tab: OpenTab) -> None:
    opened = tab(viewport=PHONE, bypass_csp=True)
    assert [one for path in PAGES for one in _serious(opened, path)] == []


def test_axe_has_no_serious_findings_while_signing_in_or_in_a_dialog(tab: OpenTab) -> None:
    opened = tab(cookies={"role": "none"}, bypass_csp=True)
    assert _serious(opened, "/") == []
    opened = tab(bypass_csp=True)
    page = opened.open("/")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    page.evaluate(AXE)
    found = page.evaluate("axe.run('dialog')")
    assert [
        one["id"] for one in found["violations"] if one["impact"] in ("serious", "critical")
    ] == []


def test_targets_of_a_finger_are_large_enough(tab: OpenTab) -> None:
    page = tab(viewport=PHONE).open("/")
    sizes = page.evaluate(
        "[...document.querySelectorAll('.bottom-bar a, .bottom-bar button')]"
        ".map((one) => one.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 40


def test_times_are_those_of_the_apps_zone(tab: OpenTab) -> None:
    opened = tab(timezone_id="America/New_York")
    opened.open("/")
    assert "14:32:08, UTC+8" in opened.text()
