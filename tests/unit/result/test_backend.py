"""What people call on `app.backend`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from taskhub import states
from taskhub.app.app import Celery
from taskhub.exceptions import ContentDisallowed, EncodeError, TimeoutError
from taskhub.execution.request import Context
from taskhub.result import AsyncResult, EagerResult
from taskhub.result.backend import Backend

Call = Callable[..., None]


def test_reading(app: Celery, end: Call) -> None:
    end("bad", KeyError("key"), states.FAILURE, "Traceback ...")
    backend = app.backend

    assert backend.get_state("bad") == backend.get_status("bad") == "FAILURE"
    assert isinstance(backend.get_result("bad"), KeyError)
    assert backend.get_traceback("bad") == "Traceback ..."
    assert backend.get_children("bad") == []
    assert backend.task_result_exists("bad")
    assert not backend.task_result_exists("nobody")
    assert backend.get_task_meta("nobody") == {"status": "PENDING", "result": None}
    assert not backend.is_cached("bad")


def test_marks(app: Celery) -> None:
    backend = app.backend
    backend.mark_as_started("one", pid=1)
    assert (backend.get_state("one"), backend.get_result("one")) == ("STARTED", {"pid": 1})
    backend.mark_as_retry("one", ConnectionError("gone"))
    assert backend.get_state("one") == "RETRY"
    backend.mark_as_done("one", 1)
    assert (backend.get_state("one"), backend.get_result("one")) == ("SUCCESS", 1)
    backend.mark_as_failure("one", KeyError())
    backend.mark_as_started("one")
    assert backend.get_state("one") == "SUCCESS"
    backend.mark_as_failure("two", KeyError("key"), "Traceback ...")
    assert backend.get_traceback("two") == "Traceback ..."
    backend.mark_as_revoked("three", "revoked")
    assert backend.get_state("three") == "REVOKED"
    backend.mark_as_done("four", 1, request=Context(ignore_result=True))
    assert backend.get_state("four") == "PENDING"
    backend.forget("one")
    assert backend.get_state("one") == "PENDING"


def test_what_the_request_tells_is_stored(app: Celery) -> None:
    app.conf.result_extended = True
    request = Context(
        task="add",
        args=[1],
        kwargs={},
        hostname="celery@here",
        retries=1,
        group="g",
        parent_id="p",
        delivery_info={"routing_key": "slow"},
    )
    request.children.append(EagerResult[Any]("child", 1, states.SUCCESS))

    app.backend.store_result("one", 1, states.SUCCESS, request=request)

    meta = app.backend.get_task_meta("one")
    meta.pop("date_done")
    assert meta == {
        "status": "SUCCESS",
        "result": 1,
        "traceback": None,
        "children": [[["child", None], None]],
        "group_id": "g",
        "parent_id": "p",
        "name": "add",
        "args": [1],
        "kwargs": {},
        "worker": "celery@here",
        "retries": 1,
        "queue": "slow",
        "task_id": "one",
    }


def test_what_cannot_be_written_is_refused(app: Celery) -> None:
    with pytest.raises(EncodeError):
        app.backend.store_result("one", object(), states.SUCCESS)


def test_waiting(app: Celery, end: Call, later: Call) -> None:
    later(end, "one", 1)
    end("two", 2)

    assert app.backend.wait_for("one", timeout=5)["result"] == 1
    assert dict(app.backend.get_many(["one", "two"], timeout=5)).keys() == {"one", "two"}
    assert list(app.backend.get_many(["never"], max_iterations=1)) == []
    with pytest.raises(TimeoutError):
        app.backend.wait_for("never", timeout=0.01)


def test_keys(app: Celery) -> None:
    backend = app.backend

    assert backend.get_key_for_task("one") == b"celery-task-meta-one"
    assert backend.get_key_for_group("one", ".x") == b"celery-taskset-meta-one.x"
    assert backend.get_key_for_chord("one") == b"chord-unlock-one"
    with pytest.raises(ValueError, match="task_id"):
        backend.get_key_for_task("")


def test_forms(app: Celery) -> None:
    backend = app.backend
    result: AsyncResult[Any] = AsyncResult("one", app=app)

    assert backend.decode(backend.encode({"a": b"bytes"})) == {"a": b"bytes"}
    assert backend.decode(None) is None
    assert backend.prepare_value(result) == (("one", None), None)
    stored = backend.prepare_exception(KeyError("key"))
    assert stored == {"exc_type": "KeyError", "exc_message": ("key",), "exc_module": "builtins"}
    assert isinstance(backend.exception_to_python(stored), KeyError)
    meta = backend.meta_from_decoded({"status": "FAILURE", "result": stored})
    assert isinstance(meta["result"], KeyError)
    assert backend.encode_result(KeyError("key"), "FAILURE") == stored
    assert backend.encode_result(KeyError, "SUCCESS") is KeyError


def test_pickle_is_read_only_where_it_is_accepted(app: Celery) -> None:
    pickling = Backend(app, serializer="pickle", accept=["pickle"])
    body = pickling.encode({"status": "SUCCESS", "result": {1}})

    assert pickling.decode_result(body)["result"] == {1}
    with pytest.raises(ContentDisallowed):
        Backend(app, serializer="pickle").decode_result(body)


def test_expiry(app: Celery) -> None:
    assert app.backend.expires == 86400
    assert Backend(app, expires=timedelta(minutes=1)).expires == 60
    assert Backend(app, expires=0).expires == 0


def test_failures_expire_by_their_own_setting(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    app.conf.result_failure_expires = 5
    lives: list[int | None] = []
    monkeypatch.setattr(
        app.engine, "store_state", lambda _id, _document, ttl: lives.append(ttl) or True
    )

    for state in (states.SUCCESS, states.FAILURE):
        app.backend.store_result("one", None, state)
    Backend(app, expires=0).store_result("one", None, states.SUCCESS)

    assert lives == [86_400_000, 5000, None]


def test_the_address_is_shown_without_its_password() -> None:
    app = Celery("tests", broker="redis://:secret@localhost:1/3", set_as_current=False)
    elsewhere = Backend(app, url="redis://:secret@other:2/1")

    assert app.backend.as_uri() == "redis://:**@localhost:1/3"
    assert app.backend.as_uri(include_password=True) == "redis://:secret@localhost:1/3"
    assert elsewhere.as_uri() == "redis://:**@other:2/1"


def test_looking_for_what_eager_tasks_do_not_store_warns(app: Celery) -> None:
    app.conf.task_always_eager = True

    with pytest.warns(RuntimeWarning, match="task_store_eager_result"):
        app.backend.get_state("one")
