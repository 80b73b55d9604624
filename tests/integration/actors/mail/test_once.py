"""A mail whose task runs again is not sent twice."""

from __future__ import annotations

import logging
import uuid

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from taskhub.actors.mail import (
    Mailer,
    MailSettings,
    MemorySentMarks,
    OutgoingMail,
    PermanentMailError,
    RedisSentMarks,
    SentMarks,
    TransientMailError,
)
from taskhub.actors.mail.sent_marks import KEY_PREFIX
from tests.integration.actors.mail.smtp_server import SmtpServer
from tests.support.environment import read
from tests.support.servers import find_free_port

MAIL = OutgoingMail(to="a@example.com, b@example.com, c@example.com", subject="s", text="t")


@pytest.fixture(params=["memory", "redis", "redis with decoding"])
def marks(request: pytest.FixtureRequest, store: redis.Redis) -> SentMarks:
    if request.param == "memory":
        return MemorySentMarks()
    if request.param == "redis":
        return RedisSentMarks(store)
    port = store.connection_pool.connection_kwargs["port"]
    return RedisSentMarks(redis.Redis(port=port, decode_responses=True))


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex


def mailer(server: SmtpServer, marks: SentMarks) -> Mailer:
    url = f"smtp://127.0.0.1:{server.port}?timeout=5"
    settings = {"TASKHUB_SMTP_URL": url, "TASKHUB_MAIL_FROM": "no-reply@example.com"}
    return Mailer(read(MailSettings, settings), marks=marks)


def test_a_mail_is_sent_once_for_a_key(server: SmtpServer, marks: SentMarks, key: str) -> None:
    first = mailer(server, marks).send(MAIL, key)
    second = mailer(server, marks).send(MAIL, key)
    assert len(server.received) == server.connections == 1
    assert second.repeated
    assert not first.repeated
    assert (second.message_id, second.destination) == (first.message_id, first.destination)
    assert sorted(second.accepted) == sorted(first.accepted)


def test_other_keys_and_no_key_send(server: SmtpServer, marks: SentMarks, key: str) -> None:
    ours = mailer(server, marks)
    for one in (key, f"{key}-other", None, None):
        ours.send(MAIL, one)
    assert len({received.message["Message-ID"] for received in server.received}) == 4


def test_only_the_recipients_that_remain_are_retried(
    server: SmtpServer, marks: SentMarks, key: str
) -> None:
    ours = mailer(server, marks)
    server.behaviour.to_recipients = {
        "b@example.com": "451 later",
        "c@example.com": "550 no such user",
    }
    with pytest.raises(TransientMailError):
        ours.send(MAIL, key)
    server.behaviour.to_recipients = {}
    receipt = ours.send(MAIL, key)
    assert [received.recipients for received in server.received] == [
        ["a@example.com"],
        ["b@example.com"],
    ]
    assert sorted(receipt.accepted) == ["a@example.com", "b@example.com"]
    assert [str(refusal) for refusal in receipt.refused] == ["c@example.com (550 no such user)"]
    assert ours.send(MAIL, key).repeated


def test_recipients_who_were_all_refused_for_good_stay_refused(
    server: SmtpServer, marks: SentMarks, key: str
) -> None:
    server.behaviour.to_recipients = dict.fromkeys(
        ("a@example.com", "b@example.com", "c@example.com"), "550 no"
    )
    for _ in range(2):
        with pytest.raises(PermanentMailError, match="550 no"):
            mailer(server, marks).send(MAIL, key)
    assert server.connections == 1


def test_marks_expire(server: SmtpServer, store: redis.Redis, key: str) -> None:
    mailer(server, RedisSentMarks(store, days=2)).send(MAIL, key)
    assert 2 * 86_400 - 60 < int(store.ttl(KEY_PREFIX + key)) <= 2 * 86_400


def test_nothing_is_sent_while_it_cannot_be_told_whether_it_was(
    server: SmtpServer, key: str
) -> None:
    unreachable = redis.Redis(port=find_free_port(), retry=Retry(NoBackoff(), 0))
    with pytest.raises(TransientMailError, match="can't find out whether"):
        mailer(server, RedisSentMarks(unreachable)).send(MAIL, key)
    assert server.received == []


def test_a_mark_that_cannot_be_written_does_not_fail_a_mail_that_is_out(
    server: SmtpServer, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Forgetful(RedisSentMarks):
        def already_sent(self, key: str) -> None:
            return None

    unreachable = redis.Redis(port=find_free_port(), retry=Retry(NoBackoff(), 0))
    receipt = mailer(server, Forgetful(unreachable)).send(MAIL, key)
    assert len(receipt.accepted) == 3
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
