"""E-mail tasks in real workers, over real SMTP."""

from __future__ import annotations

import email.policy
from email import message_from_bytes
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from taskhub import states
from taskhub.actors.mail import InvalidMailError, PermanentMailError, TransientMailError
from tests.integration.actors.conftest import Call, StartWorker
from tests.integration.actors.mail.smtp_server import SmtpServer
from tests.support.workers import until

SHORT_LEASE = {"TASKHUB_CONFIG": "tests.integration.actors.short_lease"}
SEND_EMAIL = "Modules.admin.tasks.default_tasks.send_email"
SEND_WELCOME_EMAIL = "Modules.admin.queues.email_queues.send_welcome_email"
SEND_NOTIFICATION_EMAIL = "Modules.admin.queues.email_queues.send_notification_email"


def reach(smtp: SmtpServer) -> dict[str, str]:
    return {
        "TASKHUB_SMTP_URL": f"smtp://127.0.0.1:{smtp.port}?timeout=5",
        "TASKHUB_MAIL_FROM": "任务中心 <no-reply@example.com>",
    }


def test_delivers_both_parts_and_a_chinese_subject(
    smtp: SmtpServer, start_worker: StartWorker, call: Call
) -> None:
    start_worker(**reach(smtp))
    result = call(
        SEND_EMAIL,
        "email",
        to="user@example.com",
        subject="邮件主题",
        body="邮件内容",
        html="<p>邮件内容</p>",
        bcc=["boss@example.com"],
        attachments={"报告.txt": "完".encode("gb18030")},
    )
    told = result.get(timeout=20)
    (received,) = smtp.received
    assert received.recipients == ["user@example.com", "boss@example.com"]
    assert received.message["Subject"] == "邮件主题"
    assert received.message["From"] == "任务中心 <no-reply@example.com>"
    for kind, content in (("plain", "邮件内容"), ("html", "<p>邮件内容</p>")):
        part = received.message.get_body((kind,))
        assert part is not None
        assert part.get_content().strip() == content
    (attachment,) = received.message.iter_attachments()
    assert attachment.get_filename() == "报告.txt"
    assert attachment.get_payload(decode=True) == "完".encode("gb18030")
    assert told == {
        "message_id": received.message["Message-ID"],
        "destination": f"smtp://127.0.0.1:{smtp.port}",
        "accepted": ["user@example.com", "boss@example.com"],
        "refused": {},
        "repeated": False,
    }


def test_sends_welcome_and_notification_from_templates(
    smtp: SmtpServer, start_worker: StartWorker, call: Call
) -> None:
    start_worker(**reach(smtp), TASKHUB_MAIL_ADDRESS_TEMPLATE="{username}@example.com")
    call(SEND_WELCOME_EMAIL, "email", user_id=1, username="newuser").get(timeout=20)
    call(
        SEND_NOTIFICATION_EMAIL,
        "email",
        user_id=1,
        title="您的报告已生成",
        content="请查收。",
        email="user@example.com",
    ).get(timeout=20)
    assert [mail.recipients for mail in smtp.received] == [
        ["newuser@example.com"],
        ["user@example.com"],
    ]
    welcome, notification = (mail.message for mail in smtp.received)
    assert "newuser" in welcome.as_string() or "newuser" in str(welcome.get_body(("plain",)))
    assert notification["Subject"] == "您的报告已生成"
    for message in (welcome, notification):
        assert message.get_body(("plain",)) is not None
        assert message.get_body(("html",)) is not None


def test_retries_while_the_server_is_down_and_delivers_once(
    start_worker: StartWorker, call: Call
) -> None:
    with SmtpServer() as smtp:
        pass  # it had a port of its own, and is down
    start_worker(**reach(smtp))
    result = call(SEND_EMAIL, "email", to="user@example.com", subject="主题", body="内容")
    until(lambda: result.state == states.RETRY, "the task to be retried")
    assert isinstance(result.result, TransientMailError)
    up_again = Controller(smtp, hostname="127.0.0.1", port=smtp.port)
    up_again.start()
    try:
        assert result.get(timeout=60)["accepted"] == ["user@example.com"]
    finally:
        up_again.stop()
    assert len(smtp.received) == 1


def test_a_permanent_refusal_fails_at_once(
    smtp: SmtpServer, start_worker: StartWorker, call: Call
) -> None:
    smtp.behaviour.to_recipients["gone@example.com"] = "550 no such user here"
    start_worker(**reach(smtp))
    result = call(SEND_EMAIL, "email", to="gone@example.com", subject="主题", body="内容")
    with pytest.raises(PermanentMailError, match=r"gone@example\.com \(550 no such user here\)"):
        result.get(timeout=20)
    assert result.state == states.FAILURE
    assert smtp.connections == 1


def test_a_wrong_address_fails_before_anything_is_sent(
    smtp: SmtpServer, start_worker: StartWorker, call: Call
) -> None:
    worker = start_worker(**reach(smtp))
    result = call(SEND_EMAIL, "email", to="not an address", subject="主题", body="内容")
    with pytest.raises(InvalidMailError, match="to: 'not an address' is not an e-mail address"):
        result.get(timeout=20)
    assert smtp.connections == 0
    # The caller's mistake is one line in the worker's log.
    assert "Traceback" not in worker.log


def test_only_those_who_were_put_off_are_tried_again(
    smtp: SmtpServer, start_worker: StartWorker, call: Call
) -> None:
    smtp.behaviour.to_recipients["later@example.com"] = "450 mailbox busy"
    start_worker(**reach(smtp))
    result = call(
        SEND_EMAIL,
        "email",
        to=["now@example.com", "later@example.com"],
        subject="主题",
        body="内容",
    )
    until(lambda: result.state == states.RETRY, "the task to be retried")
    smtp.behaviour.to_recipients.clear()
    assert result.get(timeout=60)["accepted"] == ["now@example.com", "later@example.com"]
    assert [mail.recipients for mail in smtp.received] == [
        ["now@example.com"],
        ["later@example.com"],
    ]


def test_a_worker_killed_before_the_commit_does_not_send_twice(
    smtp: SmtpServer, start_worker: StartWorker, call: Call
) -> None:
    killed = start_worker(
        "tests.integration.actors.dies_before_commit", **reach(smtp), **SHORT_LEASE
    )
    result = call(SEND_EMAIL, "email", to="user@example.com", subject="主题", body="内容")
    killed.wait()
    assert len(smtp.received) == 1
    assert result.state != states.SUCCESS
    start_worker(**reach(smtp))
    told = result.get(timeout=30)
    assert told["repeated"] is True
    assert told["accepted"] == ["user@example.com"]
    assert told["message_id"] == smtp.received[0].message["Message-ID"]
    assert len(smtp.received) == 1


def test_a_copy_that_cannot_be_avoided_has_the_same_message_id(
    smtp: SmtpServer, start_worker: StartWorker, call: Call
) -> None:
    smtp.behaviour.silent_after_content = True
    killed = start_worker(**reach(smtp), **SHORT_LEASE)
    result = call(SEND_EMAIL, "email", to="user@example.com", subject="主题", body="内容")
    # Accepted, but the worker is killed before it can know.
    until(lambda: len(smtp.received) == 1, "the mail to arrive")
    killed.kill_task_process()
    killed.wait()
    smtp.behaviour.silent_after_content = False
    start_worker(**reach(smtp))
    assert result.get(timeout=30)["repeated"] is False
    first, second = (mail.message["Message-ID"] for mail in smtp.received)
    assert first == second


def test_without_a_server_mail_is_written_to_the_outbox(
    start_worker: StartWorker, call: Call, tmp_path: Path
) -> None:
    worker = start_worker(TASKHUB_HOME=str(tmp_path / "home"))
    told = call(SEND_EMAIL, "email", to="user@example.com", subject="邮件主题", body="内容").get(
        timeout=20
    )
    file = Path(told["destination"])
    assert file.parent == tmp_path / "home" / "outbox"
    message = message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert message["Subject"] == "邮件主题"
    # The log comes by way of Dramatiq's master, after the result.
    until(
        lambda: worker.said(f"e-mail is written to {file.parent}"),
        "the line about the outbox",
        10.0,
    )
