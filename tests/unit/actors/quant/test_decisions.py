"""Decisions about answers: whether to believe them, what they change, what an error means."""

from __future__ import annotations

import pytest
import requests
import sqlalchemy.exc

from taskhub.actors.quant import (
    DatabaseNotReadyError,
    DatabaseUnavailableError,
    QuantConfigurationError,
    SourceSchemaError,
    SourceUnavailableError,
    SuspiciousAnswerError,
    SyncReport,
    total,
)
from taskhub.actors.quant.plausibility import check_size, with_suspensions_marked
from taskhub.actors.quant.source.errors import source_error
from taskhub.actors.quant.storage.changes import compare
from taskhub.actors.quant.storage.errors import database_error


@pytest.mark.parametrize(("received", "present"), [(5, 9), (2750, 5500), (1, 0), (6000, 5500)])
def test_answers_of_half_the_size_are_believed(received: int, present: int) -> None:
    check_size("stocks:cn", "somebody", received, present)


@pytest.mark.parametrize(("received", "present"), [(0, 5500), (0, 0), (2749, 5500)])
def test_others_are_not_and_the_figures_are_told(received: int, present: int) -> None:
    with pytest.raises(SuspiciousAnswerError, match=f"last time there were {present}"):
        check_size("stocks:cn", "somebody", received, present)


def test_force_takes_a_small_answer_but_not_an_empty_one() -> None:
    check_size("stocks:cn", "somebody", 1, 5500, force=True)
    with pytest.raises(SuspiciousAnswerError):
        check_size("stocks:cn", "somebody", 0, 5500, force=True)


def test_a_board_may_have_no_members() -> None:
    check_size("concept members:BK1", "somebody", 0, 0)
    with pytest.raises(SuspiciousAnswerError):
        check_size("concept members:BK1", "somebody", 0, 3)


def test_suspensions_are_told_only_when_others_trade() -> None:
    assert with_suspensions_marked([True, True, False]) == [False, False, True]
    assert with_suspensions_marked([True, False, False]) == [None, None, None]
    assert with_suspensions_marked([]) == []


def test_rows_are_told_apart_and_put_in_order() -> None:
    present = {("a",): (1,), ("b",): (2,), ("c",): None, ("d",): (4,), ("e",): None}
    changes = compare(present, [(("z",), (9,)), (("c",), (3,)), (("b",), (5,)), (("a",), (1,))])
    assert changes.new == [(("z",), (9,))]
    assert changes.changed == [(("b",), (5,)), (("c",), (3,))]
    assert (changes.unchanged, changes.gone) == (1, [("d",)])


def status(code: int) -> requests.HTTPError:
    response = requests.Response()
    response.status_code = code
    return requests.HTTPError("no", response=response)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (status(429), SourceUnavailableError),
        (status(456), SourceUnavailableError),
        (status(502), SourceUnavailableError),
        (status(404), SourceSchemaError),
        (requests.Timeout("slow"), SourceUnavailableError),
        (requests.exceptions.JSONDecodeError("broken", "{", 1), SourceUnavailableError),
        (ConnectionResetError(104, "reset"), SourceUnavailableError),
        (ZeroDivisionError(), SuspiciousAnswerError),
        (TypeError("'NoneType' object is not subscriptable"), SuspiciousAnswerError),
        (KeyError("f12"), SourceSchemaError),
        (ValueError("Length mismatch: Expected axis has 33 elements"), SourceSchemaError),
    ],
)
def test_errors_mean_that_it_may_pass_or_that_somebody_has_to_look(
    error: Exception, kind: type[Exception]
) -> None:
    meaning = source_error(error, "stock_zh_a_spot_em")
    assert type(meaning) is kind
    assert str(meaning).startswith("stock_zh_a_spot_em ")


def test_what_no_source_does_is_not_explained_away() -> None:
    assert source_error(MemoryError(), "stock_zh_a_spot_em") is None


@pytest.mark.parametrize(
    ("place", "detail", "kind", "told"),
    [
        ("sqlite:///x", "database is locked", DatabaseUnavailableError, "what else writes to it"),
        ("sqlite:///x", "unable to open database file", QuantConfigurationError, "correct TASKHUB"),
        ("sqlite:///x", "file is not a database", QuantConfigurationError, "correct TASKHUB"),
        ("sqlite:///x", "attempt to write a readonly database", QuantConfigurationError, "right"),
        ("postgresql://h/d", "Connection refused", DatabaseUnavailableError, "start the server"),
        ("postgresql://h/d", 'role "u" does not exist', QuantConfigurationError, "correct TASKHUB"),
        ("postgresql://h/d", "permission denied for table x", QuantConfigurationError, "right"),
        ("postgresql://h/d", 'relation "x" does not exist', DatabaseNotReadyError, "db upgrade"),
        ("mysql://h/d", "Unknown database 'd'", QuantConfigurationError, "make the database"),
        ("mysql://h/d", "INSERT command denied to user", QuantConfigurationError, "right"),
    ],
)
def test_errors_of_databases_say_what_to_do(
    place: str, detail: str, kind: type[Exception], told: str
) -> None:
    error = sqlalchemy.exc.OperationalError("SELECT 1", {}, Exception(detail))
    meaning = database_error(error, place)
    assert type(meaning) is kind
    assert detail in str(meaning)
    assert told in str(meaning)


def test_reports_travel_as_plain_values() -> None:
    report = SyncReport(
        kind="bars:600000.SH", received=3, inserted=2, warnings=("odd",), seconds=0.5
    )
    assert SyncReport.from_dict(report.as_dict()) == report
    assert "error" not in report.as_dict()


def test_sums_tell_what_failed() -> None:
    good = SyncReport(kind="bars:a", received=3, inserted=2, unchanged=1, source="x")
    bad = SyncReport(kind="bars:b", state="failed", error="no luck")
    assert total("bars", [good]).state == "synced"
    mixed = total("bars", [good, bad, good])
    assert (mixed.state, mixed.inserted, mixed.failures) == ("partly", 4, 1)
    assert mixed.failed == {"bars:b": "no luck"}
    assert total("bars", [bad, bad]).state == "failed"
    assert total("bars", [good, good], 2.5).seconds == 2.5
