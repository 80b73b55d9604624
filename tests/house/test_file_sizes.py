"""Files stay short enough to be read at one sitting."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

from tests.house.test_glossary import ROOT, tracked_files

MOST = 400
SUFFIXES = {".py", ".lua", ".sql", ".js", ".css"}
#: What may be longer, and why.
LONGER = {
    "*/vendor/*": "other people's code, as they publish it",
    "src/taskhub/web/static/style.css": "the browser gets all rules by one request before it draws",
    "src/taskhub/web/static/i18n/zh.js": "a list of words, which one looks up and does not read",
}


def test_no_file_is_longer_than_can_be_read_at_once() -> None:
    longer = {
        path: count
        for path in tracked_files()
        if Path(path).suffix in SUFFIXES
        if (count := len((ROOT / path).read_text("utf-8").splitlines())) > MOST
    }
    excused = {path: [one for one in LONGER if fnmatch(path, one)] for path in longer}
    found = {path: longer[path] for path, patterns in excused.items() if not patterns}
    assert not found, f"split them by what they are about; at most {MOST} lines: {found}"
    unused = set(LONGER) - {pattern for patterns in excused.values() for pattern in patterns}
    assert not unused, f"these exceptions are needed no more: {unused}"
