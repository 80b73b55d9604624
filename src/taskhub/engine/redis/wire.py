"""Wire format of what scripts read: one schema that makes both sides.

Few fields are part of every completion; all else are *tables*, which most completions lack. The
writer is here, the reader is Lua (`lua_reader`) made of the same names, so that neither side counts
positions. Values travel as arguments of their own: the server copies none of them twice, and names
a key of a wrong type that it finds among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

#: Fields of every completion; "" where it has none.
COMPLETION: Final = (
    # The claim.
    "key",
    "token",
    # How it is counted (`statistics.tally`).
    "tally",
    # The result document and its time to live, ms.
    "task_id",
    "document",
    "ttl",
    # Why the message becomes a dead letter.
    "dead",
    # The chord whose results it was called with.
    "consumed_chord",
    # What the history keeps of it (history.lua).
    "subject",
    "entry",
)

#: Tables, and the columns of each.
TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    # Chords that begin: the size of their header, the messages of their body.
    "chords": ("chord_id", "size"),
    "bodies": ("chord_id", "record", "due"),
    # Room for one more part in a chord.
    "extensions": ("chord_id", "label"),
    # Chains whose links are stored: for how long, ms, "0" to remove them; and these.
    "chains": ("chain_id", "life"),
    "links": ("chain_id", "link"),
    # Messages that follow: the stored form, and when each is due.
    "messages": ("record", "due"),
    # Parts that it gives to chords.
    "parts": ("chord_id", "position", "value"),
    # Result documents of other tasks that end with this one.
    "documents": ("task_id", "document"),
    "events": ("event",),
    # Why its message is kept as that of a failed task.
    "failed": ("reason",),
}

Row = Sequence[Any]


def table_arguments(tables: Mapping[str, Sequence[Row]]) -> list[Any]:
    """Return tables as they are sent: their number; of each its name, its number of rows, these."""
    arguments: list[Any] = [0]
    for name, rows in tables.items():
        if rows:
            arguments[0] += 1
            arguments += (name, len(rows))
            for row in rows:
                arguments += row
    return arguments


def lua_reader() -> str:
    """Return the Lua functions that read what this module writes, from `at` on."""
    rows = (_branch(name, columns) for name, columns in TABLES.items())
    return _READER.format(
        rows="\n  else".join(rows),
        fields=_row(COMPLETION),
        count=len(COMPLETION),
    )


def _branch(name: str, columns: Sequence[str]) -> str:
    """Return how a row of one table is read."""
    return f"if name == '{name}' then\n    at = first + {len(columns)}\n    return {_row(columns)}"


def _row(columns: Iterable[str]) -> str:
    """Return the Lua constructor of a row."""
    cells = (f"{column} = ARGV[first + {index}]" for index, column in enumerate(columns))
    return f"{{ {', '.join(cells)} }}"


_READER: Final = """\
-- Where the next argument is.
local at

local function read_row(name)
  local first = at
  {rows}
  end
  error({{ err = 'unknown table ' .. name }})
end

-- Returns tables by name, each a list of rows; nil: there is none.
local function read_tables()
  local count = tonumber(ARGV[at])
  at = at + 1
  if count == 0 then
    return nil
  end
  local tables = {{}}
  for _ = 1, count do
    local name, size, rows = ARGV[at], tonumber(ARGV[at + 1]), {{}}
    at = at + 2
    for number = 1, size do
      rows[number] = read_row(name)
    end
    tables[name] = rows
  end
  return tables
end

-- Returns a completion: its fields, and its tables as `tables`.
local function read_completion()
  local first = at
  local completion = {fields}
  at = first + {count}
  completion.tables = read_tables()
  return completion
end
"""
