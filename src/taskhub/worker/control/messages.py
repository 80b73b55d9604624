"""Commands to workers and their replies, as values and as text."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatch
from types import NoneType
from typing import Any

from taskhub.exceptions import DecodeError
from taskhub.serialization.json import dumps, loads

#: How names of nodes can be matched, as kombu's matchers.
MATCHERS = ("glob", "pcre")


#: The types of a command's fields in its text.
_KINDS: dict[str, Any] = {
    "method": str,
    "sender": str,
    "arguments": dict,
    "pattern": (str, NoneType),
    "matcher": str,
    "reply_to": (str, NoneType),
    "expires": int,
    "clock": int,
}


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command to workers."""

    method: str
    #: The program that sends it, for the log.
    sender: str
    arguments: dict[str, Any] = field(default_factory=dict)
    #: The names of the nodes that it is for; None: all, or those that `pattern` matches.
    destination: tuple[str, ...] | None = None
    pattern: str | None = None
    #: One of `MATCHERS`.
    matcher: str = "glob"
    #: Where replies go; None: no replies are sent.
    reply_to: str | None = None
    #: Workers that receive it later than this, ms after it was sent, ignore it.
    expires: int = 1000
    #: The sender's logical clock.
    clock: int = 0

    def is_for(self, nodename: str) -> bool:
        """Whether the command is for a node."""
        if self.destination:
            return nodename in self.destination
        if self.pattern is None:
            return True
        if self.matcher == "pcre":
            return re.match(self.pattern, nodename) is not None
        return fnmatch(nodename, self.pattern)

    def to_text(self) -> str:
        """Return the text that is sent.

        Raises:
            EncodeError: An argument cannot be serialized.
        """
        return dumps(asdict(self), name="")

    @classmethod
    def from_text(cls, text: bytes) -> Command:
        """Read what `to_text` wrote.

        Raises:
            DecodeError: It is something else.
        """
        fields = loads(text)
        if isinstance(fields, dict) and (unknown := sorted(fields.keys() - _COMMAND_FIELDS)):
            # It may say for whom the command is not: to carry out a part of it could be wrong.
            raise DecodeError(
                f"it has the unknown fields {', '.join(unknown)}: a later version of taskhub sent "
                "it, and workers must not be older than what commands them"
            )
        try:
            destination = fields.get("destination")
            if destination is not None:
                fields["destination"] = tuple(map(str, destination))
            command = cls(**fields)
            for name, kinds in _KINDS.items():
                if not isinstance(fields.get(name), kinds):
                    raise TypeError(f"its {name} is {fields.get(name)!r}")
        except (AttributeError, TypeError) as error:
            raise DecodeError(f"it is no command: {error}") from error
        if not command.sender:
            raise DecodeError("it names no sender")
        return command


@dataclass(frozen=True)
class Answer:
    """The reply of one worker process."""

    #: The process, by the name of its lease.
    worker: str
    node: str
    #: The same for all processes of one worker.
    group: str
    value: Any
    clock: int = 0

    def to_text(self) -> str:
        """Return the text that is sent.

        Raises:
            EncodeError: The value cannot be serialized.
        """
        return dumps(asdict(self), name="reply")

    @classmethod
    def from_text(cls, text: bytes) -> Answer:
        """Read what `to_text` wrote, here or in a later version with more fields.

        Raises:
            DecodeError: It is something else.
        """
        fields = loads(text)
        try:
            return cls(**{name: fields[name] for name in _ANSWER_FIELDS & fields.keys()})
        except (AttributeError, TypeError) as error:
            raise DecodeError(f"it is no answer: {error}") from error


_COMMAND_FIELDS = frozenset(Command.__dataclass_fields__)
_ANSWER_FIELDS = frozenset(Answer.__dataclass_fields__)
