"""Tasks that take and return pydantic models."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError, ValidationInfo, field_validator

from taskhub import Celery, Task
from taskhub.message import decode_body


class Order(BaseModel):
    number: int
    note: str = ""


class Receipt(BaseModel):
    total: int


class Named(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def add_task(cls, value: str, info: ValidationInfo) -> str:
        context: dict[str, Any] = info.context or {}
        return f"{value} in {context.get('celery_task_name')} for {context.get('mine')}"


@pytest.fixture
def app() -> Celery:
    return Celery("models", broker="memory://")


def sent(app: Celery, task: Task[Any, Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    task.delay(*args, **kwargs)
    [envelope] = app.engine.waiting("celery", 0, 10)
    return decode_body(envelope.body)


def test_models_travel_as_plain_data(app: Celery) -> None:
    @app.task(pydantic=True)
    def take(order: Order, *, other: Order | None = None) -> Receipt:
        return Receipt(total=order.number)

    message = sent(app, take, Order(number=3), other=Order(number=4, note="x"))

    assert message["args"] == [{"number": 3, "note": ""}]
    assert message["kwargs"] == {"other": {"number": 4, "note": "x"}}
    assert take.apply(({"number": 3},)).get() == {"total": 3}


def test_data_that_is_no_model_fails_the_task(app: Celery) -> None:
    @app.task(pydantic=True)
    def take(order: Order) -> None:
        raise AssertionError("not reached")

    result = take.apply(({"number": "many"},))

    assert result.state == "FAILURE"
    assert isinstance(result.result, ValidationError)


def test_strict_models_convert_nothing(app: Celery) -> None:
    @app.task(pydantic=True, pydantic_strict=True)
    def take(order: Order) -> int:
        return order.number

    assert take.apply(({"number": 3},)).get() == 3
    assert take.apply(({"number": "3"},)).state == "FAILURE"


def test_bound_tasks_and_other_arguments(app: Celery) -> None:
    @app.task(pydantic=True, bind=True)
    def take(self: Task[..., Any], order: Order, plain: dict[str, int], *rest: int) -> list[Any]:
        return [self.name, type(order).__name__, plain, rest]

    message = sent(app, take, Order(number=1), {"a": 1}, 5)

    assert message["args"] == [{"number": 1, "note": ""}, {"a": 1}, 5]
    assert take.apply(({"number": 1}, {"a": 1}, 5)).get() == [take.name, "Order", {"a": 1}, (5,)]


def test_validators_see_the_context(app: Celery) -> None:
    @app.task(pydantic=True, name="contextual", pydantic_context={"mine": "me"})
    def take(named: Named) -> str:
        return named.name

    assert take.apply(({"name": "n"},)).get() == "n in contextual for me"


def test_dump_options(app: Celery) -> None:
    @app.task(pydantic=True, pydantic_dump_kwargs={"exclude_unset": True})
    def take(order: Order) -> Order:
        return order

    assert take.apply(({"number": 1},)).get() == {"number": 1}


def test_coroutines(app: Celery) -> None:
    @app.task(pydantic=True)
    async def take(order: Order) -> Receipt:
        await asyncio.sleep(0)
        return Receipt(total=order.number)

    assert take.apply(({"number": 2},)).get() == {"total": 2}
