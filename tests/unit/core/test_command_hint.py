"""Commands in messages can be copied: they say which app and which stores are meant, and no secrets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taskhub.command_hint import (
    adopt_options,
    command_hint,
    given_options,
    given_program,
    remember_option,
    reset_options,
)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    reset_options()
    yield
    reset_options()


def test_without_options_it_is_the_bare_command() -> None:
    assert command_hint("worker", "-Q", "two words") == "`taskhub worker -Q 'two words'`"


def test_options_stand_before_the_command() -> None:
    remember_option("-A", "shop")
    remember_option("-b", "redis://store:6379/1")
    remember_option("--workdir", "/srv/the shop")
    assert command_hint("dead", "list") == (
        "`taskhub -A shop -b redis://store:6379/1 --workdir '/srv/the shop' dead list`"
    )


def test_a_url_with_a_password_is_named_and_not_shown() -> None:
    remember_option("-A", "shop")
    remember_option("-b", "redis://:secret@store")
    remember_option("--result-backend", "redis://store?password=secret")
    assert command_hint("worker") == (
        "`taskhub -A shop worker` (with the same -b or TASKHUB_BROKER_URL "
        "and the same --result-backend or TASKHUB_RESULT_BACKEND)"
    )
    assert "secret" not in str(given_options())


def test_under_celerys_name_commands_are_celerys_where_they_mean_the_same() -> None:
    reset_options("celery")
    remember_option("-A", "shop", adopted=True)
    assert command_hint("worker") == "`celery worker`"
    assert command_hint("status") == "`taskhub -A shop status`"
    remember_option("-A", "other")
    assert command_hint("worker") == "`celery -A other worker`"
    assert command_hint("status") == "`taskhub -A other status`"


@pytest.mark.parametrize("program", ["python manage.py taskhub", "flask --app shop taskhub"])
def test_all_commands_of_an_apps_own_program_are_its(program: str) -> None:
    reset_options(program)
    for command in ("worker", "status", "migrate"):
        assert command_hint(command) == f"`{program} {command}`"
    taken, name = given_options(), given_program()
    reset_options()
    adopt_options(taken, name)
    assert command_hint("doctor") == f"`{program} doctor`"


def test_another_process_may_take_them_over() -> None:
    remember_option("-A", "shop")
    remember_option("-b", "redis://:secret@store")
    taken, here = given_options(), command_hint("worker")
    reset_options("celery")
    adopt_options(taken)
    assert command_hint("worker") == here
