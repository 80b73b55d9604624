"""Receipts of several attempts, and what remains to be done."""

from __future__ import annotations

import pytest

from taskhub.actors.mail.exceptions import InvalidMailError, PermanentMailError, TransientMailError
from taskhub.actors.mail.outgoing_message import OutgoingMail
from taskhub.actors.mail.receipt import Refusal, SendReceipt
from taskhub.actors.mail.sent_marks import MemorySentMarks
from taskhub.actors.mail.server import SmtpServer
from taskhub.actors.mail.service import Mailer, conclude
from taskhub.actors.mail.settings import MailSettings

LATER = Refusal("later@x.com", 451, "busy")
NEVER = Refusal("never@x.com", 550, "unknown")


def receipt(*accepted: str, refused: tuple[Refusal, ...] = ()) -> SendReceipt:
    return SendReceipt("<1@x>", "smtp://mail:25", accepted, refused)


def test_what_is_settled() -> None:
    mixed = receipt("a@x.com", refused=(LATER, NEVER))
    assert mixed.settled == {"a@x.com", "never@x.com"}
    assert mixed.to_retry == ("later@x.com",)


def test_attempts_add_up() -> None:
    first = receipt("a@x.com", refused=(LATER, NEVER))
    second = receipt("later@x.com").after(first)
    assert second.accepted == ("a@x.com", "later@x.com")
    assert second.refused == (NEVER,)
    assert first.after(None) is first


def test_conclusions() -> None:
    assert conclude(receipt("a@x.com", refused=(NEVER,))).refused == (NEVER,)
    with pytest.raises(TransientMailError, match=r"later@x\.com \(451 busy\)"):
        conclude(receipt("a@x.com", refused=(LATER, NEVER)))
    with pytest.raises(PermanentMailError, match=r"never@x\.com \(550 unknown\)"):
        conclude(receipt(refused=(NEVER,)))


def test_marks_in_memory_are_forgotten_after_their_time() -> None:
    now = 0.0
    marks = MemorySentMarks(days=1, clock=lambda: now)
    marks.mark_sent("one", receipt("a@x.com", refused=(LATER, NEVER)))
    assert marks.already_sent("one") == receipt("a@x.com", refused=(NEVER,))
    now = 86_399
    assert marks.already_sent("one") is not None
    now = 86_400
    assert marks.already_sent("one") is None
    marks.mark_sent("two", receipt("b@x.com"))
    assert list(marks._marks) == ["two"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//x", "https://", "x", "http://[", ""])
def test_a_button_leads_to_the_web_only(url: str) -> None:
    with pytest.raises(InvalidMailError, match="action_url"):
        Mailer(MailSettings()).send_notification(1, "t", "c", "u", action_url=url)


def test_a_bad_mail_is_refused_before_anything_else() -> None:
    mailer = Mailer(MailSettings(server=SmtpServer("mail.invalid"), sender="a@example.com"))
    with pytest.raises(InvalidMailError):
        mailer.send(OutgoingMail(to="nobody", subject="s", text="t"))
