"""Parts of chords name the runs that gave them, and are read with and without that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taskhub import instrumentation
from taskhub.canvas.chord_results import failed_part, join, traces, value_part
from taskhub.exceptions import ChordError
from taskhub.instrumentation import Headers, Instrument

TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


class Tracing(Instrument):
    def current_headers(self) -> Headers:
        return TRACE


@pytest.fixture
def tracing() -> Iterator[None]:
    instrument = Tracing()
    instrumentation.install(instrument)
    yield
    instrumentation.uninstall(instrument)


def test_without_instruments_parts_are_as_they_were() -> None:
    assert value_part({"a": 1}) == '[1,{"a":1}]'
    assert traces([value_part({"a": 1}), failed_part("id", ValueError())]) == []


@pytest.mark.usefixtures("tracing")
def test_parts_name_their_runs_and_give_the_same_values() -> None:
    parts = [value_part(17), value_part({"own": "value"}), value_part(None)]
    assert join("chord", parts) == [17, {"own": "value"}, None]
    assert traces(parts) == [TRACE] * 3
    failed = failed_part("id", ValueError("no luck"))
    assert traces([failed]) == [TRACE]
    with pytest.raises(ChordError, match="Dependency id raised ValueError"):
        join("chord", [failed])


def test_parts_of_workers_without_instruments_are_read_beside_others() -> None:
    assert traces(["[1,17]", '[1,17,{"traceparent":"x"}]', '[0,"id",{"exc_type":"E"}]']) == [
        {"traceparent": "x"}
    ]
