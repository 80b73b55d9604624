"""From users to addresses."""

from __future__ import annotations

from typing import Any

import pytest

from taskhub.actors.mail.address_book import (
    AddressBook,
    LocalAddressBook,
    TemplateAddressBook,
    configured_address_book,
    find_address,
)
from taskhub.actors.mail.exceptions import InvalidMailError, MailConfigurationError
from taskhub.actors.mail.server import SmtpServer
from taskhub.actors.mail.settings import MailSettings

SERVER: dict[str, Any] = {"server": SmtpServer("mail"), "sender": "a@example.com"}


def directory(user_id: int) -> str | None:
    return {1: "one@example.com", 2: "nonsense"}.get(user_id)


def test_a_function_of_the_application() -> None:
    book = configured_address_book(
        MailSettings(**SERVER, address_book=f"{__name__}:directory", address_template="x")
    )
    assert find_address(book, 1, "any").mailbox == "one@example.com"
    with pytest.raises(InvalidMailError, match="no address for user 3"):
        find_address(book, 3, None)
    with pytest.raises(InvalidMailError, match="address of user 2: 'nonsense'"):
        find_address(book, 2, None)


@pytest.mark.parametrize(
    "path", ["json", "json:", ":loads", "not_there:f", "json:not_there", "json:__name__"]
)
def test_functions_that_are_not_there(path: str) -> None:
    with pytest.raises(MailConfigurationError, match=f"TASKHUB_MAIL_ADDRESS_BOOK: '{path}'"):
        configured_address_book(MailSettings(address_book=path))


def test_a_template() -> None:
    settings = MailSettings(**SERVER, address_template="{username}@example.com")
    book = configured_address_book(settings)
    assert find_address(book, 1, "newuser").mailbox == "newuser@example.com"
    assert TemplateAddressBook("u{user_id}@x.com").address_of(7, None) == "u7@x.com"
    with pytest.raises(InvalidMailError, match="no address for user 1"):
        find_address(book, 1, None)


@pytest.mark.parametrize(
    "name", ["a@evil.com", "a@evil.com,b", "a@evil.com <b", "a b", "a\r\nb", "<a"]
)
def test_a_name_can_not_turn_the_mail_elsewhere(name: str) -> None:
    with pytest.raises(InvalidMailError):
        TemplateAddressBook("{username}@example.com").address_of(1, name)


@pytest.mark.parametrize(
    "template",
    ["", "a@example.com", "{name}@x.com", "{username}", "{username.x}@x.com", "{", "{}@x"],
)
def test_templates_that_make_no_addresses(template: str) -> None:
    with pytest.raises(MailConfigurationError, match="TASKHUB_MAIL_ADDRESS_TEMPLATE: "):
        TemplateAddressBook(template)


@pytest.mark.parametrize(
    ("username", "expected"),
    [
        ("newuser", "newuser@localhost"),
        ("新用户", "新用户@localhost"),
        ("New User", "user-1@localhost"),
        ("a@b", "user-1@localhost"),
        (None, "user-1@localhost"),
    ],
)
def test_made_up_addresses(username: str | None, expected: str) -> None:
    book: AddressBook = LocalAddressBook()
    assert book.address_of(1, username) == expected


def test_nothing_configured() -> None:
    assert isinstance(configured_address_book(MailSettings()), LocalAddressBook)
    book = configured_address_book(MailSettings(**SERVER))
    with pytest.raises(MailConfigurationError, match="TASKHUB_MAIL_ADDRESS_BOOK"):
        find_address(book, 1, "newuser")
