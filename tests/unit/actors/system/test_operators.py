"""Operators are told by mail: once, until it is sent, and in words that are no markup."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest
import redis

from taskhub.actors.mail import (
    Mailer,
    MailSettings,
    MemorySentMarks,
    PermanentMailError,
    SendReceipt,
    TransientMailError,
    Transport,
)
from taskhub.actors.mail.message import ComposedMail
from taskhub.actors.mail.server import SmtpServer
from taskhub.actors.system import (
    Known,
    MemoryInProcess,
    MemoryInRedis,
    MemoryUnavailableError,
    Operators,
    Problem,
    StatusSettings,
    SystemStatus,
    Thresholds,
    assess,
)
from taskhub.health import Check
from tests.unit.actors.system.values import found, status

SLOW = Problem("slow", "cache", "fail", "cache is slow", "4 s", "3 s")


class Post(Transport):
    """Takes mails, or fails with what it is told to."""

    def __init__(self) -> None:
        self.sent: list[ComposedMail] = []
        self.error: Exception | None = None

    def send(self, mail: ComposedMail) -> SendReceipt:
        if self.error is not None:
            raise self.error
        self.sent.append(mail)
        return SendReceipt(mail.message_id, "test", mail.recipients)


class Forgetful(MemoryInProcess):
    """Cannot note what was told: as if the worker was killed before that."""

    forgets = False

    def write(self, known: Known) -> None:
        if self.forgets and known.pending is None:
            raise MemoryUnavailableError("away")
        super().write(known)


def operators(
    post: Post, memory: MemoryInProcess, recipients: str = "ops@example.com", language: str = "en"
) -> Operators:
    settings = MailSettings(
        server=SmtpServer("mail.example.com"), sender="a@example.com", language=language
    )
    mailer = Mailer(settings, post, MemorySentMarks())
    chosen = StatusSettings(recipients=(recipients,) if recipients else (), confirm=1)
    return Operators(mailer, memory, chosen, UTC)


def test_what_could_not_be_sent_is_sent_at_the_next_check_before_what_is_new() -> None:
    post, memory = Post(), MemoryInProcess()
    telling = operators(post, memory)
    post.error = TransientMailError("the server is away")
    told = telling.notify(status(SLOW))
    assert told == {"kind": "worse", "mail": "failed", "error": "the server is away"}
    assert telling.notify(status()) == told
    post.error = None
    assert telling.notify(status()) == {"kind": "recovered", "mail": "sent"}
    subjects = [str(mail.message["Subject"]) for mail in post.sent]
    assert subjects == ["[FAIL] cache is slow", "[OK] The system has recovered"]
    assert telling.notify(status()) is None


def test_a_crash_between_sending_and_noting_it_does_not_send_twice() -> None:
    post, memory = Post(), Forgetful()
    telling = operators(post, memory)
    memory.forgets = True
    with pytest.raises(MemoryUnavailableError):
        telling.notify(status(SLOW))
    memory.forgets = False
    assert telling.notify(status(SLOW)) is None
    assert len(post.sent) == 1


def test_what_is_refused_for_good_does_not_keep_later_mails_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    post, memory = Post(), MemoryInProcess()
    telling = operators(post, memory)
    post.error = PermanentMailError("no such user")
    assert (telling.notify(status(SLOW)) or {})["mail"] == "refused"
    assert "operators cannot be notified: no such user" in caplog.text
    post.error = None
    assert (telling.notify(status()) or {})["kind"] == "recovered"


def test_nobody_to_tell_is_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    post = Post()
    told = operators(post, MemoryInProcess(), recipients="").notify(status(SLOW))
    assert (told or {})["mail"] == "nobody"
    assert post.sent == []
    assert "write addresses into TASKHUB_OPERATORS" in caplog.text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_of_problem_has_words_and_none_is_markup(language: str) -> None:
    bad = found(
        services={"cache": Check(False, 1.0, "<i>down</i>"), "e-mail": Check(True, 9.0, "slow")},
        leader=None,
        workers=(),
        dead_letters=3,
    )
    problems = assess(bad, Thresholds())
    post = Post()
    state = SystemStatus(status().at, "<b>", 0.1, bad, problems)
    operators(post, MemoryInProcess(), language=language).notify(state)
    message = post.sent[0].message
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    plain, markup = text.get_content(), html.get_content()
    assert "<i>down</i>" in plain
    assert "&lt;i&gt;down&lt;/i&gt;" in markup
    assert "<i>" not in markup
    assert "<b>" not in markup
    told = (
        "缓存不可用",
        "邮件服务响应耗时 9 s",
        "没有调度器",
        "worker 进程只有 0 个",
        "有 3 条消息被放弃",
    )
    if language == "en":
        told = tuple(problem.detail for problem in problems if problem.kind != "unreachable")
    for words in told:
        assert words in plain


def test_a_memory_that_is_away_is_named(tmp_path: Path) -> None:
    with redis.Redis(unix_socket_path=str(tmp_path / "nowhere")) as client:
        memory = MemoryInRedis(client, "key")
        with pytest.raises(MemoryUnavailableError, match="can't read what operators know"):
            memory.read()
        with pytest.raises(MemoryUnavailableError, match="can't note what operators know"):
            memory.write(Known())
