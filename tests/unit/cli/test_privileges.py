"""`--uid`, `--gid` and `--umask`."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from taskhub.cli.command_runner import CommandError
from taskhub.cli.privileges import drop_privileges, privilege_options

PROGRAM = """
import json, os
from tests.unit.cli.test_privileges import command
command(standalone_mode=False)
mask = os.umask(0)
print(json.dumps([os.getuid(), os.getgid(), mask]))
"""


@click.command
@privilege_options
@click.pass_context
def command(context: click.Context) -> None:
    drop_privileges(context)


def after(*arguments: str) -> list[int]:
    """Return user, group and mask of a process that was given these."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[int] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_process_goes_on_as_another_user() -> None:
    import pwd

    nobody = pwd.getpwnam("nobody")
    arguments = ("--uid", "nobody", "--umask", "027")
    assert after(*arguments) == [nobody.pw_uid, nobody.pw_gid, 0o27]
    assert after("--uid", str(nobody.pw_uid), "--gid", "0")[:2] == [nobody.pw_uid, 0]


def test_its_own_user_is_no_change() -> None:
    assert after("--uid", str(os.geteuid()), "--gid", str(os.getegid()))[:2] == [
        os.geteuid(),
        os.getegid(),
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--uid", "nobody-of-this-name"], "no such user"),
        (["--gid", "no-group-of-this-name"], "no such group"),
        (["--umask", "rwx"], "is not octal"),
    ],
)
def test_what_cannot_be_is_said(arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        CliRunner().invoke(command, arguments, standalone_mode=False, catch_exceptions=False)
