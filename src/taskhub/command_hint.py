"""Commands in messages, to be copied: with the app and stores that this process was given."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from taskhub.config.urls import mask_url

__all__ = (
    "adopt_options",
    "command_hint",
    "given_options",
    "given_program",
    "is_of_an_app",
    "remember_option",
    "reset_options",
    "serving_hint",
)

TASKHUB = "taskhub"
CELERY = "celery"
#: Commands that are others under the name `celery`, so that only `taskhub` has what is meant.
_NOT_CELERYS = frozenset({"status", "migrate"})
#: Where a URL with a password belongs, which is never shown.
_VARIABLES = {"-b": "TASKHUB_BROKER_URL", "--result-backend": "TASKHUB_RESULT_BACKEND"}

#: No command line is to be longer for a name.
_LONGEST_NAME = 200

_program = TASKHUB
#: Option -> value; None: a URL that is not to be shown.
_options: dict[str, str | None] = {}
#: Options that stand in variables which only another program than `taskhub` reads.
_adopted: dict[str, str | None] = {}


def reset_options(program: str = TASKHUB) -> None:
    """Forget all options; commands are those of this program from now on."""
    global _program
    _program = program
    _options.clear()
    _adopted.clear()


def remember_option(option: str, value: str, *, adopted: bool = False) -> None:
    """Let commands in messages have an option, e.g. `-A`, that stands before the command's name.

    Args:
        option: Its name.
        value: Its value; it is not shown if it is a URL with a password.
        adopted: It was not given, but stands in a variable that only the program which runs
            here reads.
    """
    target = _adopted if adopted else _options
    target[option] = None if mask_url(value) != value else value


def given_options() -> Mapping[str, str | None]:
    """Return the options that commands in messages have: no secrets, so they may be passed on."""
    return dict(_options)


def given_program() -> str:
    """Return the program whose commands stand in messages, e.g. "python manage.py taskhub"."""
    return _program


def is_of_an_app(program: str) -> bool:
    """Return whether commands of a program need no `-A`, since it is the program of an app."""
    return program not in (TASKHUB, CELERY)


def adopt_options(options: Mapping[str, str | None], program: str = TASKHUB) -> None:
    """Let commands in messages be as in another process.

    Args:
        options: The options that it was given.
        program: Its program.
    """
    reset_options(program)
    _options.update(options)


def command_hint(*words: str) -> str:
    """Return a command in backticks, with the options that this process was given.

    A URL with a password is not shown; what stands behind the command then says where it belongs.

    Args:
        words: The command's name and arguments.

    Returns:
        For example "`taskhub -A shop worker -Q mail`".
    """
    is_celerys = _program == CELERY
    program = TASKHUB if is_celerys and words and words[0] in _NOT_CELERYS else _program
    before: list[str] = []
    hidden: list[str] = []
    options = {**_adopted, **_options} if program != _program else _options
    for option, value in options.items():
        if value is None:
            hidden.append(f"the same {option} or {_VARIABLES.get(option, option)}")
        else:
            before += [option, value]
    command = f"`{shlex.join((*program.split(), *before, *words))}`"
    return f"{command} (with {' and '.join(hidden)})" if hidden else command


def serving_hint(queue: str) -> str:
    """Return how to start a worker that serves a queue, whatever the queue's name is."""
    # As `-Q` reads it: several names, parted by commas, without the blanks around them.
    if queue == queue.strip() and "," not in queue and len(queue) <= _LONGEST_NAME:
        return command_hint("worker", "-Q", queue)
    worker = command_hint("worker")
    return f"{worker} of an app that has it in task_queues, since -Q can't give this name"
