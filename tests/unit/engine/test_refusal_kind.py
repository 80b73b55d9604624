"""What the words of servers mean."""

from __future__ import annotations

import pytest

from taskhub.engine.redis.refusal_kind import refusal_kind


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("READONLY You can't write against a read only replica.", "passing"),
        ("REFUSED READONLY You can't write against a read only replica.", "passing"),
        ("Error running script: -LOADING Redis is loading the dataset in memory", "passing"),
        ("REFUSED OOM command not allowed when used memory > 'maxmemory'.", "full"),
        ("REFUSED NOPERM User worker has no permissions to run the 'set' command", "rights"),
        ("REFUSED unknown command 'HSET'", "rights"),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", "type"),
        ("REFUSED ERR value is out of range", "other"),
        ("ERR no LOADING of the kind", "other"),
    ],
)
def test_refusals_are_told_apart(words: str, kind: str) -> None:
    assert refusal_kind(words) == kind
