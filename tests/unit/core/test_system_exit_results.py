"""`SystemExit` and its like in result documents do not end the program that reads them."""

from __future__ import annotations

import json

import pytest

from taskhub import states
from taskhub.exceptions import WorkerLostError
from taskhub.serialization.failures import as_exception, decode_exception, encode_exception
from taskhub.serialization.result_meta import decode_meta, encode_meta

ENDINGS = [SystemExit(2), KeyboardInterrupt(), GeneratorExit()]


@pytest.mark.parametrize("error", ENDINGS, ids=repr)
@pytest.mark.parametrize("serializer", ["json", "pickle"])
def test_it_is_stored_as_a_lost_worker(error: BaseException, serializer: str) -> None:
    found = decode_exception(encode_exception(error, serializer))
    assert isinstance(found, WorkerLostError)
    assert repr(error) in str(found)


@pytest.mark.parametrize("error", ENDINGS, ids=repr)
def test_one_that_somebody_else_stored_is_read_as_a_lost_worker(error: BaseException) -> None:
    text = encode_meta(task_id="x", status=states.FAILURE, result=ValueError("here"))
    document = json.loads(text)
    document["result"] = {
        "exc_type": type(error).__name__,
        "exc_message": list(error.args),
        "exc_module": "builtins",
    }
    assert isinstance(decode_meta(json.dumps(document))["result"], WorkerLostError)


def test_exceptions_stay_as_they_are() -> None:
    error = ValueError("x")
    assert as_exception(error) is error
