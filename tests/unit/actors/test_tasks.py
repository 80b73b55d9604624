"""What callers see of the shipped tasks."""

from __future__ import annotations

import contextlib
import email.policy
import json
import socket
import threading
from email import message_from_bytes
from pathlib import Path
from typing import Self

import pytest

from taskhub import Celery, states
from taskhub.actors.cache import CacheConfigurationError, InvalidKeyPrefixError
from taskhub.actors.mail import InvalidMailError, TransientMailError

QUEUES = {
    "Modules.admin.tasks.default_tasks.send_email": "email",
    "Modules.admin.tasks.default_tasks.clear_cache": "default",
    "Modules.admin.tasks.default_tasks.check_system_status": "default",
    "Modules.admin.tasks.default_tasks.clean_temp_files": "default",
    "Modules.admin.tasks.default_tasks.send_daily_report": "default",
    "Modules.admin.queues.email_queues.send_welcome_email": "email",
    "Modules.admin.queues.email_queues.send_notification_email": "email",
    "Modules.quant.tasks.sync_stock_data": "quant",
    "Modules.quant.tasks.sync_industry_data": "quant",
    "Modules.quant.tasks.sync_concept_data": "quant",
    "Modules.quant.tasks.sync_industry_members": "quant",
    "Modules.quant.tasks.sync_concept_members": "quant",
    "Modules.quant.tasks.sync_board_members": "quant",
    "Modules.quant.tasks.sync_kline_data": "quant",
    "Modules.quant.tasks.sync_all_kline_data": "quant",
    "Modules.quant.tasks.sync_daily_data": "quant",
    "Modules.quant.tasks.sync_daily_details": "quant",
    "Modules.quant.tasks.sum_up": "quant",
    "Modules.quant.tasks.record_sync": "quant",
    "Modules.quant.tasks.record_loss": "quant",
}


class HangsUp:
    """A server that hangs up on everybody, and counts them."""

    def __init__(self) -> None:
        self.attempts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Closing alone does not wake up who waits in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.attempts += 1
                connection.close()


def test_tasks_have_the_names_and_queues_of_the_documents(app: Celery) -> None:
    from taskhub import actors

    tasks = {getattr(actors, name).name for name in actors.__all__ if name != "app"}
    assert tasks == set(QUEUES)
    assert {name: app.tasks[name].queue_name for name in QUEUES} == QUEUES


def test_modules_offers_the_same_tasks(app: Celery) -> None:
    from Modules.admin.queues.email_queues import send_notification_email, send_welcome_email
    from Modules.admin.tasks import default_tasks
    from Modules.common.libs.celery.celery_service import celery_app, get_celery_service

    assert get_celery_service().app is celery_app() is app
    from Modules.quant import tasks

    others = (
        *(getattr(default_tasks, name) for name in default_tasks.__all__),
        *(send_welcome_email, send_notification_email),
    )
    market_data = [getattr(tasks, name) for name in tasks.__all__]
    names = ("sync_daily_details", "sum_up", "record_sync", "record_loss")
    inner = {f"Modules.quant.tasks.{name}" for name in names}
    assert {task.name for task in (*others, *market_data)} == set(QUEUES) - inner


def test_an_email_is_written_to_the_outbox_and_told_as_plain_values(
    app: Celery, tmp_path: Path
) -> None:
    from taskhub.actors import send_email

    result = send_email.delay(to="user@example.com", subject="邮件主题", body="邮件内容")
    told = result.get()
    assert json.loads(json.dumps(told)) == told
    (file,) = (tmp_path / "outbox").glob("*.eml")
    assert told["destination"] == str(file)
    message = message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert message["Subject"] == "邮件主题"


def test_the_same_call_sends_once(app: Celery, tmp_path: Path) -> None:
    from taskhub.actors import send_email

    arguments = {"to": "user@example.com", "subject": "主题", "body": "内容"}
    first, again = (send_email.apply(kwargs=arguments, task_id="one call") for _ in range(2))
    assert (first.get()["repeated"], again.get()["repeated"]) == (False, True)
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1


def test_calls_as_a_function_send_each_time(app: Celery, tmp_path: Path) -> None:
    from taskhub.actors import send_email

    for _ in range(2):
        send_email("user@example.com", "主题", "内容")
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 2


def test_attachments_have_the_type_of_their_names(app: Celery, tmp_path: Path) -> None:
    from taskhub.actors import send_email

    names = {"a.pdf": "application/pdf", "b.csv.gz": "application/octet-stream", "c": None}
    files = dict.fromkeys(names, b"\xff\x00")
    told = send_email.delay("user@example.com", "主题", "内容", attachments=files).get()
    message = message_from_bytes(
        Path(told["destination"]).read_bytes(), policy=email.policy.default
    )
    types = {part.get_filename(): part.get_content_type() for part in message.iter_attachments()}
    assert types == {**names, "c": "application/octet-stream"}


def test_wrong_arguments_are_refused_at_the_call(app: Celery) -> None:
    from taskhub.actors import clear_cache, send_email

    with pytest.raises(TypeError, match="subject"):
        send_email.delay(to="user@example.com")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        clear_cache.delay()  # type: ignore[call-arg]


def test_a_wrong_address_fails_without_a_retry(app: Celery) -> None:
    from taskhub.actors import send_email

    result = send_email.delay(to="nobody", subject="主题", body="内容")
    assert result.state == states.FAILURE
    assert isinstance(result.result, InvalidMailError)
    assert "to: 'nobody' is not an e-mail address" in str(result.result)


def test_a_server_that_is_down_is_tried_again_until_the_retries_are_used_up(
    app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    from taskhub.actors import send_email

    with HangsUp() as server:
        monkeypatch.setenv("TASKHUB_SMTP_URL", f"smtp://127.0.0.1:{server.port}?timeout=5")
        monkeypatch.setenv("TASKHUB_MAIL_FROM", "no-reply@example.com")
        # Run at once, retries do not wait.
        result = send_email.delay(to="user@example.com", subject="主题", body="内容")
    assert result.state == states.FAILURE
    assert isinstance(result.result, TransientMailError)
    assert server.attempts == 1 + 12


def test_clearing_needs_a_cache_and_a_prefix(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    from taskhub.actors import clear_cache

    result = clear_cache.delay(key_prefix="user:*")
    assert isinstance(result.result, CacheConfigurationError)
    assert "TASKHUB_CACHE_URL is not set" in str(result.result)
    # Nobody listens there: it is refused before anybody is asked.
    monkeypatch.setenv("TASKHUB_CACHE_URL", "redis://127.0.0.1:1/0")
    result = clear_cache.delay(key_prefix="*")
    assert isinstance(result.result, InvalidKeyPrefixError)
    assert result.state == states.FAILURE
