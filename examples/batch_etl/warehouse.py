"""The database: sales by batch, and the state of each batch. Loading one twice repeats nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import Engine, create_engine, delete, func, select

# For PostgreSQL import it from sqlalchemy.dialects.postgresql; the rest is the same.
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from files import DATA, Sale

URL = os.environ.get("ETL_DATABASE_URL", f"sqlite:///{DATA / 'warehouse.sqlite3'}")


class Base(DeclarativeBase):
    """Tables of this database."""


class SaleRow(Base):
    """A sale. Its key is what the business knows it by, not a number of ours."""

    __tablename__ = "sales"

    batch: Mapped[str] = mapped_column(primary_key=True)
    shop: Mapped[str] = mapped_column(primary_key=True)
    receipt: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str]
    cents: Mapped[int]
    #: The call of `load` that wrote it last.
    loaded_by: Mapped[str]


class BatchRow(Base):
    """A batch, and what became of it."""

    __tablename__ = "batches"

    batch: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    detail: Mapped[str]
    at: Mapped[datetime]


@cache
def engine() -> Engine:
    """Return the database of this process; it is opened, and its tables are made, on first use."""
    DATA.mkdir(parents=True, exist_ok=True)
    made = create_engine(URL, connect_args={"timeout": 60} if URL.startswith("sqlite") else {})
    Base.metadata.create_all(made)
    return made


def load_batch(batch: str, sales: Iterable[Sale], loaded_by: str) -> int:
    """Make a batch consist of exactly these sales, in one transaction; returns how many they are.

    Rows that are there are updated, and rows that an earlier load wrote and this one does not have,
    because a file was corrected, are deleted.
    """
    rows = [{"batch": batch, **sale._asdict(), "loaded_by": loaded_by} for sale in sales]
    upsert = insert(SaleRow)
    upsert = upsert.on_conflict_do_update(
        index_elements=["batch", "shop", "receipt"],
        set_={name: upsert.excluded[name] for name in ("item", "cents", "loaded_by")},
    )
    with Session(engine()) as session, session.begin():
        if rows:
            session.execute(upsert, rows)
        session.execute(
            delete(SaleRow).where(SaleRow.batch == batch, SaleRow.loaded_by != loaded_by)
        )
        _note(session, batch, "loaded", f"{len(rows)} sales")
    return len(rows)


def note_state(batch: str, state: str, detail: str) -> None:
    """Write down what became of a batch."""
    with Session(engine()) as session, session.begin():
        _note(session, batch, state, detail)


def read_state(batch: str) -> tuple[str, str]:
    """Return what became of a batch, and details."""
    with Session(engine()) as session:
        row = session.get(BatchRow, batch)
        return ("unknown", "") if row is None else (row.state, row.detail)


def turnover(batch: str) -> dict[str, tuple[int, int]]:
    """Return the number of sales and their cents by item, the best-selling first."""
    total = func.sum(SaleRow.cents)
    wanted = (
        select(SaleRow.item, func.count(), total)
        .where(SaleRow.batch == batch)
        .group_by(SaleRow.item)
        .order_by(total.desc())
    )
    with Session(engine()) as session:
        return {item: (count, cents) for item, count, cents in session.execute(wanted)}


def _note(session: Session, batch: str, state: str, detail: str) -> None:
    session.merge(BatchRow(batch=batch, state=state, detail=detail, at=datetime.now(UTC)))
