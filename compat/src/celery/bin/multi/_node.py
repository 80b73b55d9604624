"""One worker that is started in the background."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: Options that stand before the name of the command.
BEFORE_THE_COMMAND = frozenset(
    (
        *("-A", "--app", "-b", "--broker", "--result-backend", "--loader", "--config"),
        *("--workdir", "-C", "--no-color", "-q", "--quiet"),
    )
)
_MADE_ANEW = frozenset(("-p", "--pidfile", "-f", "--logfile", "--executable"))
DEFAULT_PIDFILE = "/var/run/celery/%n.pid"
DEFAULT_LOGFILE = "/var/log/celery/%n%I.log"


@dataclass(frozen=True)
class Node:
    """A worker's name, and with what it is started.

    Args:
        name: Its node's name.
        options: Option -> value, None for one that takes none.
        command: What is run, e.g. ("-m", "taskhub", "worker", "--detach"), by `--executable`.
        rest: What stands behind all options.
    """

    name: str
    options: Mapping[str, str | None]
    command: tuple[str, ...]
    rest: tuple[str, ...] = ()

    def expand(self, text: str) -> str:
        """Fill in %n, %h, %p and %d: the name before its `@`, the whole name (twice), the host.

        %i and %I are left to the worker.
        """
        short, _, host = self.name.partition("@")
        values = {"n": short, "N": short, "h": self.name, "p": self.name, "d": host, "%": "%"}
        return re.sub(r"%(.)", lambda found: values.get(found[1], found[0]), text)

    def _path(self, names: tuple[str, str], default: str) -> str:
        given = next((self.options[name] for name in names if self.options.get(name)), None)
        return str(Path(self.expand(given or default)).expanduser())

    @property
    def pidfile(self) -> Path:
        """The file that names its process."""
        # %i and %I are the number of a process; here it is the supervisor's.
        path = self._path(("--pidfile", "-p"), DEFAULT_PIDFILE)
        return Path(path.replace("%I", "").replace("%i", "0"))

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command line that starts it."""
        first: list[str] = []
        last = ["-n", self.name]
        last += ["--pidfile", self._path(("--pidfile", "-p"), DEFAULT_PIDFILE)]
        last += ["--logfile", self._path(("--logfile", "-f"), DEFAULT_LOGFILE)]
        for option, value in self.options.items():
            if option in _MADE_ANEW:
                continue
            target = first if option in BEFORE_THE_COMMAND else last
            target.append(option)
            if value is not None:
                target.append(self.expand(value))
        executable = self.options.get("--executable") or sys.executable
        words = [self.expand(word) for word in self.command]
        # The options of the program stand between its name and the command's.
        at = next((i for i, word in enumerate(words) if word == "worker"), len(words))
        return (executable, *words[:at], *first, *words[at:], *last, *self.rest)
