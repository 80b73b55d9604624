"""The mail service: send once, say what became of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from taskhub.actors.mail.address import Address, parse_address
from taskhub.actors.mail.address_book import AddressBook, configured_address_book, find_address
from taskhub.actors.mail.exceptions import (
    InvalidMailError,
    PermanentMailError,
    SentMarksError,
    TransientMailError,
)
from taskhub.actors.mail.message import ComposedMail, compose
from taskhub.actors.mail.outbox import OutboxTransport
from taskhub.actors.mail.outgoing_message import InlineImage, OutgoingMail
from taskhub.actors.mail.receipt import SendReceipt
from taskhub.actors.mail.renderer import render
from taskhub.actors.mail.sent_marks import SentMarks
from taskhub.actors.mail.transport import SmtpTransport, Transport

if TYPE_CHECKING:
    from taskhub.actors.mail.settings import MailSettings

__all__ = ("Mailer", "conclude")

_log = logging.getLogger("taskhub.actors.mail")


class Mailer:
    """Sends mail. May be used by several threads.

    **Not twice.** With ``marks`` and an idempotency key (a task's id), each recipient is marked as
    soon as the server has accepted the mail, and left out when the same key is sent again. What
    remains possible: a crash or a lost connection between the server's acceptance and the mark, or
    two attempts at the same time. Both make a second copy with the same ``Message-ID``, by which
    receivers can recognize and drop it. There is no protocol that closes this window.

    Args:
        settings: Where mail goes, and in whose name.
        transport: How; None: SMTP if the settings have a server, otherwise the outbox.
        marks: What was sent before; None: it is not remembered.
        addresses: Whom users are; None: as the settings say.
    """

    def __init__(
        self,
        settings: MailSettings,
        transport: Transport | None = None,
        marks: SentMarks | None = None,
        addresses: AddressBook | None = None,
    ) -> None:
        self._settings = settings
        self._transport = transport or default_transport(settings)
        self._marks = marks
        self._addresses = addresses

    @property
    def settings(self) -> MailSettings:
        """Where mail goes, and in whose name."""
        return self._settings

    def send(self, mail: OutgoingMail, idempotency_key: str | None = None) -> SendReceipt:
        """Send a mail to all of its recipients to whom it was not sent before.

        Args:
            mail: The mail.
            idempotency_key: What makes the same mail the same, for example the id of the task that
                sends it; None: every call sends.

        Returns:
            What became of each recipient, at earlier attempts included. At least one accepted.

        Raises:
            InvalidMailError: The mail itself is wrong; nothing was sent.
            TransientMailError: Some or all recipients remain to be tried again, with the same
                key.
            PermanentMailError: No recipient can be reached this way.
        """
        now = datetime.now(UTC)
        composed = compose(mail, self._settings.sender, now=now, idempotency_key=idempotency_key)
        earlier = self._already_sent(idempotency_key)
        remaining = tuple(
            recipient
            for recipient in composed.recipients
            if earlier is None or recipient not in earlier.settled
        )
        if earlier is not None and not remaining:
            return conclude(
                SendReceipt(composed.message_id, earlier.destination, repeated=True).after(earlier)
            )
        receipt = self._send_now(composed.to(remaining), idempotency_key)
        return conclude(receipt.after(earlier))

    def send_welcome(
        self,
        user_id: int | str,
        username: str,
        email: str | None = None,
        language: str | None = None,
        idempotency_key: str | None = None,
    ) -> SendReceipt:
        """Welcome a new user.

        Args:
            user_id: The user's id in the application.
            username: How to address the user.
            email: The user's address; None: it is looked up.
            language: ``zh`` or ``en``; None: the settings'.
            idempotency_key: See :meth:`send`.

        Raises:
            InvalidMailError: There is no address for the user; and as :meth:`send`.
            MailConfigurationError: Addresses can't be looked up as it is configured.
        """
        to = self._address(user_id, username, email)
        context = {"user_id": user_id, "username": username}
        return self.send_template("welcome", to.mailbox, context, language, idempotency_key)

    def send_notification(
        self,
        user_id: int | str,
        title: str,
        content: str,
        username: str | None = None,
        email: str | None = None,
        language: str | None = None,
        action_url: str | None = None,
        action_label: str | None = None,
        idempotency_key: str | None = None,
    ) -> SendReceipt:
        """Notify a user.

        Args:
            user_id: The user's id in the application.
            title: The subject and heading.
            content: Plain text; its lines become paragraphs.
            username: How to address the user, if known.
            email: The user's address; None: it is looked up.
            language: ``zh`` or ``en``; None: the settings'.
            action_url: Where the mail's button leads: ``https://`` or ``http://``.
            action_label: What the button says.
            idempotency_key: See :meth:`send`.

        Raises:
            InvalidMailError: ``action_url`` is not a web address, or there is no address for the
                user; and as :meth:`send`.
            MailConfigurationError: Addresses can't be looked up as it is configured.
        """
        if action_url is not None:
            _check_web_address(action_url)
        to = self._address(user_id, username, email)
        context = {
            "user_id": user_id,
            "username": username,
            "title": title,
            "content": content,
            "action_url": action_url,
            "action_label": action_label,
        }
        return self.send_template("notification", to.mailbox, context, language, idempotency_key)

    def send_template(
        self,
        template: str,
        to: str | Iterable[str],
        context: Mapping[str, Any],
        language: str | None = None,
        idempotency_key: str | None = None,
        inline_images: Iterable[InlineImage] = (),
    ) -> SendReceipt:
        """Send a mail that a template makes.

        Args:
            template: Its name, see :func:`taskhub.actors.mail.renderer.render`.
            to: One address, several in one text separated by commas, or a list.
            context: The values of the template; ``sender_name`` is added.
            language: ``zh`` or ``en``; None: the settings'.
            idempotency_key: See :meth:`send`.
            inline_images: Pictures that the template's HTML shows.

        Raises:
            InvalidMailError: There is no such template, or it uses a value that is not there;
                and as :meth:`send`.
        """
        sender = self._settings.sender
        subject, text, html = render(
            template,
            language or self._settings.language,
            {**context, "sender_name": sender.display_name or sender.domain},
            directory=self._settings.templates,
        )
        mail = OutgoingMail(
            to=to, subject=subject, text=text, html=html, inline_images=tuple(inline_images)
        )
        return self.send(mail, idempotency_key)

    def _address(self, user_id: int | str, username: str | None, email: str | None) -> Address:
        if email is not None:
            return parse_address(email, "email")
        book = self._addresses or configured_address_book(self._settings)
        return find_address(book, user_id, username)

    def _already_sent(self, key: str | None) -> SendReceipt | None:
        if self._marks is None or key is None:
            return None
        try:
            return self._marks.already_sent(key)
        except SentMarksError as error:
            raise TransientMailError(str(error)) from error

    def _send_now(self, mail: ComposedMail, key: str | None) -> SendReceipt:
        receipt = self._transport.send(mail)
        if self._marks is not None and key is not None:
            try:
                self._marks.mark_sent(key, receipt)
            except SentMarksError as error:
                # The mail is out: to fail now would send it again.
                _log.error("%s: if the same task runs again, it is sent again", error)
        return receipt


def default_transport(settings: MailSettings) -> Transport:
    """Return SMTP if there is a server, otherwise the outbox."""
    if settings.server is None:
        return OutboxTransport(settings.outbox)
    return SmtpTransport(settings.server)


def conclude(receipt: SendReceipt) -> SendReceipt:
    """Return a receipt by which the mail is done, or raise what remains.

    A recipient who was refused for good does not fail the mail if another one accepted it: the
    receipt says so.

    Raises:
        TransientMailError: Some recipients may be tried again.
        PermanentMailError: No recipient accepted, and none will.
    """
    if receipt.to_retry:
        refused = [str(refusal) for refusal in receipt.refused if refusal.transient]
        raise TransientMailError(
            f"{receipt.destination} did not take the mail yet for {', '.join(refused)}", receipt
        )
    if not receipt.accepted:
        raise PermanentMailError(
            f"{receipt.destination} refused the mail for {', '.join(map(str, receipt.refused))}: "
            "correct the addresses, or fix what the server complains about",
            receipt,
        )
    return receipt


def _check_web_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound:
        raise InvalidMailError(
            f"action_url: {url!r} is not a web address: write for example https://example.com/news"
        )
