"""Names that are no options of calls or tasks, but resemble one, are warned of."""

from __future__ import annotations

import warnings

import pytest

from taskhub.call.options import KNOWN, message_properties, warn_of_option
from taskhub.exceptions import ConfigurationWarning
from taskhub.testing import TestApp


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("que", "queue"), ("queues", "queue"), ("priorty", "priority"), ("expiry", "expires")),
        *(("count_down", "countdown"), ("taskid", "task_id"), ("on_error", "link_error")),
        *(
            ("serialiser", "serializer"),
            ("soft_limit", "soft_time_limit"),
            ("parent_ids", "parent_id"),
        ),
    ],
)
def test_a_name_near_an_option_is_warned_of(written: str, meant: str) -> None:
    warn_of_option.cache_clear()
    with pytest.warns(ConfigurationWarning, match=rf"{written}= .* Did you mean {meant}=\?"):
        assert message_properties({written: 1}) == {written: 1}


@pytest.mark.parametrize(
    "name",
    [
        "tenant",
        "group",
        "result",
        "trace_id",
        "span_id",
        "correlation_id",
        "content_type",
        "tags",
        "x",
    ],
)
def test_other_names_are_properties(name: str) -> None:
    warn_of_option.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert message_properties({name: 1, "queue": "mail"}) == {name: 1}
    assert name not in KNOWN


def test_so_are_names_in_the_declaration_of_a_task() -> None:
    app = TestApp("unknown_options")
    with pytest.warns(ConfigurationWarning, match=r"que= is no option of a task.*mean queue=\?"):
        assert app.task(name="t", que="mail")(int).name == "t"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert app.task(name="u", group="mail", tags=("a",))(int).name == "u"
    app.close()
