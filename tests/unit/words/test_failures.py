"""Exceptions as data, pickled and not."""

from __future__ import annotations

import pickle
import subprocess
import threading
from typing import Any

import pytest

from taskhub import exceptions
from taskhub.serialization.failures import decode_exception, encode_exception, format_traceback
from taskhub.serialization.result_meta import build_meta, decode_meta, encode_meta


class Locked(ValueError):
    """Can't be pickled."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.lock = threading.Lock()


@pytest.mark.parametrize(
    "name",
    [name for name in exceptions.__all__ if name not in ("reraise", "CeleryCommandException")],
)
def test_our_exceptions_come_back_as_our_classes(name: str) -> None:
    kind = getattr(exceptions, name)

    read = decode_exception(encode_exception(kind("a")))

    assert type(read) is kind


def test_arguments_that_json_cannot_hold_are_told() -> None:
    data = encode_exception(ValueError("a", {1}, object))

    assert data["exc_message"] == ("a", "{1}", "<class 'object'>")


def test_nothing_but_exceptions_is_ever_called() -> None:
    called: list[Any] = []
    data: dict[str, Any] = {"exc_module": __name__, "exc_type": "spy", "exc_message": ["x"]}
    globals()["spy"] = called.append

    with pytest.raises(exceptions.SecurityError):
        decode_exception(data)
    data = {"exc_module": "subprocess", "exc_type": "Popen", "exc_message": [["false"]]}
    assert subprocess.Popen is not None
    with pytest.raises(exceptions.SecurityError):
        decode_exception(data)
    assert called == []


def test_with_pickle_the_nearest_that_can_be_pickled_is_stored() -> None:
    stored = pickle.loads(pickle.dumps(encode_exception(Locked("a"), "pickle")))

    assert type(stored) is ValueError
    assert stored.args == ("a",)


def test_with_pickle_an_exception_of_no_use_is_wrapped_and_named() -> None:
    class Local(Exception):
        pass

    stored = pickle.loads(pickle.dumps(encode_exception(Local("a"), "pickle")))
    read = decode_exception(stored)

    assert str(stored) == "Local('a')"
    assert type(read).__name__ == "Local"
    assert read is not None
    assert read.args == ("a",)


def test_a_retry_can_be_pickled_whatever_caused_it() -> None:
    read = pickle.loads(pickle.dumps(exceptions.Retry("m", Locked("a"), 3)))

    assert (read.message, repr(read.exc), read.when) == ("m", "ValueError('a')", 3)


def test_a_traceback_tells_the_causes() -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise ValueError("outer") from error
    except ValueError as error:
        text = format_traceback(error)

    assert "KeyError: 'inner'" in text
    assert text.endswith("ValueError: outer\n")


def test_the_document_is_the_same_as_text_and_as_dictionary() -> None:
    given: dict[str, Any] = {
        "task_id": 'i"d',
        "status": "SUCCESS",
        "result": {"a": 1},
        "children": [[["c", None], None]],
        "group_id": "g",
        "parent_id": "p",
        "date_done": "2030-01-01T00:00:00",
        "extended": {"name": "n", "args": [], "retries": 0},
    }

    assert decode_meta(encode_meta(**given)) == build_meta(**given)
    assert list(decode_meta(encode_meta(**given))) == list(build_meta(**given))


def test_an_unwritable_result_is_told() -> None:
    with pytest.raises(exceptions.EncodeError, match=r"result\['user'\] is of type object"):
        encode_meta(task_id="i", status="SUCCESS", result={"user": object()})
