"""The first page while some counts of the past are not read yet: they are unknown, not zero."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from taskhub import Celery
from taskhub.cli.top import _chart
from taskhub.web.http.document import load_document
from taskhub.web.queries.outcome_bins import Bin, FailureExample
from taskhub.web.queries.overview import get_overview
from taskhub.web.queries.queues import get_queue
from taskhub.web.queries.store_view import StoreView


class PartlyRead(StoreView):
    """A view of a store of which only the last bin of 72 hours was read.

    Args:
        app: The app.
    """

    def __init__(self, app: Celery) -> None:
        super().__init__(app)
        #: What was counted in that bin.
        self.last: dict[str, Any] = {}

    def read_bins(self, span: str) -> list[Bin]:
        *past, last = super().read_bins(span)
        if span != "72h":
            return [*past, last]
        return [*(Bin(each.number, is_known=False) for each in past), replace(last, **self.last)]


@pytest.fixture
def app() -> Iterator[Celery]:
    with Celery("overview", broker="memory://", set_as_current=False) as made:
        yield made


def test_a_store_is_empty_only_when_all_of_its_counts_were_read(app: Celery) -> None:
    whole = get_overview(StoreView(app), span="1h")
    assert (whole["empty"], whole["complete"]) == (True, True)
    partly = get_overview(PartlyRead(app), span="72h")
    assert (partly["empty"], partly["complete"]) == (False, False)


def test_a_bin_that_was_not_read_is_null(app: Celery) -> None:
    app.send_task("shop.pay")
    store = PartlyRead(app)
    pair = ("shop.pay", "TimeoutError")
    store.last = {
        "outcomes": {"failed": 3},
        "failures": {pair: 3},
        "examples": {pair: FailureExample("slow", "7c1e52a4", 1)},
    }
    found = get_overview(store, span="72h")
    assert found["series"]["outcomes"]["failed"] == [*[None] * 71, 3]
    assert found["series"]["outcomes"]["succeeded"] == [*[None] * 71, 0]
    assert found["failing"]["items"][0]["series"] == [*[None] * 71, 3]
    rates = get_queue(store, "celery", span="72h")["series"]
    assert rates["out_rate"] == [*[None] * 71, 0.0]
    validator = load_document().validator({"$ref": "#/components/schemas/Overview"})
    assert not list(validator.iter_errors(json.loads(json.dumps(found))))
    columns = _chart(found["series"]).columns
    assert [list(column.cells)[2] for column in columns[2:]] == ["3", "3"]
