"""`taskhub flower` and `celery flower`: the dashboard with Flower's options."""

from __future__ import annotations

from typing import Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.options import app_options, load_app
from taskhub.cli.output import note
from taskhub.cli.web import LOOPBACK, PORT, serve_dashboard


@click.command(
    epilog=exit_codes.EXPLAINED,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@app_options
@click.option(
    "--port", type=click.IntRange(0, 65535), envvar="FLOWER_PORT", default=PORT, show_default=True
)
@click.option("--address", envvar="FLOWER_ADDRESS", metavar="ADDRESS", help="Listen here.")
@click.option(
    "--basic-auth",
    "--basic_auth",
    envvar="FLOWER_BASIC_AUTH",
    metavar="NAME:PASSWORD[,...]",
    help="Users; without it the dashboard answers this host only.",
)
@click.option(
    "--url-prefix", "--url_prefix", envvar="FLOWER_URL_PREFIX", default="", metavar="PATH"
)
@click.option("--certfile", type=click.Path(exists=True, dir_okay=False), envvar="FLOWER_CERTFILE")
@click.option("--keyfile", type=click.Path(exists=True, dir_okay=False), envvar="FLOWER_KEYFILE")
@click.pass_context
def flower(
    context: click.Context,
    port: int,
    address: str | None,
    basic_auth: str | None,
    url_prefix: str,
    certfile: str | None,
    keyfile: str | None,
) -> None:
    """Serve the dashboard with Flower's options; `taskhub web` has more."""
    if context.args:
        note(f"without effect here: {' '.join(context.args)}")
    users = [pair for pair in (basic_auth or "").split(",") if pair]
    prefix = url_prefix.strip("/")
    options: dict[str, Any] = {
        "host": address or ("0.0.0.0" if users else LOOPBACK),
        "port": port,
        "users": None,
        "basic_auth": users,
        "proxy": (),
        "openid": None,
        "groups": (),
        "roles": (),
        "default_role": None,
        "trusted_proxy": (),
        "base_path": f"/{prefix}" if prefix else "",
        "certfile": certfile,
        "keyfile": keyfile,
        # As Flower does; it says so.
        "allow_http": True,
        "title": None,
    }
    serve_dashboard(load_app(context), options)
