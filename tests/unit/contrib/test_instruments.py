"""Several instruments at once: each adds its headers, and the list `baggage` holds those of all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from taskhub import Celery, instrumentation
from taskhub.instrumentation import Headers, Instrument, OutgoingMessage, Sending
from tests.support.in_process import working


class Noting(Instrument):
    """Adds headers of its own name, and notes what it is called for."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.noted: list[str] = []

    def headers(self) -> dict[str, str]:
        return {self.name: "here", "baggage": f"{self.name}=1"}

    def create(self, message: OutgoingMessage) -> Headers:
        return self.headers()

    def send(self, message: OutgoingMessage) -> Sending:
        sending = Sending()
        sending.headers = self.headers()
        return sending

    def begin(self, delivery: Any, app: Any) -> str:
        self.noted.append("begin")
        return self.name

    def end(self, run: str, delivery: Any, outcome: Any) -> None:
        assert run == self.name
        self.noted.append(f"end {outcome.state}")

    def leave(self, run: str) -> None:
        self.noted.append("leave")


@pytest.fixture
def instruments() -> Iterator[tuple[Noting, Noting]]:
    both = Noting("first"), Noting("second")
    for each in both:
        instrumentation.install(each)
    yield both
    for each in both:
        instrumentation.uninstall(each)
    assert instrumentation.active == ()


def test_each_instrument_is_called_and_headers_are_joined(
    instruments: tuple[Noting, Noting],
) -> None:
    app = Celery("both", broker="memory://")

    @app.task(bind=True)
    def shows(self: Any) -> Any:
        return dict(self.request.headers)

    with working(app):
        found = shows.apply_async(headers={"own": "kept"}).get(timeout=10)
        member = app.signature(shows.s()).apply_async().get(timeout=10)
    expected = {"first": "here", "second": "here", "baggage": "first=1,second=1"}
    assert found == {**expected, "own": "kept"}
    assert member == expected
    for each in instruments:
        assert each.noted == ["begin", "end SUCCESS", "leave"] * 2
