"""A real browser for the tests of the dashboard's pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.workers import until
from tests.web.fixture.server import Server, serving

MISSING = (
    "the tests of the dashboard need Chromium and Playwright: apt-get install -y chromium "
    "fonts-noto-cjk, and "
    "pip install playwright (its own browser is not needed); TASKHUB_CHROMIUM names another "
    "Chromium, and "
    '-m "not browser" leaves these tests out'
)
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    # A host name which browsers do not trust without TLS.
    "--host-resolver-rules=MAP dash.test 127.0.0.1",
)
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def chromium() -> str | None:
    """Where the distribution's Chromium is."""
    named = os.environ.get("TASKHUB_CHROMIUM")
    return named or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for the tests of one module: Playwright's event loop ends with it."""
    program = chromium()
    if program is None:
        pytest.fail(MISSING, pytrace=False)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.fail(MISSING, pytrace=False)
    fonts = Path(__file__).parent / "fonts.conf"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=program,
            args=list(ARGUMENTS),
            env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
        )
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def site() -> Iterator[Server]:
    """The fixture server."""
    with serving() as server:
        yield server


class Tab:
    """One page of the browser, with what went wrong in it."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.url = url
        self.mistakes: list[str] = []
        page.on("pageerror", lambda error: self.mistakes.append(str(error)))
        page.on("console", self._listen)
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (event) =>"
            " console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))"
        )

    def _listen(self, message: Any) -> None:
        # Chromium writes a line for each answer of 4xx and 5xx; those are looked at where they
        # matter. Without TLS it says that it ignores a header.
        harmless = ("Failed to load resource", "Cross-Origin-Opener-Policy header has been ignored")
        if message.type == "error" and not any(text in message.text for text in harmless):
            self.mistakes.append(message.text)

    def open(self, path: str) -> Any:
        """Open a path of the dashboard and wait until it is drawn."""
        self.page.goto(self.url + path)
        self.page.wait_for_selector("main > *")
        self.until("!document.querySelector('.loading')")
        # Preact listens to keys from the frame after the one in which it has drawn.
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        return self.page

    def until(self, condition: str) -> None:
        """Wait until a JavaScript expression holds; the policy of the pages lets them evaluate none."""
        until(lambda: self.page.evaluate(condition), condition, timeout=45)

    def text(self) -> str:
        """All that is shown."""
        shown: str = self.page.inner_text("body")
        return shown.replace("\u00a0", " ")


OpenTab = Callable[..., Tab]


@pytest.fixture
def tab(browser: Any, site: Server) -> Iterator[OpenTab]:
    """Makes tabs: `cookies` choose what the fixture plays, the rest is Playwright's."""
    contexts = []
    tabs: list[Tab] = []

    def make(url: str = site.url, cookies: dict[str, str] | None = None, **options: Any) -> Tab:
        options = {
            "viewport": DESKTOP, "locale": "en-US", "timezone_id": "UTC",
            "color_scheme": "light", "reduced_motion": "reduce", **options,
        }  # fmt: skip
        context = browser.new_context(**options)
        context.set_default_timeout(45_000)
        contexts.append(context)
        for name, value in (cookies or {}).items():
            context.add_cookies([{"name": name, "value": value, "url": url}])
        tabs.append(Tab(context.new_page(), url))
        return tabs[-1]

    yield make
    for context in contexts:
        context.close()
    mistakes = [mistake for one in tabs for mistake in one.mistakes]
    assert not mistakes, "\n".join(mistakes)
