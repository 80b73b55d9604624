"""What a server's refusal means: by redis-py's class for it, else by its words."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ("RefusalKind", "kind_of_error", "refusal_kind")

#: `rights`: the user lacks a right, or the server a command. `full`: it is at its memory limit.
#: `passing`: it does not take this request now, and may take it later without anybody changing it.
#: `type`: the key holds something else.
RefusalKind = Literal["rights", "full", "passing", "type", "other"]

#: Up to 6.2 the code of a script's error is in the middle of the text.
_KINDS: tuple[tuple[RefusalKind, re.Pattern[str]], ...] = (
    ("full", re.compile(r"\bOOM\b")),
    (
        "passing",
        re.compile(
            r"(?:^|REFUSED |[-:]\s?)(?:NOREPLICAS|MISCONF|READONLY|LOADING|BUSY|MASTERDOWN"
            r"|CLUSTERDOWN|TRYAGAIN) "
        ),
    ),
    (
        "rights",
        re.compile(
            r"NOPERM|no permissions|can't (?:run|access|publish)|nknown (?:Redis |Valkey )?command"
            r"|ACL fail"
        ),
    ),
    ("type", re.compile("WRONGTYPE|value is not an integer")),
)


def refusal_kind(text: str) -> RefusalKind:
    """Return what kind of refusal the words of a server are."""
    for kind, words in _KINDS:
        if words.search(text):
            return kind
    return "other"


def kind_of_error(error: Exception) -> RefusalKind:
    """Return the kind of a refusal, by an error of redis-py: its class stands for the code."""
    import redis.exceptions as errors

    if isinstance(error, errors.OutOfMemoryError):
        return "full"
    if isinstance(error, errors.NoPermissionError):
        return "rights"
    passing = (
        errors.ReadOnlyError,
        errors.BusyLoadingError,
        errors.MasterDownError,
        errors.TryAgainError,
        errors.ClusterDownError,
    )
    return "passing" if isinstance(error, passing) else refusal_kind(str(error))
