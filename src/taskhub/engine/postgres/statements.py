"""Statements in files: `sql/<verb>.sql` for each verb, `sql/functions/` for what the server runs.

In the files the schema is called `taskhub`; where it has another name, that takes its place.
"""

from __future__ import annotations

import functools
import re
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final, NamedTuple

from taskhub.exceptions import ImproperlyConfigured

#: The name of the schema in the files.
_SCHEMA: Final = re.compile(r"\btaskhub\.")
#: What could end a literal, a comment or the body of a function.
_NOT_IN_NAMES: Final = re.compile(r"""['"$\\\x00-\x1f\x7f]""")
#: PostgreSQL cuts longer names off.
_LONGEST_NAME: Final = 63


class Statement(NamedTuple):
    """A statement as it is sent."""

    name: str
    text: bytes


class Migration(NamedTuple):
    """A step from one version of the schema to the next."""

    version: int
    name: str
    text: str


def quoted_schema(name: str) -> str:
    """Return the name of a schema as it stands in statements.

    Raises:
        ImproperlyConfigured: It is no name for a schema.
    """
    is_name = 0 < len(name.encode()) <= _LONGEST_NAME and not _NOT_IN_NAMES.search(name)
    if not is_name or name.startswith("pg_"):
        raise ImproperlyConfigured(
            f"taskhub_namespace: {name!r} is no name for a schema of PostgreSQL: write 1 to "
            f"{_LONGEST_NAME} bytes without quotes, $, \\ and control characters, that do not "
            "begin with pg_"
        )
    return f'"{name}"'


def in_schema(text: str, schema: str) -> str:
    """Return the text of a file for a schema of another name.

    Args:
        text: What the file says.
        schema: Its name, not quoted.
    """
    if schema == "taskhub":
        return text
    quoted = quoted_schema(schema)
    return _SCHEMA.sub(lambda match: f"{quoted}.", text)


@functools.cache
def statement(name: str, schema: str) -> Statement:
    """Return the statement of a verb: that of `sql/<name>.sql`."""
    text = (_folder() / f"{name}.sql").read_text(encoding="utf-8")
    return Statement(name, in_schema(_without_comments(text), schema).encode())


def migrations() -> list[Migration]:
    """Return the steps of the schema, in order."""
    found = []
    for file in (_folder() / "migrations").iterdir():
        number, _, name = file.name.removesuffix(".sql").partition("_")
        found.append(Migration(int(number), name, file.read_text(encoding="utf-8")))
    return sorted(found)


def functions() -> dict[str, str]:
    """Return the functions that the server runs: name of the file, text."""
    files = sorted((_folder() / "functions").iterdir(), key=lambda file: file.name)
    return {file.name.removesuffix(".sql"): file.read_text(encoding="utf-8") for file in files}


def _folder() -> Traversable:
    return resources.files("taskhub.engine.postgres") / "sql"


def _without_comments(text: str) -> str:
    """Return a statement without the lines that only explain it: they are not sent each time."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return "\n".join(lines).strip().rstrip(";")
