"""Other distributions bring commands, and apps bring checks and lines of `taskhub up`."""

from __future__ import annotations

import json

from tests.acceptance.command import Commands

SHOP = """
import taskhub
from taskhub.health import Finding

app = taskhub.Celery("shop")

@app.task(name="shop.sell")
def sell(item): ...

def check_shelves(app):
    yield Finding("warn", "shelves", f"{app.main} has one left", "fill them")

def check_till(app):
    raise ValueError("stuck")

app.checks += [check_shelves, check_till]
app.banner.append(lambda app: ("till", f"beside {app.home.name}"))
app.first_call = ("shop.sell", {"item": "tea"})
"""

COMMANDS = '''
import click
from taskhub.cli.plugin import CommandError, app_options, exit_codes, load_app

@click.command(epilog=exit_codes.EXPLAINED)
@app_options
@click.argument("item")
@click.pass_context
def stock(context, item):
    """Show how much of ITEM is left."""
    if item == "gold":
        raise CommandError("there is no gold: ask for tea", exit_codes.USAGE)
    click.echo(f"{load_app(context).main}: 1 {item}")

status = 5
'''

ENTRIES = """
[taskhub.commands]
stock = shop_commands:stock
odd = shop_commands:status
lost = shop_commands.nowhere:stock
worker = shop_commands:stock
"""


def install(commands: Commands) -> None:
    """Make the modules, and the metadata of a distribution that brings the commands."""
    (commands.directory / "shop.py").write_text(SHOP)
    (commands.directory / "shop_commands.py").write_text(COMMANDS)
    metadata = commands.directory / "shop-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRIES)


def test_a_distribution_brings_commands(commands: Commands) -> None:
    install(commands)
    told = commands.run("--help").stdout
    assert "  stock      Show how much of ITEM is left.\n" in told
    assert "  lost       A plug-in of shop.\n" in told
    # Ours go before those of others.
    assert told.count("\n  worker ") == 1
    assert "Run worker processes" in told
    sold = commands.run("-A", "shop", "stock", "tea")
    assert (sold.returncode, sold.stdout) == (0, "shop: 1 tea\n")
    refused = commands.run("stock", "gold")
    assert (refused.returncode, refused.stderr) == (2, "error: there is no gold: ask for tea\n")
    assert "Did you mean stock?" in commands.run("stocks").stderr


def test_commands_that_cannot_be_loaded_are_named(commands: Commands) -> None:
    install(commands)
    odd = commands.run("odd")
    assert odd.returncode == 1
    told = "the command odd (shop_commands:status of shop) is a int, not a click.Command"
    assert told in odd.stderr
    lost = commands.run("lost")
    assert "of shop) cannot be imported: ModuleNotFoundError" in lost.stderr
    assert lost.stderr.count("\n") == 1


def test_an_app_brings_checks(commands: Commands) -> None:
    install(commands)
    ended = commands.run("-A", "shop", "doctor", "--json")
    found = {one["subject"]: one for one in map(json.loads, ended.stdout.splitlines())}
    assert ended.returncode == 1
    assert found["shelves"] == {
        "level": "warn",
        "subject": "shelves",
        "detail": "shop has one left",
        "advice": "fill them",
    }
    assert (found["till"]["level"], found["till"]["detail"]) == ("fail", "stuck")


def test_an_app_brings_lines_of_up(commands: Commands) -> None:
    install(commands)
    up = commands.start("-A", "shop", "up", "-c", "1")
    up.wait_for("Ctrl-C stops it.")
    assert "  till     beside .taskhub\n" in up.output
    assert 'call shop.sell --wait \\\n    --kwargs \'{"item": "tea"}\'' in up.output
    assert up.stop() == 0


def test_what_is_wrong_with_the_mail_settings_is_told_before_anything_works(
    commands: Commands,
) -> None:
    up = commands.run("-A", "taskhub.actors", "up", TASKHUB_SMTP_URL="http://mail")
    assert up.returncode == 2
    assert (
        up.stderr.count("TASKHUB_SMTP_URL: http://mail is not the address of an SMTP server") == 1
    )
    assert "is ready" not in up.stderr
