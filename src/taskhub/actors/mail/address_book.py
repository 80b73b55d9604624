"""From a user to an e-mail address."""

from __future__ import annotations

import importlib
import string
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from taskhub.actors.mail.address import Address, parse_address
from taskhub.actors.mail.exceptions import InvalidMailError, MailConfigurationError

if TYPE_CHECKING:
    from taskhub.actors.mail.settings import MailSettings

__all__ = (
    "AddressBook",
    "FunctionAddressBook",
    "LocalAddressBook",
    "TemplateAddressBook",
    "configured_address_book",
)


class AddressBook(Protocol):
    """Knows users' addresses."""

    def address_of(self, user_id: int | str, username: str | None) -> str | None:
        """Return a user's address, or None if there is none.

        Args:
            user_id: The user's id in the application.
            username: The user's name, if the caller knows it.
        """
        ...


class FunctionAddressBook:
    """Asks a function of the application.

    Args:
        function: Called with the user's id; returns the address or None.
    """

    def __init__(self, function: Callable[[Any], str | None]) -> None:
        self._function = function

    def address_of(self, user_id: int | str, username: str | None) -> str | None:
        return self._function(user_id)


class TemplateAddressBook:
    """Makes the address from the user's name or id.

    Args:
        template: For example ``{username}@example.com``; ``{user_id}`` is known, too.

    Raises:
        MailConfigurationError: The template has another field, or makes no address.
    """

    def __init__(self, template: str) -> None:
        self._template = template
        try:
            fields = {field for _, field, _, _ in string.Formatter().parse(template) if field}
            if not fields or not fields <= {"username", "user_id"}:
                raise ValueError("fields are {username} and {user_id}")
            self._wants_username = "username" in fields
            parse_address(template.format(username="name", user_id=1), "address", bare=True)
        except (ValueError, LookupError) as error:
            raise MailConfigurationError(
                f"TASKHUB_MAIL_ADDRESS_TEMPLATE: {template!r} makes no addresses ({error}): "
                "write for example {username}@example.com"
            ) from None

    def address_of(self, user_id: int | str, username: str | None) -> str | None:
        if self._wants_username and not username:
            return None
        text = self._template.format(username=username, user_id=user_id)
        # A name with an "@" or "," in it must not turn the mail to somebody else.
        return parse_address(text, f"address of user {user_id}", bare=True).mailbox


class LocalAddressBook:
    """Makes up addresses ``name@localhost``, for mail that is only written to files."""

    def address_of(self, user_id: int | str, username: str | None) -> str | None:
        for name in (username, f"user-{user_id}"):
            try:
                return parse_address(f"{name or ''}@localhost", "address", bare=True).mailbox
            except InvalidMailError:
                continue
        return "user@localhost"


def configured_address_book(settings: MailSettings) -> AddressBook | None:
    """Return the address book that the settings name; None if they name none.

    Without a server, mail is only written to files: there made-up addresses do.

    Raises:
        MailConfigurationError: ``address_book`` names nothing that can be called, or
            ``address_template`` makes no addresses.
    """
    if settings.address_book is not None:
        return FunctionAddressBook(_function(settings.address_book))
    if settings.address_template is not None:
        return TemplateAddressBook(settings.address_template)
    return LocalAddressBook() if settings.server is None else None


def find_address(book: AddressBook | None, user_id: int | str, username: str | None) -> Address:
    """Return a user's address.

    Raises:
        MailConfigurationError: No address book is configured.
        InvalidMailError: It has no address for this user, or one that is none.
    """
    if book is None:
        raise MailConfigurationError(
            f"no address for user {user_id}: pass one, or set TASKHUB_MAIL_ADDRESS_BOOK="
            "package.module:function or TASKHUB_MAIL_ADDRESS_TEMPLATE={username}@example.com"
        )
    found = book.address_of(user_id, username)
    if not found:
        raise InvalidMailError(
            f"the address book has no address for user {user_id} ({username!r}): "
            "add one there, or pass the address"
        )
    return parse_address(found, f"address of user {user_id}")


def _function(path: str) -> Callable[[Any], str | None]:
    module_name, _, name = path.partition(":")
    what = f"TASKHUB_MAIL_ADDRESS_BOOK: {path!r}"
    if not module_name or not name:
        raise MailConfigurationError(f"{what} names no function: write package.module:function")
    try:
        found: Any = importlib.import_module(module_name)
        for attribute in name.split("."):
            found = getattr(found, attribute)
    except (ImportError, AttributeError) as error:
        raise MailConfigurationError(
            f"{what} can't be imported ({error}): correct it, or put it on PYTHONPATH"
        ) from error
    if not callable(found):
        raise MailConfigurationError(f"{what} is not a function: name one that takes a user's id")
    return found  # type: ignore[no-any-return]
