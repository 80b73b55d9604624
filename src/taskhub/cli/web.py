"""`taskhub web`: the dashboard and its API, and the passwords and tokens of those who use them."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.listeners import listen, listener_url
from taskhub.cli.options import app_options, load_app
from taskhub.cli.output import note
from taskhub.command_hint import command_hint
from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: The port of Flower, so that bookmarks and proxies need not change.
PORT: Final = 5555
PORT_VARIABLE: Final = "TASKHUB_WEB_PORT"
LOOPBACK: Final = "127.0.0.1"
SHORTEST_PASSWORD: Final = 8
_ROLES: Final = ("viewer", "operator", "admin")
_OPENID_SECRET: Final = "TASKHUB_WEB_OPENID_SECRET"
_BASIC_AUTH: Final = "TASKHUB_WEB_BASIC_AUTH"

#: The option for the port of the dashboard; callers give its names and `help`.
port_option = partial(
    click.option,
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    envvar=PORT_VARIABLE,
    show_envvar=True,
    metavar="N",
)


@click.group(invoke_without_command=True, epilog=exit_codes.EXPLAINED)
@app_options
@click.option("--host", default=LOOPBACK, show_default=True, metavar="ADDRESS", help="Listen here.")
@port_option("-p", "--port", help="Listen on this port; 0: any that is free.")
@click.option(
    "--users",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Users and tokens, as `taskhub web password` and `taskhub web token` write them.",
)
@click.option(
    "--basic-auth",
    multiple=True,
    metavar="NAME:PASSWORD",
    help="An admin, as Flower's; others on this host can read it (better: --users, or "
    f"{_BASIC_AUTH}).",
)
@click.option(
    "--proxy",
    multiple=True,
    metavar="ADDRESS",
    help="A proxy that signs users in and names them in --proxy-header; address or network.",
)
@click.option("--proxy-header", default="X-Forwarded-User", show_default=True, metavar="NAME")
@click.option(
    "--proxy-roles-header",
    default="",
    metavar="NAME",
    help="Its header that names roles or groups (default: all are --default-role).",
)
@click.option(
    "--openid",
    metavar="URL",
    help=f"An OpenID Connect provider; the client's secret is taken from {_OPENID_SECRET}.",
)
@click.option("--openid-client", metavar="ID", help="The dashboard's client id there.")
@click.option(
    "--openid-claim",
    default="groups",
    show_default=True,
    metavar="NAME",
    help="The claim that names roles or groups.",
)
@click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="GROUP=ROLE",
    help="Role of a group that the proxy or the provider names.",
)
@click.option(
    "--default-role",
    type=click.Choice(_ROLES),
    help="Role of those for whom none is named (default: viewer behind a proxy, none by OpenID).",
)
@click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="ACTION=ROLE",
    help="Role that an action needs, e.g. queues.purge=operator, arguments.view=viewer.",
)
@click.option(
    "--trusted-proxy",
    multiple=True,
    metavar="ADDRESS",
    help="A proxy whose X-Forwarded-For and X-Forwarded-Proto are believed.",
)
@click.option("--base-path", default="", metavar="PATH", help="Path at which it stands: /tasks.")
@click.option(
    "--certfile", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="For TLS."
)
@click.option(
    "--keyfile", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="For TLS."
)
@click.option("--allow-http", is_flag=True, help="Let passwords travel without TLS.")
@click.option("--title", metavar="TEXT", help="Name on the pages (default: the app's).")
@click.option("--listen-fd", type=int, hidden=True)
@click.option("--copy-log", type=click.Path(dir_okay=False), hidden=True)
@click.option("--while-stdin-is-open", "attached", is_flag=True, hidden=True)
@click.pass_context
def web(context: click.Context, /, **options: Any) -> None:
    """Serve the dashboard and its JSON API (/api/v1).

    Without a way of signing in it answers this host only.
    """
    if context.invoked_subcommand is None:
        if options["attached"]:
            _log_beside_workers(options["copy_log"])
        serve_dashboard(load_app(context), options)


def _log_beside_workers(file: str | None) -> None:
    from taskhub.logs import setup as logs

    logs.set_up("WARNING", logs.handlers(None) + (logs.handlers(file) if file else []))
    # The starter has printed where the store is.
    logging.getLogger("taskhub.app.stores").setLevel(logging.ERROR)


def serve_dashboard(app: Celery, options: dict[str, Any]) -> None:
    """Serve the dashboard until a signal ends it.

    Args:
        app: Whose tasks it shows.
        options: Those of `taskhub web`, by their names.

    Raises:
        CommandError: A package is missing, or an option cannot be used.
    """
    missing = "the dashboard needs more packages: install taskhub-core[web]"
    try:
        from taskhub.web.application import dashboard
        from taskhub.web.server import serve
    except ImportError as error:
        raise CommandError(f"{missing} ({error})", exit_codes.UNAVAILABLE) from error
    from taskhub.web.auth.addresses import is_loopback_host

    host, port = options["host"], options["port"]
    base_path = options["base_path"].rstrip("/")
    if base_path and not base_path.startswith("/"):
        raise CommandError(f"--base-path must begin with /, not {base_path!r}", exit_codes.USAGE)
    auth = _auth(options)
    if not auth and not is_loopback_host(host):
        raise CommandError(
            f"--host {host}: without a way of signing in the dashboard listens on {LOOPBACK} only; "
            f"give it --users ({command_hint('web', 'password', 'NAME', '--file', 'users.txt')} "
            "makes one), --proxy or --openid",
            exit_codes.USAGE,
        )
    try:
        board = dashboard(
            app,
            auth=auth or None,
            roles=_pairs("--role", options["roles"]),
            trusted_proxies=options["trusted_proxy"],
            allow_http=options["allow_http"],
            title=options["title"],
        )
    except ImproperlyConfigured as error:
        raise CommandError(str(error), exit_codes.USAGE) from error
    attached = options.get("attached", False)
    listener = _listener(host, port, options.get("listen_fd"))
    scheme = "https" if options["certfile"] else "http"
    if not attached:
        who = "this host only, nobody has to sign in" if not auth else "sign in to see it"
        address = listener_url(listener, scheme)
        note(f"taskhub web is up at {address}{base_path}/ ({who}); Ctrl-C ends it")
    if auth and scheme == "http" and options["allow_http"]:
        note("passwords travel without TLS: put a proxy with TLS in front of it")
    serve(
        board,
        host=host,
        port=port,
        base_path=base_path,
        certfile=options["certfile"],
        keyfile=options["keyfile"],
        listener=listener,
        attached=attached,
    )


def _listener(host: str, port: int, inherited: int | None) -> socket.socket:
    """Return a socket that listens: one of the starter, or a new one.

    Raises:
        CommandError: The address cannot be used.
    """
    if inherited is not None:
        return socket.socket(fileno=inherited)
    try:
        return listen(host, port)
    except OSError as error:
        detail = error.strerror or str(error)
        raise CommandError(f"cannot listen on {host}:{port}: {detail}") from error


# -- who may use it


def _auth(options: dict[str, Any]) -> list[Any]:
    """Return the ways of signing in that options name."""
    from taskhub.web.auth.methods import OpenID, Passwords, TrustedProxy

    groups = _pairs("--group", options["groups"])
    ways: list[Any] = []
    basic = [*options["basic_auth"], *_from_environment()]
    try:
        if options["users"] is not None and basic:
            lines = options["users"].read_text(encoding="utf-8").splitlines()
            ways.append(Passwords([*lines, *_basic_lines(basic)]))
        elif options["users"] is not None:
            ways.append(Passwords(options["users"]))
        elif basic:
            ways.append(Passwords(_basic_lines(basic)))
        if options["proxy"]:
            proxy = TrustedProxy(
                options["proxy"],
                options["proxy_header"],
                options["proxy_roles_header"],
                options["default_role"] or "viewer",
                groups,
            )
            ways.append(proxy)
        if options["openid"]:
            openid = OpenID(
                options["openid"],
                options["openid_client"] or "",
                os.environ.get(_OPENID_SECRET, ""),
                roles_claim=options["openid_claim"],
                groups=groups,
                role=options["default_role"],
            )
            ways.append(openid)
    except OSError as error:
        raise CommandError(
            f"--users {options['users']}: {error.strerror}", exit_codes.USAGE
        ) from error
    except ImproperlyConfigured as error:
        raise CommandError(str(error), exit_codes.USAGE) from error
    return ways


def _from_environment() -> list[str]:
    return [part for part in os.environ.get(_BASIC_AUTH, "").split(",") if part]


def _basic_lines(pairs: Sequence[str]) -> list[str]:
    from taskhub.web.auth.users_file import hash_password

    lines = []
    for pair in pairs:
        name, colon, password = pair.partition(":")
        if not (name and colon and password) or len(name.split()) != 1:
            raise CommandError("--basic-auth must be NAME:PASSWORD", exit_codes.USAGE)
        lines.append(f"{name} admin {hash_password(password)}")
    return lines


def _pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise CommandError(f"{option} {text!r} must be NAME=ROLE", exit_codes.USAGE)
        pairs[name] = value
    return pairs


# -- passwords and tokens


def _account_options(function: Any) -> Any:
    for decorate in (
        click.option(
            "--file",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Write the line into this file, in place of an earlier one of the name.",
        ),
        click.option("--role", type=click.Choice(_ROLES), default="viewer", show_default=True),
        click.argument("name"),
    ):
        function = decorate(function)
    return function


@web.command(epilog=exit_codes.EXPLAINED)
@_account_options
def password(name: str, role: str, file: Path | None) -> None:
    """Hash a password for the user NAME; it is asked for, or read from standard input."""
    from taskhub.web.auth.users_file import hash_password

    _check_name(name)
    if sys.stdin.isatty():
        secret = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        secret = sys.stdin.readline().rstrip("\r\n")
    if len(secret) < SHORTEST_PASSWORD:
        raise CommandError(
            f"the password is shorter than {SHORTEST_PASSWORD} characters: take a longer one",
            exit_codes.USAGE,
        )
    _write(name, f"{name} {role} {hash_password(secret)}", file)


@web.command(epilog=exit_codes.EXPLAINED)
@_account_options
def token(name: str, role: str, file: Path | None) -> None:
    """Make a token for the API client NAME; it is printed once, only its hash is kept."""
    from taskhub.web.auth.users_file import new_token, token_hash

    _check_name(name)
    secret = new_token()
    if file is None:
        note("line for the users file:")
    _write(name, f"{name} {role} {token_hash(secret)}", file)
    note("token, for `Authorization: Bearer`:")
    click.echo(secret)


def _check_name(name: str) -> None:
    if len(name.split()) != 1 or name.startswith("#"):
        raise CommandError(f"a name must be one word, not {name!r}", exit_codes.USAGE)


def _write(name: str, line: str, file: Path | None) -> None:
    """Print a line of the users file, or put it there."""
    if file is None:
        click.echo(line)
        return
    from taskhub.web.auth.users_file import put_line

    try:
        put_line(file, name, line)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from error
    note(f"{name} stands in {file}")
