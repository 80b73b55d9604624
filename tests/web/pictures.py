"""Pictures of the pages with the fixture's data, for README, the documents, and for comparing with the design.

python -m tests.web.pictures              docs/images/dashboard-light.png and dashboard-dark.png
python -m tests.web.pictures FOLDER       every screen of the design, into a folder
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from tests.web.conftest import ARGUMENTS, DESKTOP, PHONE, Tab, chromium
from tests.web.fixture.server import serving
from tests.web.fixture.task import FAILED, WAITING
from tests.web.paths import GROUPED

IMAGES = Path(__file__).resolve().parents[2] / "docs/images"
DARK = {"color_scheme": "dark"}
ZH = {"locale": "zh-CN"}
NARROW = {"viewport": PHONE}

#: Name -> path, options of the browser, keys.
SCREENS: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "01-overview-light": ("/", {}, ()),
    "01d-overview-dark": ("/", DARK, ()),
    "02-tasks": (GROUPED, {}, ("j", "x", "j", "x", "j", "x")),
    "02c-tasks-all": ("/tasks", {}, ()),
    "02d-tasks-filter": ("/tasks?filter=task:Modules.quant.*+since:2h", {}, ("f", *"queue:qu")),
    "03-task-failed": (f"/tasks/{FAILED}", {}, ()),
    "03c-canvas-large": ("/tasks/41d09b6e/canvas", {}, ()),
    "03d-task-failed-dark": (f"/tasks/{FAILED}", DARK, ()),
    "03w-task-waiting": (f"/tasks/{WAITING}", {}, ()),
    "04-queues": ("/queues/quant", {}, ()),
    "05-workers": ("/workers", {}, ()),
    "06-schedule": ("/schedule/sync-industry-data", {}, ()),
    "07-audit": ("/audit", {}, ()),
    "09-phone-overview": ("/", NARROW, ()),
    "09b-phone-tasks": (GROUPED, NARROW, ("j", "x", "j", "x")),
    "10-overview-zh": ("/", ZH, ()),
    "limits": ("/limits", {}, ()),
    "settings": ("/settings", {}, ()),
}
#: The two of README, by the names of the design.
README = {"dashboard-light": "01-overview-light", "dashboard-dark": "01d-overview-dark"}


def take(browser: Any, url: str, name: str, file: Path) -> None:
    """Take a picture of a screen."""
    path, options, keys = SCREENS[name]
    shape = {"viewport": DESKTOP, "locale": "en-US", "device_scale_factor": 2, **options}
    context = browser.new_context(reduced_motion="reduce", timezone_id="Asia/Shanghai", **shape)
    tab = Tab(context.new_page(), url)
    page = tab.open(path)
    page.wait_for_load_state("networkidle")
    for key in keys:
        page.keyboard.press(key)
    if "f" in keys:
        page.wait_for_selector(".suggestions")
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file)
    context.close()


def main(folder: str | None = None) -> None:
    """Take those of README, or all of them."""
    from playwright.sync_api import sync_playwright

    fonts = {**os.environ, "FONTCONFIG_FILE": str(Path(__file__).parent / "fonts.conf")}
    wanted = {name: name for name in SCREENS} if folder else README
    with serving() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=list(ARGUMENTS), env=fonts
        )
        for name, screen in wanted.items():
            take(browser, server.url, screen, (Path(folder) if folder else IMAGES) / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
