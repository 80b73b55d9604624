"""What a command ends with."""

from __future__ import annotations

from typing import Final

OK: Final = 0
FAILURE: Final = 1
USAGE: Final = 2
#: As EX_UNAVAILABLE of sysexits.h.
UNAVAILABLE: Final = 69
#: As shells have it, for Ctrl-C.
INTERRUPTED: Final = 130

#: For the end of `--help`.
EXPLAINED: Final = (
    "Exit codes: 0 well, 1 failure (a task that failed, a check that failed), 2 wrong usage or "
    "settings, "
    "69 the store is out of reach, or no worker answers. TASKHUB_DEBUG=1 shows tracebacks."
)
