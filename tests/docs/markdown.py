"""The code blocks of a Markdown document, and what hidden comments say about them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

__all__ = (
    "DOCUMENTS",
    "EXAMPLES",
    "ROOT",
    "TASK_LIST",
    "TRANSLATIONS",
    "Block",
    "Mark",
    "blocks",
    "headings",
    "links",
    "without_blocks",
)

ROOT: Final = Path(__file__).resolve().parents[2]
#: The list of tasks that everything began with. tests/acceptance/application/test_task_list.py runs
#: it.
TASK_LIST: Final = "docs/task-list.zh.md"
#: Every other document for users, by its path in the repository.
DOCUMENTS: Final = (
    "README.md",
    "README.zh-CN.md",
    *sorted(
        name
        for path in (ROOT / "docs").rglob("*.md")
        if (name := str(path.relative_to(ROOT))) != TASK_LIST
    ),
)
#: The READMEs of the examples, likewise.
EXAMPLES: Final = tuple(
    sorted(str(path.relative_to(ROOT)) for path in (ROOT / "examples").glob("**/README.md"))
)
#: Translation -> its original.
TRANSLATIONS: Final = {
    "README.zh-CN.md": "README.md",
    **{name: name.replace(".zh.md", ".md") for name in DOCUMENTS if name.endswith(".zh.md")},
}

_FENCE: Final = re.compile(r"^```(?P<language>\S*)$")
_MARK: Final = re.compile(
    r"^<!-- (?:(?P<skip>not run): (?P<reason>.+)|run: (?:background until \"(?P<until>.+)\"|exit "
    r"(?P<exit>\d+))) -->$"
)
_FILE: Final = re.compile(r"^# (?P<name>[\w/]+\.py)$")
#: Within a paragraph; `name[key](argument)` in it is no link.
_CODE: Final = re.compile(r"`(?:(?!\n\n)[^`])*`")
_LINK: Final = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")


class Mark(NamedTuple):
    """What a hidden comment before a block says."""

    #: Why the block cannot be run here.
    not_run: str | None = None
    #: The command goes on; it is ready when it has printed this.
    until: str | None = None
    #: What its last command ends with.
    exit_code: int = 0


class Block(NamedTuple):
    """A fenced block."""

    document: str
    #: The line of its first line of code, from 1.
    line: int
    language: str
    code: str
    mark: Mark

    @property
    def file(self) -> str | None:
        """The file that a Python block is, if its first line names one: `# shop.py`."""
        found = _FILE.match(self.code.partition("\n")[0])
        return found["name"] if found and self.language == "python" else None

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self.document}:{self.line}"


def blocks(document: str) -> list[Block]:
    """Return the fenced blocks of a document."""
    found: list[Block] = []
    lines = (ROOT / document).read_text("utf-8").splitlines()
    opened: tuple[int, str, Mark] | None = None
    mark = Mark()
    for number, line in enumerate(lines):
        if opened is not None:
            if line == "```":
                start, language, its_mark = opened
                code = "\n".join(lines[start:number]) + "\n"
                found.append(Block(document, start + 1, language, code, its_mark))
                opened = None
            continue
        fence = _FENCE.match(line)
        if fence:
            opened, mark = (number + 1, fence["language"], mark), Mark()
        elif line.startswith(("<!-- run", "<!-- not run")):
            mark = _read_mark(line, f"{document}:{number + 1}")
        elif line:
            assert mark == Mark(), f"{document}:{number + 1}: no block follows the comment"
    assert opened is None, f"{document}: a block is not closed"
    return found


def without_blocks(document: str) -> str:
    """Return the prose of a document."""
    return re.sub(r"(?ms)^```.*?^```$", "", (ROOT / document).read_text("utf-8"))


def headings(document: str) -> list[tuple[int, str]]:
    """Return the headings of a document: level and text."""
    found = re.findall(r"(?m)^(#+) (.+)$", without_blocks(document))
    return [(len(level), text) for level, text in found]


def links(document: str) -> Iterator[str]:
    """Yield the targets of the links of a document."""
    for found in _LINK.finditer(_CODE.sub("", without_blocks(document))):
        yield found["target"]


def _read_mark(line: str, place: str) -> Mark:
    found = _MARK.match(line)
    assert found, f"{place}: a comment that is not understood: {line}"
    if found["skip"]:
        return Mark(not_run=found["reason"])
    return Mark(until=found["until"], exit_code=int(found["exit"] or 0))
