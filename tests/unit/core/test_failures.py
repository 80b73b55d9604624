"""Exceptions as data, pickled and not."""

from __future__ import annotations

import json
import pickle
import subprocess
import threading
from collections.abc import Callable
from typing import Any

import pydantic
import pytest

from taskhub import exceptions
from taskhub.serialization.failures import decode_exception, encode_exception, format_traceback
from taskhub.serialization.result_meta import decode_meta, encode_meta


class Locked(ValueError):
    """Can't be pickled."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.lock = threading.Lock()


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in exceptions.__all__
        # The last two are `SystemExit`s, which would end the program that reads the result.
        if name not in ("reraise", "CeleryCommandException", "WorkerShutdown", "WorkerTerminate")
    ],
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


def test_the_fields_of_the_document_are_in_celery_s_order() -> None:
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

    expected = {
        "status": "SUCCESS",
        "result": {"a": 1},
        "traceback": None,
        "children": [[["c", None], None]],
        "date_done": "2030-01-01T00:00:00",
        "group_id": "g",
        "parent_id": "p",
        "name": "n",
        "args": [],
        "retries": 0,
        "task_id": 'i"d',
    }
    assert list(decode_meta(encode_meta(**given)).items()) == list(expected.items())


def test_an_unwritable_result_is_told() -> None:
    with pytest.raises(exceptions.EncodeError, match=r"result\['user'\] is of type object"):
        encode_meta(task_id="i", status="SUCCESS", result={"user": object()})


class OfTwo(LookupError):
    """Can't be made again from what its parent keeps."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(what)
        self.where = where

    def __str__(self) -> str:
        return f"no {self.args[0]} in {self.where}"


class OfItsOwnWords(Exception):
    """Is made of nothing, and says something."""

    def __str__(self) -> str:
        return "own words"


class Whole(pydantic.BaseModel):
    """A model."""

    number: int


def of_pydantic() -> Exception:
    """Return pydantic's error, which has no arguments."""
    with pytest.raises(pydantic.ValidationError) as caught:
        Whole(number="zz")  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("make", "parent", "words"),
    [
        (of_pydantic, ValueError, "unable to parse string as an integer"),
        (lambda: OfTwo("bread", "house"), LookupError, "no bread in house"),
        (OfItsOwnWords, OfItsOwnWords, "own words"),
    ],
)
def test_the_text_of_what_cannot_be_made_again_is_kept(
    make: Callable[[], Exception], parent: type[Exception], words: str
) -> None:
    error = make()
    data = json.loads(json.dumps(encode_exception(error)))

    read = decode_exception(data)
    elsewhere = decode_exception({**data, "exc_module": "not.loaded"})

    assert isinstance(read, parent)
    for found in (read, elsewhere):
        assert type(found).__name__ == type(error).__name__
        assert str(found) == str(error)
        assert words in str(found)


@pytest.mark.parametrize("error", [ValueError("a"), KeyError("a"), OSError(2, "a"), ValueError()])
def test_nothing_is_stored_beside_arguments_that_say_all(error: Exception) -> None:
    assert set(encode_exception(error)) == {"exc_type", "exc_message", "exc_module"}
