"""The documents are in order: languages, data, links, translations, and what they must not leave out."""

from __future__ import annotations

import ast
import configparser
import json
import os
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml

from taskhub.config.settings import SETTINGS
from tests.docs.markdown import (
    DOCUMENTS,
    EXAMPLES,
    ROOT,
    TRANSLATIONS,
    Mark,
    blocks,
    headings,
    links,
    without_blocks,
)

LANGUAGES = {"python", "console", "text", "ini", "toml", "json", "yaml"}
#: Blocks that cannot be run in a test: where they are, and how many; translations have the same.
NOT_RUN = {
    "README.md": 1,
    "docs/dashboard.md": 3,
    "docs/deploying.md": 3,
    "docs/migrating.md": 1,
    "docs/observability.md": 1,
    "docs/tutorial.md": 1,
    "examples/moving_from_celery/README.md": 1,
    "docs/versions.md": 1,
}

SOURCE = ROOT / "src/taskhub"
#: Variables that taskhub's own processes set for each other.
INTERNAL_VARIABLES = {"TASKHUB_LEASE_RENEWER", "TASKHUB_RESTARTS", "TASKHUB_SUPERVISOR_FD"}


@pytest.mark.parametrize("document", [*DOCUMENTS, *EXAMPLES])
def test_blocks_are_of_known_languages_and_well_formed(document: str) -> None:
    for block in blocks(document):
        assert block.language in LANGUAGES, f"{block.place}: {block.language!r}"
        if block.language == "json":
            json.loads(block.code)
        elif block.language == "toml":
            tomllib.loads(block.code)
        elif block.language == "ini":
            # systemd's units name some keys twice.
            configparser.RawConfigParser(strict=False).read_string(block.code)
        elif block.language == "yaml":
            yaml.safe_load(block.code)
        elif block.language == "python":
            ast.parse(block.code, block.place)


def test_few_blocks_are_not_run() -> None:
    found = {
        document: count
        for document in (*DOCUMENTS, *EXAMPLES)
        if document not in TRANSLATIONS
        if (count := sum(block.mark.not_run is not None for block in blocks(document)))
    }
    assert found == NOT_RUN


@pytest.mark.parametrize("translation", TRANSLATIONS)
def test_a_translation_has_the_blocks_and_headings_of_its_original(translation: str) -> None:
    def code(document: str) -> list[tuple[str, str, Mark]]:
        return [(block.language, block.code, block.mark) for block in blocks(document)]

    def levels(document: str) -> list[int]:
        return [level for level, _ in headings(document)]

    original = TRANSLATIONS[translation]
    assert code(translation) == code(original)
    assert levels(translation) == levels(original)


@pytest.mark.parametrize("document", [*DOCUMENTS, *EXAMPLES, "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(document: str) -> None:
    for target in links(document):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / document).parent / name if name else ROOT / document
        assert path.exists(), f"{document}: {target}"
        if anchor:
            assert anchor in _anchors(path), f"{document}: {target}; there are {_anchors(path)}"


def test_every_setting_that_has_an_effect_is_described() -> None:
    text = (ROOT / "docs/configuration.md").read_text("utf-8")
    missing = [
        name for name, setting in SETTINGS.items() if setting.honoured and f"`{name}`" not in text
    ]
    assert not missing, "describe them in docs/configuration.md"


def test_every_environment_variable_is_described() -> None:
    text = "".join((ROOT / document).read_text("utf-8") for document in DOCUMENTS)
    used = {
        name
        for constant in _constants()
        for name in re.findall(r"^TASKHUB_[A-Z_]+[A-Z]$", constant)
    }
    assert "TASKHUB_BROKER_URL" in used
    assert not sorted(name for name in used - INTERNAL_VARIABLES if f"`{name}`" not in text), (
        "describe them in docs/configuration.md"
    )


def test_messages_that_are_explained_exist() -> None:
    """The first column of the tables in docs/errors.md quotes the code, where `…` stands for what varies."""
    quoted = re.findall(r"(?m)^\| `([^`]+)` \|", without_blocks("docs/errors.md"))
    assert len(quoted) > 20
    unknown = [
        (message, fragment)
        for message in quoted
        for part in message.split("…")
        if len(fragment := part.strip(" ,;:")) > 3
        if not any(fragment in constant for constant in _constants())
    ]
    assert not unknown


def test_documents_name_nothing_of_this_machine() -> None:
    home = os.path.expanduser("~")
    for document in (*DOCUMENTS, *EXAMPLES):
        text = (ROOT / document).read_text("utf-8")
        assert home + "/" not in text, document
        assert str(ROOT) not in text, document


def test_every_example_is_listed() -> None:
    folders = {path.name for path in (ROOT / "examples").iterdir() if path.is_dir()}
    listed = {target.strip("/") for target in links("examples/README.md") if ".." not in target}
    assert listed == folders
    assert {f"examples/{name}/README.md" for name in folders} <= set(EXAMPLES)


def _anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as code hosts make them."""
    headings = re.findall(
        r"(?m)^#+ (.+)$", re.sub(r"(?ms)^```.*?^```$", "", path.read_text("utf-8"))
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@cache
def _constants() -> tuple[str, ...]:
    """Return the texts and names of the source; what f-strings fill in is left out."""
    found = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.Name):
                found.append(node.id)
    return tuple(found)
