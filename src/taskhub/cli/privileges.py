"""Whose process it is: `--uid`, `--gid` and `--umask` of `worker` and `beat`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError

F = TypeVar("F", bound=Callable[..., Any])

_CHOSEN = "taskhub.privileges"


def privilege_options(function: F) -> F:
    """Add `--uid`, `--gid` and `--umask` to a command; `drop_privileges` does what they say."""
    for name, metavar, text in (
        ("--umask", "OCTAL", "Take away these permissions of files that are made, e.g. 022."),
        ("--gid", "GROUP", "Go on as this group, by name or number; root only."),
        ("--uid", "USER", "Go on as this user, by name or number; root only."),
    ):
        function = click.option(
            name, metavar=metavar, help=text, expose_value=False, callback=_note
        )(function)
    return function


def _note(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.meta.setdefault(_CHOSEN, {})[parameter.opts[0]] = value


def drop_privileges(context: click.Context) -> None:
    """Go on as the user, the group and with the mask that options name.

    Raises:
        CommandError: there is no such user or group, or this process may not become it.
    """
    chosen: dict[str, str] = context.meta.get(_CHOSEN, {})
    if "--umask" in chosen:
        os.umask(_mask(chosen["--umask"]))
    user = _user(chosen["--uid"]) if "--uid" in chosen else None
    group = _group(chosen["--gid"]) if "--gid" in chosen else None
    try:
        if user is not None:
            group = user[2] if group is None else group
            if os.geteuid() == 0:
                os.initgroups(user[0], group)
        if group is not None and group != os.getegid():
            os.setgid(group)
        if user is not None and user[1] != os.geteuid():
            os.setuid(user[1])
    except PermissionError as error:
        raise CommandError(
            "only root may go on as another user or group "
            f"({' '.join(f'{k} {v}' for k, v in chosen.items())}): "
            "start it as root, or leave that to the service manager",
            exit_codes.USAGE,
        ) from error


def _mask(text: str) -> int:
    try:
        return int(text, 8)
    except ValueError as error:
        raise CommandError(
            f"--umask {text} is not octal: write e.g. 022", exit_codes.USAGE
        ) from error


def _user(text: str) -> tuple[str, int, int]:
    """Return name, number and own group of a user."""
    import pwd

    try:
        found = pwd.getpwuid(int(text)) if text.isdigit() else pwd.getpwnam(text)
    except KeyError as error:
        raise CommandError(f"--uid {text}: there is no such user", exit_codes.USAGE) from error
    return found.pw_name, found.pw_uid, found.pw_gid


def _group(text: str) -> int:
    import grp

    try:
        return (grp.getgrgid(int(text)) if text.isdigit() else grp.getgrnam(text)).gr_gid
    except KeyError as error:
        raise CommandError(f"--gid {text}: there is no such group", exit_codes.USAGE) from error
