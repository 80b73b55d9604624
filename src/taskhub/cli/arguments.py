"""The arguments of `taskhub call`, as people write them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.worker import split_names


def positional(text: str | None) -> list[Any]:
    """Read `--args`.

    Raises:
        CommandError: it is not a list in JSON.
    """
    value = _json("--args", text, "'[1, \"two\"]'") if text else []
    if not isinstance(value, list):
        raise CommandError("--args must be a list in JSON, e.g. '[1, \"two\"]'", exit_codes.USAGE)
    return value


def named(text: str | None, option: str = "--kwargs") -> dict[str, Any]:
    """Read `--kwargs`, or another option of its form.

    Raises:
        CommandError: it is not an object in JSON.
    """
    value = _json(option, text, "'{\"name\": 1}'") if text else {}
    if not isinstance(value, dict):
        raise CommandError(
            f"{option} must be an object in JSON, e.g. '{{\"name\": 1}}'", exit_codes.USAGE
        )
    return value


def check_fit(task: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Check that arguments fit the signature of a task.

    Raises:
        CommandError: they do not.
    """
    if task.typing is False:
        return
    try:
        signature = inspect.signature(task.run)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise CommandError(
            f"{task.name}: {error}; it takes {_shown(signature)}", exit_codes.USAGE
        ) from error


def some_names(option: str, given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names in texts with commas; none if the option was not given.

    Raises:
        CommandError: it was given, and names nothing: an empty variable must not stand for
            everything.
    """
    found = split_names(given)
    if given and not found:
        raise CommandError(
            f"{option} names nothing: give a name, or leave it out for all", exit_codes.USAGE
        )
    return found


def refuse_unreadable(*texts: str | None) -> None:
    """Refuse arguments that are not UTF-8, which no worker could read.

    Raises:
        CommandError: one is not.
    """
    for text in texts:
        if text is not None and any("\ud800" <= sign <= "\udfff" for sign in text):
            raise CommandError(f"{text!a} is not UTF-8: write it in UTF-8", exit_codes.USAGE)


def near_tasks(name: str, known: Sequence[str]) -> list[str]:
    """Return the tasks, three at most, whose names resemble one."""
    near = get_close_matches(name, known, 3, 0.6)
    last_parts = {task.rpartition(".")[2]: task for task in known}
    near += [
        last_parts[part]
        for part in get_close_matches(name.rpartition(".")[2], last_parts, 2, 0.7)
        if last_parts[part] not in near
    ]
    return near[:3]


def unknown_task(name: str, known: Sequence[str]) -> CommandError:
    """Return the error for a task that the app does not have."""
    ours = [task for task in known if not task.startswith("celery.")]
    near = near_tasks(name, ours)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif ours:
        hint = f"its tasks are {', '.join(sorted(ours)[:8])}{', ...' if len(ours) > 8 else ''}"
    else:
        hint = "the app has no tasks: name another with -A"
    return CommandError(
        f"there is no task {name!r}: {hint} (--unregistered sends it anyway)", exit_codes.USAGE
    )


def _json(option: str, text: str, example: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise CommandError(
            f"{option} is not JSON ({error}): write for example {option} {example}",
            exit_codes.USAGE,
        ) from error


def _shown(signature: inspect.Signature) -> str:
    bare = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
    ]
    return str(inspect.Signature(bare))
