"""Counts in texts are those of `humanize.counted`, so that one of something is not "1 tasks"."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NOUNS = (
    "calls|callbacks|entries|events|jobs|letters|messages|nodes|others|processes|queues|runs|tasks|threads|times|"
    "tries|workers"
)
#: The text behind a number, and a number of log lines with its text.
_BEHIND = re.compile(rf"^ (?:(?!of\b)[a-z-]+ )?(?:{_NOUNS})\b")
_LOGGED = re.compile(rf"%d (?:[a-z-]+ )?(?:{_NOUNS})\b")
#: Placeholders of the dashboard; with words for one and several it is {n|task|tasks}.
_SHOWN = re.compile(rf'"[^"]*\{{\w+\}} (?:{_NOUNS})\b[^"]*":')
#: Texts whose numbers are never 1, or no numbers.
_OTHERS = (
    "app %r has begun %d times",
    "before it was ready, %d times",
    " tasks ran, and more wait",
    " calls the task ",
    " calls: ",
    " tasks=",
    " tries",
)


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the texts with a count in front of a plural, each with its line."""
    for node in ast.walk(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for before, part in pairwise(parts):
            text = str(part.value) if isinstance(part, ast.Constant) else ""
            if isinstance(before, ast.FormattedValue) and _BEHIND.match(text):
                yield part.lineno, text
        if isinstance(node, ast.Constant) and _LOGGED.search(str(node.value)):
            yield node.lineno, str(node.value)


def test_what_is_counted_may_be_one() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text.strip()[:60]}"
        for folder in ("src", "compat/src", "scheduler/src")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, text in texts(ast.parse(path.read_text("utf-8")))
        if not any(other in text for other in _OTHERS)
    ]
    assert not found, "use taskhub.humanize.counted: " + "\n".join(found)


def test_the_dashboard_has_words_for_one() -> None:
    words = (ROOT / "src/taskhub/web/static/i18n/zh.js").read_text("utf-8")
    rare = {'"last of {n} tries":', '"{error} after {n} tries":', '"try {n} runs now":'}
    assert set(_SHOWN.findall(words)) <= rare, "write {n|task|tasks}"
