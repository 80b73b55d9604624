"""Words that docs/glossary.md replaced stand in no file name, identifier, text or document."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.house.replaced_words import (
    ALLOWED,
    EVERYWHERE,
    FUNCTIONS,
    IN_NAMES,
    IN_NAMES_OF,
    PHRASES,
    Allowed,
)

ROOT = Path(__file__).resolve().parents[2]

#: Old names stand in it, for those who look for them.
HISTORY = "CHANGELOG.md"
DOCUMENTS = ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "docs/*.md")


class Use(NamedTuple):
    """A place in which a word may stand: a name, or a line of text."""

    path: str
    line: int
    #: What the text is: "name", "function" (the name of one), or "text".
    kind: str
    text: str


class Finding(NamedTuple):
    """A replaced word that stands somewhere."""

    use: Use
    word: str
    instead: str

    def __str__(self) -> str:
        text = self.use.text.strip()
        return f"{self.use.path}:{self.use.line}: {self.word!r} (write: {self.instead}) in {text[:90]!r}"


# ------------------------------------------------------------------------------- where words stand


def uses_in_python(path: str, source: str) -> Iterator[Use]:
    """Yield the names that a module defines, its comments and the texts in it."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Use(path, token.start[0], "text", token.string)
    for node in ast.walk(ast.parse(source)):
        line = getattr(node, "lineno", 0)
        for name in _defined_names(node):
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            yield Use(path, line, "function" if is_function else "name", name)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for number, text in enumerate(node.value.splitlines()):
                kind = "name" if re.fullmatch(r"[\w.\-]+", node.value) else "text"
                yield Use(path, line + number, kind, text)


def _defined_names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.arg():
            yield node.arg
        case ast.Name(ctx=ast.Store()):
            yield node.id
        case ast.Attribute(ctx=ast.Store()):
            yield node.attr
        case ast.alias(asname=str()):
            yield node.asname or ""
        case _:
            return


def uses_in_text(path: str, source: str) -> Iterator[Use]:
    """Yield the lines of a document, and the names that stand in it as code."""
    for number, line in enumerate(source.splitlines(), 1):
        yield Use(path, number, "text", line)
        for name in re.findall(r"`([\w.\-]+)`", line):
            yield Use(path, number, "name", name)


def uses_in_lua(path: str, source: str) -> Iterator[Use]:
    """Yield the names that a script defines, and its comments; of SQL, whose mark is the same, these."""
    for number, line in enumerate(source.splitlines(), 1):
        code, _, comment = line.partition("--")
        if comment:
            yield Use(path, number, "text", comment)
        for names in re.findall(r"\b(?:local|function|for) +(?:function +)?([\w, ]+)", code):
            for name in re.findall(r"\w+", names):
                yield Use(path, number, "name", name)


READERS = {".py": uses_in_python, ".lua": uses_in_lua, ".sql": uses_in_lua, ".md": uses_in_text}


@cache
def tracked_files() -> tuple[str, ...]:
    """Return the paths of the files of the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output="name", text="name", check=True)
    return tuple(name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


@cache
def all_uses() -> tuple[Use, ...]:
    """Return all uses of words in the source and the documents; of tests, the names of files."""
    return tuple(_read_all())


def _read_all() -> Iterator[Use]:
    for path in tracked_files():
        is_document = any(fnmatch(path, pattern) for pattern in DOCUMENTS)
        if not is_document and not path.startswith(("src/", "compat/", "scheduler/", "tests/")):
            continue
        yield Use(path, 0, "name", Path(path).stem)
        reader = READERS.get(Path(path).suffix)
        if reader is not None and not path.startswith("tests/"):
            yield from reader(path, (ROOT / path).read_text("utf-8"))


# --------------------------------------------------------------------------------- which they are


def words_of(text: str) -> list[str]:
    """Return the words of a text or an identifier, in lower case."""
    parts = re.findall(r"[^\W_]+", re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text))
    return [part.lower() for part in parts]


def _by_word(table: dict[str, str]) -> dict[str, str]:
    return {word: instead for words, instead in table.items() for word in words.split()}


_EVERYWHERE, _IN_NAMES = _by_word(EVERYWHERE), _by_word(IN_NAMES)


@cache
def _words_of_path(path: str) -> dict[str, str]:
    of_path = {words: to for (paths, words), to in IN_NAMES_OF.items() if fnmatch(path, paths)}
    return {**_EVERYWHERE, **_IN_NAMES, **_by_word(of_path)}


def find_replaced(use: Use) -> Iterator[tuple[str, str]]:
    """Yield each replaced word that stands in a use, and what to write instead."""
    table = _EVERYWHERE if use.kind == "text" else _words_of_path(use.path)
    for word in words_of(use.text):
        if word in table:
            yield word, table[word]
    if use.kind == "function" and (name := use.text.strip("_")) in FUNCTIONS:
        yield name, FUNCTIONS[name]
    for pattern, instead in PHRASES.items():
        found = re.search(pattern, use.text, re.IGNORECASE)
        if found:
            yield found[0].lower(), instead


def _is_allowed(use: Use, word: str) -> bool:
    return any(
        word in one.words.split(", ")
        and fnmatch(use.path, one.paths)
        and re.search(one.pattern, use.text)
        for one in ALLOWED
    )


@cache
def all_findings() -> tuple[Finding, ...]:
    """Return all replaced words that stand somewhere without being allowed there."""
    return tuple(
        Finding(use, word, instead)
        for use in all_uses()
        for word, instead in find_replaced(use)
        if not _is_allowed(use, word)
    )


def test_a_replaced_word_is_found_wherever_it_stands() -> None:
    source = '''
"""Heeds limits."""
class MailboxReader:
    def tell(self, timetable: int) -> None:  # give it back, or put back
        self.inbox = log(f"the courier {timetable} rang")
a_letter = dead_letter = "ticket"
'''
    found = [
        (use.line, word)
        for use in uses_in_python("src/sample.py", source)
        for word, _ in find_replaced(use)
        if not _is_allowed(use, word)
    ]
    expected = {(2, "heeds"), (3, "mailbox"), (4, "tell"), (4, "timetable"), (4, "put back")}
    assert set(found) == expected | {(5, "inbox"), (5, "courier"), (6, "letter"), (6, "ticket")}
    for text, word in [
        ("Bells ring: `the_bell`", "bells"),
        ("it works them off", "works them off"),
    ]:
        assert word in {found for found, _ in find_replaced(Use("docs/sample.md", 1, "text", text))}
    assert [*find_replaced(Use("src/taskhub/engine/age.py", 0, "name", "age"))]
    assert not [*find_replaced(Use("src/taskhub/cli/age.py", 0, "name", "age"))]


@pytest.mark.parametrize("one", ALLOWED, ids=str)
def test_an_exception_is_in_use(one: Allowed) -> None:
    assert any(
        word in one.words.split(", ")
        and fnmatch(use.path, one.paths)
        and re.search(one.pattern, use.text)
        for use in all_uses()
        for word, _ in find_replaced(use)
    )


def test_no_replaced_word_stands_anywhere() -> None:
    found = [str(one) for one in all_findings()]
    assert not found, "\n".join(["write the words of docs/glossary.md:", *found])
