"""Addresses: every form that callers write, and what is said of the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhub.actors.mail.address import Address, parse_address, parse_addresses
from taskhub.actors.mail.exceptions import InvalidMailError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user@example.com", Address("user@example.com")),
        ("  user+tag@Example.COM ", Address("user+tag@example.com")),
        ("Name <user@example.com>", Address("user@example.com", "Name")),
        ("<user@example.com>", Address("user@example.com")),
        ('"Doe, \\"John\\" <j>" <j@example.com>', Address("j@example.com", 'Doe, "John" <j>')),
        ("张三 <zhang@example.com>", Address("zhang@example.com", "张三")),
        ("a@例子.中国", Address("a@xn--fsqu00a.xn--fiqs8s")),
        ("a@bücher.de", Address("a@xn--bcher-kva.de")),
        ("用户@example.com", Address("用户@example.com")),
        ("root@localhost", Address("root@localhost")),
        ("Ops <ops@Mail.Corp.LOCAL>", Address("ops@mail.corp.local", "Ops")),
        ("a@intranet", Address("a@intranet")),
        ("a@some.test", Address("a@some.test")),
    ],
)
def test_one_address(text: str, expected: Address) -> None:
    assert parse_address(text, "to") == expected


def test_only_a_local_part_in_unicode_needs_smtputf8() -> None:
    assert parse_address("用户@example.com", "to").needs_utf8
    assert not parse_address("a@例子.中国", "to").needs_utf8


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "user",
        "@example.com",
        "user@",
        "a@b@example.com",
        "a b@example.com",
        "user@-example.com",
        "user@exa mple.com",
        "user@example..com",
        ".user@example.com",
        "user@localhost.",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a@" + ".".join(["b" * 60] * 5),
        "Name <user@example.com",
        "Name user@example.com",
        "a@x.com, b@x.com",
        f"{'n' * 201} <a@example.com>",
        "a@example.com\r\nBcc: b@example.com",
        "Name\n <a@example.com>",
        "Name\x00 <a@example.com>",
        "Name\u2028 <a@example.com>",
        "\ud800 <a@example.com>",
    ],
)
def test_no_address(text: str) -> None:
    with pytest.raises(InvalidMailError, match=r"^cc: ") as caught:
        parse_address(text, "cc")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_many_addresses() -> None:
    expected = (Address("a@x.com"), Address("b@x.com", "B, C"), Address("c@x.com"))
    assert parse_addresses('a@x.com, "B, C" <b@x.com>; c@x.com,', "to") == expected
    assert parse_addresses(["a@x.com", '"B, C" <b@x.com>;c@x.com', "A <a@x.com>"], "to") == expected
    assert parse_addresses((), "to") == parse_addresses("", "to") == ()


@pytest.mark.parametrize("value", [None, 1, [1], [None], b"a@x.com"])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(InvalidMailError, match=r"^to: "):
        parse_addresses(value, "to")  # type: ignore[arg-type]


def test_the_bad_one_of_many_is_named() -> None:
    with pytest.raises(InvalidMailError, match="'b@' is not an e-mail address"):
        parse_addresses("a@x.com, b@, c@x.com", "to")


@given(st.text(max_size=60))
def test_whatever_is_written_is_an_address_or_refused(text: str) -> None:
    try:
        address = parse_address(text, "to")
    except InvalidMailError:
        return
    assert not any(character in address.mailbox for character in "\r\n <>,;")
    assert parse_address(address.mailbox, "to").mailbox == address.mailbox


@given(st.text(max_size=20))
def test_a_name_does_not_lead_a_bare_address_elsewhere(username: str) -> None:
    try:
        address = parse_address(f"{username}@example.com", "to", bare=True)
    except InvalidMailError:
        return
    assert address.domain == "example.com"
    assert address.mailbox.count("@") == 1
