"""Results of tasks that ran in the caller's process."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from taskhub import states
from taskhub.exceptions import TaskRevokedError
from taskhub.result import AsyncResult, EagerResult


def test_success() -> None:
    result: EagerResult[int] = EagerResult("one", 1, states.SUCCESS, name="add")

    assert result.ready()
    assert result.successful()
    assert (result.get(), result.wait(), result.result, result.info) == (1, 1, 1, 1)
    assert (result.state, result.status, result.name) == ("SUCCESS", "SUCCESS", "add")
    assert not result.supports_native_join
    assert isinstance(result, AsyncResult)
    assert result == "one"
    assert repr(result) == "<EagerResult: one>"
    assert result.as_tuple() == (("one", None), None)


def test_failure() -> None:
    result: EagerResult[Any] = EagerResult("bad", KeyError("no"), states.FAILURE, "Traceback ...")

    assert result.failed()
    assert result.traceback == "Traceback ..."
    assert isinstance(result.get(propagate=False), KeyError)
    with pytest.raises(KeyError):
        result.get()
    with pytest.raises(Exception, match="only text"):
        EagerResult[Any]("bad", "only text", states.FAILURE).get()


def test_other_states_have_no_value() -> None:
    assert EagerResult[Any]("again", KeyError(), states.RETRY).get() is None


def test_revoke() -> None:
    result: EagerResult[int] = EagerResult("one", 1, states.SUCCESS)
    result.revoke()

    assert result.state == "REVOKED"
    with pytest.raises(TaskRevokedError):
        result.get()


def test_forget_keeps_it() -> None:
    result: EagerResult[int] = EagerResult("one", 1, states.SUCCESS)
    result.forget()

    assert result.get() == 1


def test_callbacks_are_called_at_once() -> None:
    seen: list[Any] = []
    result: EagerResult[int] = EagerResult("one", 1, states.SUCCESS)
    result.then(seen.append)

    assert seen == [result]


def test_copies_and_pickles() -> None:
    result: EagerResult[int] = EagerResult("one", 1, states.SUCCESS, None, "add")

    for other in (copy.copy(result), pickle.loads(pickle.dumps(result))):
        assert (other.id, other.get(), other.state, other.name) == ("one", 1, "SUCCESS", "add")
