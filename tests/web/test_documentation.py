"""The documentation's site in a browser: search, languages, colours, widths, and no other host."""

from __future__ import annotations

import ast
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.markdown import ROOT
from tests.docs.site import build_site, serve
from tests.web.conftest import PHONE, OpenTab, Tab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

AXE = (Path(__file__).parent / "vendor/axe-core/axe.min.js").read_text()
RULES = json.dumps({"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
#: One page of each kind: text, code, tables, API, Chinese.
KINDS = ("", "tutorial/", "differences/", "api/task/", "zh/tutorial/")
#: Modules whose public names the API reference must have.
PUBLIC = (
    "taskhub",
    "taskhub.contrib.django",
    "taskhub.contrib.fastapi",
    "taskhub.contrib.flask",
    "taskhub.contrib.opentelemetry",
    "taskhub.contrib.sentry",
    "taskhub.dramatiq",
    "taskhub.exceptions",
    "taskhub.schedules",
    "taskhub.stores",
    "taskhub.testing",
    "taskhub.web",
)
#: Public names that stand elsewhere: in other pages, or under another name.
ELSEWHERE = {
    "taskhub": {"TaskHub", "current_app", "current_task", "signals", "subtask", "uuid"},
    "taskhub.contrib.django": {"app"},
    "taskhub.contrib.fastapi": {"Lifespan"},
    "taskhub.schedules": {"ParseException", "crontab_parser", "schedstate"},
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    return build_site(tmp_path_factory)


@pytest.fixture(scope="module")
def documentation(pages: Path) -> Iterator[str]:
    """The URL of the served site."""
    with serve(pages) as url:
        yield url


def _opened(tab: OpenTab, url: str, **options: Any) -> tuple[Tab, list[str]]:
    """A tab, and its requests that go to other hosts or find nothing."""
    opened = tab(url, **options)
    wrong: list[str] = []

    def note(request: Any) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            wrong.append(request.url)

    def note_missing(response: Any) -> None:
        if response.status >= 400:
            wrong.append(f"{response.status}: {response.url}")

    opened.page.context.on("request", note)
    opened.page.context.on("response", note_missing)
    return opened, wrong


def test_search_finds_pages_in_both_languages(tab: OpenTab, documentation: str) -> None:
    opened, wrong = _opened(tab, documentation)
    for path, words, target in (
        ("", "visibility timeout", "/differences/"),
        ("zh/", "定时任务", "/zh/tutorial/"),
    ):
        page = opened.open(path)
        page.click(".md-search__input")
        # The theme reads the field when a key is released. Chinese text is inserted without keys.
        page.type(".md-search__input", words)
        page.press(".md-search__input", "End")
        page.wait_for_selector(".md-search-result__link", state="attached")
        found = page.eval_on_selector_all(
            ".md-search-result__link", "all => all.map((one) => new URL(one.href).pathname)"
        )
        assert any(one.startswith(target) for one in found), (words, found)
    assert wrong == []


def test_the_language_switch_leads_to_the_same_page(tab: OpenTab, documentation: str) -> None:
    opened, wrong = _opened(tab, documentation)
    for path in ("", "tutorial/", "guide/"):
        page = opened.open(path)
        for language, prefix in (("zh", "zh/"), ("en", "")):
            page.hover(".md-select button")
            page.click(f".md-select__link[hreflang={language}]")
            page.wait_for_url(documentation + prefix + path)
            assert page.get_attribute("html", "lang") == language
    assert wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_serious_faults(tab: OpenTab, documentation: str, scheme: str) -> None:
    opened, wrong = _opened(tab, documentation, color_scheme=scheme)
    faults = []
    # axe-core looks at each element: the dark scheme differs in its colours only.
    for path in KINDS if scheme == "light" else KINDS[1:4]:
        page = opened.open(path)
        expected = {"light": "default", "dark": "slate"}[scheme]
        assert page.get_attribute("body", "data-md-color-scheme") == expected
        page.evaluate(AXE)
        for fault in page.evaluate(f"axe.run(document, {RULES})")["violations"]:
            if fault["impact"] in ("serious", "critical"):
                faults += [
                    f"{path}: {fault['id']}: {node['html'][:160]}" for node in fault["nodes"]
                ]
    assert faults == []
    assert wrong == []


def test_no_page_scrolls_sideways_on_a_phone(tab: OpenTab, documentation: str) -> None:
    opened, wrong = _opened(tab, documentation, viewport=PHONE)
    wide = []
    for path in (*KINDS, "commands/", "configuration/", "cookbook/not-run/", "zh/dashboard/"):
        page = opened.open(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide.append(f"{path}: {width}")
    assert wide == []
    assert wrong == []


def test_links_that_leave_the_documents_lead_to_the_repository(pages: Path) -> None:
    text = (pages / "migrating/index.html").read_text("utf-8")
    assert (
        'href="https://github.com/taskhub-project/taskhub/tree/main/tests/parity/programs"' in text
    )
    assert "../README.md" not in text
    assert "<!-- run" not in text
    assert "<!-- not run" not in text


def _public_names(module: str) -> list[str]:
    """`__all__` of a module as it is written: what some of them import is not installed here."""
    path = ROOT / "src" / module.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.parse(source.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    raise AssertionError(f"{module} has no __all__")


def test_every_public_name_is_in_the_reference(pages: Path) -> None:
    inventory = (pages / "objects.inv").read_bytes()
    lines = zlib.decompress(inventory.split(b"\n", 4)[4]).decode().splitlines()
    known = {line.split(" ", 1)[0]: line.split(" ")[3] for line in lines}
    assert known["taskhub.Celery"] == "api/app/#$"
    missing = [
        f"{module}.{name}"
        for module in PUBLIC
        for name in _public_names(module)
        if name not in ELSEWHERE.get(module, ()) and f"{module}.{name}" not in known
    ]
    assert missing == [], "add them to docs/api"
