"""`taskhub quant` and `taskhub db`: market data as the tasks keep it, and its tables."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskhub.actors.quant.exceptions import (
    DatabaseUnavailableError,
    InvalidRequestError,
    QuantConfigurationError,
    QuantError,
    UnknownCodeError,
)
from taskhub.cli.plugin import (
    CommandError,
    app_options,
    exit_codes,
    load_app,
    note,
    say_json,
    table,
)
from taskhub.humanize import duration

if TYPE_CHECKING:
    from collections.abc import Generator

    from taskhub.actors.quant.settings import QuantSettings
    from taskhub.actors.quant.storage.store import MarketStore


def market_settings(context: click.Context) -> QuantSettings:
    """Return where market data is kept, as the environment and the app's project say."""
    from taskhub.actors.quant import QuantSettings

    with _explained():
        return QuantSettings(home=load_app(context).home)


@contextmanager
def _explained() -> Generator[None]:
    """Give errors of market data the exit codes of the command line."""
    try:
        yield
    except QuantError as error:
        code = exit_codes.FAILURE
        if isinstance(error, InvalidRequestError | QuantConfigurationError | UnknownCodeError):
            code = exit_codes.USAGE
        elif isinstance(error, DatabaseUnavailableError):
            code = exit_codes.UNAVAILABLE
        raise CommandError(str(error), code) from error


@contextmanager
def _opened(settings: QuantSettings) -> Generator[MarketStore]:
    from taskhub.actors.quant.extra import require

    with _explained():
        require("sqlalchemy", "alembic")
        from taskhub.actors.quant.storage.store import MarketStore

        store = MarketStore(settings)
        try:
            yield store
        finally:
            store.close()


@click.group(epilog=exit_codes.EXPLAINED)
@app_options
def quant() -> None:
    """Look at market data: its freshness, and charts."""


@quant.command(epilog=exit_codes.EXPLAINED)
@app_options
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each table.")
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """Show how much there is, and how fresh it is."""
    with _opened(market_settings(context)) as store:
        found = store.freshness()
    now = datetime.now(UTC)
    if as_json:
        for one in found:
            age = None if one.synced_at is None else round((now - one.synced_at).total_seconds())
            say_json({**one._asdict(), "age_seconds": age})
        return
    rows: list[tuple[Any, ...]] = [
        (
            one.table,
            one.rows,
            one.removed,
            _ago(now, one.synced_at),
            one.latest or "",
            one.source,
        )
        for one in found
    ]
    columns = ("table", "rows", "removed", "synchronised", "latest day", "source")
    empty = "is empty: call Modules.quant.tasks.sync_daily_data"
    table("Market data", columns, rows, empty)


def _ago(now: datetime, then: datetime | None) -> str:
    return "" if then is None else f"{duration((now - then).total_seconds())} ago"


@quant.command(epilog=exit_codes.EXPLAINED)
@app_options
@click.argument("code")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The PNG file (default: CODE.png here).",
)
@click.option("--days", type=click.IntRange(5, 2000), default=120, show_default=True)
@click.option("--adjust", type=click.Choice(["qfq", "hfq"]), help="Adjusted prices.")
@click.pass_context
def plot(
    context: click.Context, code: str, output: Path | None, days: int, adjust: str | None
) -> None:
    """Draw the K-lines of the stock CODE, with volume, as a PNG."""
    from taskhub.actors.quant.codes import parse_code

    with _explained():
        stock = str(parse_code(code))
    settings = market_settings(context)
    with _opened(settings) as store:
        from taskhub.actors.quant.charts import AVERAGED, draw_candles

        chart = draw_candles(
            store.bars(stock, adjust or "", limit=days + AVERAGED),
            stock,
            (store.stock(stock) or {}).get("name"),
            days=days,
            font=settings.font,
        )
    path = output or Path(f"{stock}.png")
    path.write_bytes(chart.png)
    if chart.remark:
        note(f"warning: {chart.remark}")
    click.echo(str(path))


@click.group(epilog=exit_codes.EXPLAINED)
@app_options
def db() -> None:
    """Make and update the tables of market data."""


@db.command(epilog=exit_codes.EXPLAINED)
@app_options
@click.pass_context
def upgrade(context: click.Context) -> None:
    """Bring the tables to this version; what is there stays. Harmless when repeated."""
    settings = market_settings(context)
    with _opened(settings) as store:
        from taskhub.actors.quant.storage.errors import explained
        from taskhub.actors.quant.storage.schema import upgrade as bring_up

        place = settings.place
        with explained(place):
            before = bring_up(store.engine)
        # A database that is newer than this program is reported here.
        store.prepare()
    if before.state == "current":
        click.echo(f"{place} has the tables of revision {before.present} already")
    else:
        click.echo(f"{place}: revision {before.present or 'none'} -> {before.wanted}")
