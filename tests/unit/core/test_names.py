"""Which names and ids can go into the store."""

from __future__ import annotations

import enum
import uuid
from typing import Any

import pytest

from taskhub.names import check_id, check_name, check_queue


class Queues(str, enum.Enum):  # noqa: UP042 - what is tried
    """As many programs name theirs; as a text, `format` and `str` show something else."""

    EMAIL = "email"


class Named:
    """As kombu's `Queue`."""

    def __init__(self, name: Any) -> None:
        self.name = name


WRONG_TEXTS = ["", "a\nb", "email\n", "a\rb", "a\0b", "\ud800"]
NO_TEXTS = [None, 5, b"email", ["email"], object()]


@pytest.mark.parametrize("name", ["email", "a b", "a.b-c:d/e", "邮件", "a\tb"])
def test_a_text_is_a_name(name: str) -> None:
    assert check_name("queue", name) == check_id("task_id", name) == check_queue(name) == name


@pytest.mark.parametrize("check", [check_name, check_id])
@pytest.mark.parametrize("name", WRONG_TEXTS)
def test_a_text_that_cannot_be_stored_is_refused(check: Any, name: str) -> None:
    with pytest.raises(ValueError, match=r"^the thing .* cannot be used"):
        check("the thing", name)


@pytest.mark.parametrize("check", [check_name, check_id])
@pytest.mark.parametrize("name", NO_TEXTS)
def test_what_is_no_text_is_refused(check: Any, name: Any) -> None:
    with pytest.raises(TypeError, match=r"^the thing .* must be a text, not of type"):
        check("the thing", name)


def test_an_error_shows_the_beginning_of_a_long_name_only() -> None:
    with pytest.raises(ValueError, match="cannot be used") as caught:
        check_name("queue", "a\n" * 10_000)
    assert len(str(caught.value)) < 250


def test_a_uuid_is_an_id_but_no_name() -> None:
    value = uuid.uuid4()
    assert check_id("task_id", value) == str(value)
    with pytest.raises(TypeError):
        check_name("queue", value)


def test_a_member_of_an_enum_of_texts_is_its_text() -> None:
    found = check_queue(Queues.EMAIL)
    assert type(found) is str
    assert f"{found}" == "email"


def test_an_object_with_a_name_is_a_queue() -> None:
    assert check_queue(Named("email")) == "email"
    with pytest.raises(ValueError, match="queue"):
        check_queue(Named("a\nb"))
    with pytest.raises(TypeError, match="queue"):
        check_queue(Named(None))
