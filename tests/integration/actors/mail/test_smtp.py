"""Mail over real SMTP connections: plain, secured, refused and broken."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import quote

import pytest

from taskhub.actors.mail import (
    Attachment,
    InlineImage,
    Mailer,
    MailSettings,
    OutgoingMail,
    PermanentMailError,
    TransientMailError,
)
from tests.integration.actors.mail.conftest import LOGIN
from tests.integration.actors.mail.smtp_server import SmtpServer
from tests.support.environment import read
from tests.support.servers import find_free_port
from tests.support.tls import Certificates

# Aiosmtpd's: it does not see that the whole connection is TLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

MAIL = OutgoingMail(to="user@example.com", subject="邮件主题", text="邮件内容")
USER, PASSWORD = (quote(part, safe="") for part in LOGIN)


def settings(url: str, sender: str = "no-reply@example.com") -> MailSettings:
    return read(MailSettings, {"TASKHUB_SMTP_URL": url, "TASKHUB_MAIL_FROM": sender})


def mailer(server: SmtpServer, **options: str) -> Mailer:
    query = "&".join(f"{name}={value}" for name, value in {"timeout": "5", **options}.items())
    return Mailer(settings(f"smtp://127.0.0.1:{server.port}?{query}"))


def test_a_mail_arrives(server: SmtpServer) -> None:
    receipt = mailer(server).send(
        OutgoingMail(
            to=["张三 <zhang@例子.中国>", "li@example.com"],
            cc="wang@example.com",
            bcc="secret@example.com",
            reply_to="answers@example.com",
            subject="每日报告 " * 30,
            text="第一行\n.\n..点\nFrom here",
            html='<p>报告</p><img src="cid:chart">',
            inline_images=(InlineImage("chart", b"\x89PNG"),),
            attachments=(Attachment("报告.csv", b"a,b\r\n", "text/csv"),),
        )
    )
    (received,) = server.received
    message = received.message
    everyone = [
        "zhang@xn--fsqu00a.xn--fiqs8s",
        "li@example.com",
        "wang@example.com",
        "secret@example.com",
    ]
    assert (received.sender, received.recipients) == ("no-reply@example.com", everyone)
    assert receipt.accepted == tuple(everyone)
    assert receipt.destination == f"smtp://127.0.0.1:{server.port}"
    assert message["To"] == "张三 <zhang@xn--fsqu00a.xn--fiqs8s>, li@example.com"
    assert message["Cc"] == "wang@example.com"
    assert message["Reply-To"] == "answers@example.com"
    assert message["Subject"] == ("每日报告 " * 30).strip()
    assert message["Message-ID"] == receipt.message_id
    assert b"secret@example.com" not in received.content
    assert received.content.isascii()
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["第一行", ".", "..点", "From here"]
    assert html.get_content() == '<p>报告</p><img src="cid:chart">\n'
    (attachment,) = message.iter_attachments()
    assert attachment.get_filename() == "报告.csv"
    assert attachment.get_payload(decode=True) == b"a,b\r\n"
    (image,) = (part for part in message.walk() if part["Content-ID"] == "<chart>")
    assert image.get_content() == b"\x89PNG"


def test_a_mailbox_in_unicode_needs_a_server_that_knows_it(server: SmtpServer) -> None:
    mail = OutgoingMail(to="用户@example.com", subject="s", text="t")
    mailer(server).send(mail)
    assert server.received[0].recipients == ["用户@example.com"]
    with SmtpServer(utf8=False) as old, pytest.raises(PermanentMailError, match="SMTPUTF8"):
        mailer(old).send(mail)


def test_starttls_and_login(starttls_server: SmtpServer, certificates: Certificates) -> None:
    url = f"smtp://{USER}:{PASSWORD}@localhost:{starttls_server.port}"
    Mailer(settings(f"{url}?ca_file={certificates.authority}")).send(MAIL)
    (received,) = starttls_server.received
    assert (received.user, received.encrypted) == (LOGIN[0], True)


def test_tls_and_login(tls_server: SmtpServer, certificates: Certificates) -> None:
    url = f"smtps://{USER}:{PASSWORD}@localhost:{tls_server.port}"
    Mailer(settings(f"{url}?ca_file={certificates.authority}")).send(MAIL)
    (received,) = tls_server.received
    assert (received.user, received.encrypted) == (LOGIN[0], True)


def test_a_wrong_password_is_permanent_and_not_told(
    starttls_server: SmtpServer, certificates: Certificates
) -> None:
    url = f"smtp://{USER}:hunter2@localhost:{starttls_server.port}"
    with pytest.raises(PermanentMailError, match="did not accept the user") as caught:
        Mailer(settings(f"{url}?ca_file={certificates.authority}")).send(MAIL)
    assert "hunter2" not in str(caught.value)


def test_a_certificate_that_is_not_trusted_is_permanent(
    starttls_server: SmtpServer, tls_server: SmtpServer
) -> None:
    for scheme, server in (("smtp", starttls_server), ("smtps", tls_server)):
        url = f"{scheme}://{USER}:{PASSWORD}@localhost:{server.port}"
        with pytest.raises(PermanentMailError, match="certificate that was not accepted"):
            Mailer(settings(url)).send(MAIL)


def test_no_password_goes_over_a_connection_that_is_not_secured(server: SmtpServer) -> None:
    url = f"smtp://{USER}:{PASSWORD}@127.0.0.1:{server.port}"
    with pytest.raises(PermanentMailError, match="does not offer STARTTLS"):
        Mailer(settings(url)).send(MAIL)


def test_a_login_where_there_is_none_is_permanent(server: SmtpServer) -> None:
    url = f"smtp://{USER}:{PASSWORD}@127.0.0.1:{server.port}?security=none"
    with pytest.raises(PermanentMailError, match="does not offer to log in"):
        Mailer(settings(url)).send(MAIL)


def test_tls_to_a_plain_port_is_permanent(server: SmtpServer) -> None:
    with pytest.raises(PermanentMailError, match="did not agree on TLS"):
        Mailer(settings(f"smtps://localhost:{server.port}")).send(MAIL)


@pytest.mark.parametrize(
    ("where", "reply", "error"),
    [
        ("to_sender", "451 busy", TransientMailError),
        ("to_sender", "421 closing", TransientMailError),
        ("to_sender", "550 not you", PermanentMailError),
        ("to_content", "452 no space", TransientMailError),
        ("to_content", "554 spam", PermanentMailError),
    ],
)
def test_replies_to_the_whole_mail(
    server: SmtpServer, where: str, reply: str, error: type[Exception]
) -> None:
    setattr(server.behaviour, where, reply)
    with pytest.raises(error, match=reply):
        mailer(server).send(MAIL)
    assert server.received == []


def test_all_recipients_refused_for_good_is_permanent(server: SmtpServer) -> None:
    server.behaviour.to_recipients = {"user@example.com": "550 no such user"}
    with pytest.raises(
        PermanentMailError, match=r"user@example\.com \(550 no such user\)"
    ) as caught:
        mailer(server).send(MAIL)
    assert caught.value.receipt is not None
    assert caught.value.receipt.refused[0].code == 550
    assert server.received == []


def test_some_recipients_refused_for_good_are_told_in_the_receipt(server: SmtpServer) -> None:
    server.behaviour.to_recipients = {"gone@example.com": "550 no such user"}
    mail = OutgoingMail(to="user@example.com, gone@example.com", subject="s", text="t")
    receipt = mailer(server).send(mail)
    assert receipt.accepted == ("user@example.com",)
    assert receipt.as_dict()["refused"] == {"gone@example.com": "550 no such user"}


def test_some_recipients_refused_for_now_remain_to_be_retried(server: SmtpServer) -> None:
    server.behaviour.to_recipients = {"busy@example.com": "451 later"}
    mail = OutgoingMail(to="user@example.com, busy@example.com", subject="s", text="t")
    with pytest.raises(TransientMailError, match="451 later") as caught:
        mailer(server).send(mail)
    assert caught.value.receipt is not None
    assert caught.value.receipt.accepted == ("user@example.com",)
    assert caught.value.receipt.to_retry == ("busy@example.com",)


def test_a_lost_answer_to_the_content_may_mean_that_it_was_sent(server: SmtpServer) -> None:
    server.behaviour.hang_up_after_content = True
    with pytest.raises(TransientMailError, match="may have accepted") as caught:
        mailer(server).send(MAIL, "key")
    assert caught.value.perhaps_sent
    server.behaviour.hang_up_after_content = False
    mailer(server).send(MAIL, "key")
    first, second = server.received
    assert first.message["Message-ID"] == second.message["Message-ID"]


def test_a_slow_server_is_given_up(server: SmtpServer) -> None:
    server.behaviour.silent_after_content = True
    with pytest.raises(TransientMailError, match=r"did not answer within 0\.5 s") as caught:
        mailer(server, timeout="0.5").send(MAIL)
    assert caught.value.perhaps_sent


def test_a_server_that_does_not_greet_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}?timeout=0.3"
        with pytest.raises(TransientMailError, match=r"did not answer within 0\.3 s") as caught:
            Mailer(settings(url)).send(MAIL)
    assert not caught.value.perhaps_sent


def test_no_server_is_transient() -> None:
    with pytest.raises(TransientMailError, match="refused the connection: start the server"):
        Mailer(settings(f"smtp://127.0.0.1:{find_free_port()}")).send(MAIL)


def test_welcome_and_notification(server: SmtpServer) -> None:
    ours = Mailer(settings(f"smtp://127.0.0.1:{server.port}", "示例 <no-reply@example.com>"))
    ours.send_welcome(1, "newuser", "newuser@example.com")
    ours.send_notification(
        1,
        "Report ready",
        "Line one.\nLine two.",
        email="newuser@example.com",
        language="en-GB",
        action_url="https://example.com/?a=1&b=2",
    )
    welcome, notification = (received.message for received in server.received)
    assert welcome["Subject"] == "欢迎加入，newuser！"
    assert welcome["From"] == "示例 <no-reply@example.com>"
    html = welcome.get_body(("html",))
    assert html is not None
    assert "欢迎加入 示例" in html.get_content()
    assert notification["Subject"] == "Report ready"
    text = notification.get_body(("plain",))
    assert text is not None
    assert "https://example.com/?a=1&b=2" in text.get_content()


def test_without_a_server_mail_is_written_to_files(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = tmp_path / "new" / "outbox"
    ours = Mailer(read(MailSettings, {"TASKHUB_MAIL_OUTBOX": str(outbox)}))
    receipts = [ours.send_welcome(1, "newuser", idempotency_key=key) for key in ("one", "two")]
    files = [Path(receipt.destination) for receipt in receipts]
    assert sorted(outbox.iterdir()) == sorted(files)
    assert outbox.stat().st_mode & 0o777 == 0o700
    for receipt, path in zip(receipts, files, strict=True):
        assert receipt.accepted == ("newuser@localhost",)
        assert path.suffix == ".eml"
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"X-Envelope-To: newuser@localhost\r\n" in path.read_bytes()
    assert [record.message for record in caplog.records] == [
        f"no SMTP server configured (set TASKHUB_SMTP_URL): e-mail is written to {outbox}"
    ]


def test_an_outbox_that_cannot_be_written_is_a_matter_of_configuration(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.touch()
    ours = Mailer(MailSettings(outbox=occupied / "outbox"))
    with pytest.raises(PermanentMailError, match="set TASKHUB_MAIL_OUTBOX"):
        ours.send(MAIL)
