"""Calls of tasks as FastAPI's dependencies."""

from collections.abc import Iterator
from typing import Annotated, Any
from unittest.mock import AsyncMock, Mock

import pytest
from fastapi import FastAPI

from taskhub import Celery, current, shared_task
from taskhub.contrib.fastapi import (
    Enqueue,
    RequestIdMiddleware,
    enqueue,
    lifespan,
    replace_enqueue,
)
from taskhub.exceptions import ImproperlyConfigured
from taskhub.testing import TestApp, record_calls
from tests.support.asgi import ask


@shared_task(name="tests.shared_invoice")
def shared_invoice(order: int) -> str:
    return str(order)


@pytest.fixture
def app() -> Iterator[Celery]:
    with current.kept():
        app = TestApp("fastapi", set_as_current=True)
        yield app
        app.close()


def site_of(app: Celery) -> tuple[FastAPI, Any]:
    """Return a service, and its task."""

    @app.task(name="invoice")
    def invoice(order: int, copies: int = 1) -> str:
        return f"{order} x {copies}"

    site = FastAPI(lifespan=lifespan(app))
    site.add_middleware(RequestIdMiddleware)

    @site.post("/{order}")
    async def one(order: int, send: Enqueue[[int], str] = enqueue(invoice)) -> str:
        return (await send(order)).id

    @site.post("/{order}/late")
    async def late(
        order: int,
        send: Annotated[Enqueue[..., str], enqueue(invoice, queue="late")],
        plain: Annotated[Enqueue[..., str], enqueue(invoice)],
        shared: Annotated[Enqueue[[int], str], enqueue(shared_invoice)],
    ) -> list[str]:
        results = [
            await send.with_options(countdown=60)(order, copies=2),
            await plain(order),
            await shared(order),
        ]
        return [result.id for result in results]

    return site, invoice


def test_endpoints_send_calls(app: Celery) -> None:
    site, invoice = site_of(app)
    with record_calls() as calls:
        answer = ask(site, "/7", method="POST", headers={"X-Request-ID": "seven"})
        assert answer.status_code == 200, answer.text
        sent = calls.assert_sent(invoice, 7)
        assert (sent.id, sent.request_id) == (answer.json(), "seven")
        calls.clear()
        ids = ask(site, "/8/late", method="POST").json()
    assert [call.id for call in calls] == ids
    late, plain, shared = calls
    assert (str(late), late.queue) == ("invoice(8, copies=2)", "late")
    assert late.eta is not None
    assert (plain.queue, plain.eta) == ("celery", None)
    assert str(shared) == "tests.shared_invoice(8)"


def test_a_test_replaces_the_calls_of_a_task(app: Celery) -> None:
    site, invoice = site_of(app)
    send = AsyncMock()
    send.return_value.id = "fake"
    send.with_options = Mock(return_value=send)
    replace_enqueue(site, invoice, send)
    with record_calls() as calls:
        assert ask(site, "/7", method="POST").json() == "fake"
        send.assert_awaited_once_with(7)
        assert ask(site, "/8/late", method="POST").status_code == 200
        assert [call.args for call in send.await_args_list] == [(7,), (8,), (8,)]
    assert [call.task for call in calls] == ["tests.shared_invoice"]


def test_what_is_no_task_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="is for a task, not for <built-in function len"):
        enqueue(len)  # type: ignore[arg-type]
    with pytest.raises(ImproperlyConfigured, match=r"enqueue\(\): queue 5 cannot be used"):
        enqueue(shared_invoice, queue=5)
    with pytest.raises(ImproperlyConfigured, match="no endpoint has enqueue"):
        replace_enqueue(FastAPI(), len, None)  # type: ignore[arg-type]
