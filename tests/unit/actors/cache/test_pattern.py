"""Which keys a prefix means, and which it may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhub.actors.cache.exceptions import InvalidKeyPrefixError
from taskhub.actors.cache.pattern import (
    KeyPattern,
    is_protected,
    parse_key_prefix,
    protected_prefixes,
    refuse_our_own,
)


@pytest.mark.parametrize(
    ("written", "glob", "literal"),
    [
        ("user:", "user:*", "user:"),
        ("user:*", "user:*", "user:"),
        ("user:?", "user:?", "user:"),
        ("user:*:session", "user:*:session", "user:"),
        ("user:[12]*", "user:[12]*", "user:"),
        ("user:[^1]", "user:[^1]", "user:"),
        (r"user:[\]]*", r"user:[\]]*", "user:"),
        (r"price\*", r"price\**", "price*"),
        (r"price\*:*", r"price\*:*", "price*:"),
        (r"a\[0\]", r"a\[0\]*", "a[0]"),
        (r"a\\", r"a\\*", "a\\"),
        ("{user}:", "{user}:*", "{user}:"),
        ("用户:*", "用户:*", "用户:"),
        ("a]b", "a]b*", "a]b"),
    ],
)
def test_what_is_meant(written: str, glob: str, literal: str) -> None:
    assert parse_key_prefix(written) == KeyPattern(glob, literal)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        ("*", "begins with a wildcard"),
        ("**", "begins with a wildcard"),
        ("?*", "begins with a wildcard"),
        ("*?", "begins with a wildcard"),
        (" *", "begins with a wildcard"),
        ("[a-z]*", "begins with a wildcard"),
        ("[u]ser:*", "begins with a wildcard"),
        ("*:session", "begins with a wildcard"),
        ("user:[1", r"without its \]"),
        ("user:[1\\]", r"without its \]"),
        ("user:\\", "ends in a backslash"),
        (None, "is a NoneType, not a text"),
        (["user:"], "is a list, not a text"),
        (b"user:", "is a bytes, not a text"),
    ],
)
def test_what_is_refused(written: object, complaint: str) -> None:
    with pytest.raises(InvalidKeyPrefixError, match=complaint):
        parse_key_prefix(written)  # type: ignore[arg-type]


@given(st.text(alphabet="ab*?[]\\^- {}", max_size=12))
def test_every_pattern_that_is_accepted_begins_with_text(written: str) -> None:
    try:
        pattern = parse_key_prefix(written)
    except InvalidKeyPrefixError:
        return
    assert pattern.literal.strip()
    assert pattern.glob.startswith(written)
    assert pattern.literal == written[: len(pattern.literal)] or "\\" in written


@pytest.mark.parametrize(
    "written",
    [
        "{taskhub}",
        "{taskhub}:queue:*",
        "taskhub:*",
        "taskhub:mail:sent:",
        "celery-task-meta-*",
        "celery-task-meta-1234",
        r"celery\-task\-meta\-*",
    ],
)
def test_our_own_keys_are_refused(written: str) -> None:
    with pytest.raises(InvalidKeyPrefixError, match="which hold tasks and results"):
        refuse_our_own(parse_key_prefix(written), protected_prefixes())


@pytest.mark.parametrize("written", ["t*", "taskhub", "{taskhub", "celery*", "{other}:*"])
def test_patterns_that_also_mean_others_are_not_refused(written: str) -> None:
    refuse_our_own(parse_key_prefix(written), protected_prefixes())


def test_the_keys_that_stay() -> None:
    of_app = ("{shop}", "celery-task-meta-", "celery-taskset-meta-")
    protected = tuple(prefix.encode() for prefix in protected_prefixes(of_app))
    ours = [b"{shop}:messages", b"celery-task-meta-1", b"celery-taskset-meta-1", b"taskhub:x"]
    assert all(is_protected(key, protected) for key in ours)
    others = [b"{taskhub}:messages", b"user:1", b"shop:1", b"taskhub", b"\xff"]
    assert not any(is_protected(key, protected) for key in others)
