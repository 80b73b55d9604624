"""The tables of market data: stocks, industries, concepts, memberships, K-lines, and the log."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_OPTIONS: dict[str, Any] = {
    f"{server}_{name}": value
    for server in ("mysql", "mariadb")
    for name, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"), ("engine", "InnoDB"))
}


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "quant_concept",
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("price", sa.Double(), nullable=True),
        sa.Column("change_amount", sa.Double(), nullable=True),
        sa.Column("change_percent", sa.Double(), nullable=True),
        sa.Column("market_value", sa.Double(), nullable=True),
        sa.Column("turnover_percent", sa.Double(), nullable=True),
        sa.Column("rising", sa.Integer(), nullable=True),
        sa.Column("falling", sa.Integer(), nullable=True),
        sa.Column("leader", sa.String(length=200), nullable=True),
        sa.Column("leader_change_percent", sa.Double(), nullable=True),
        sa.Column("first_seen", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("removed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("code"),
        **_OPTIONS,
    )
    op.create_table(
        "quant_industry",
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("price", sa.Double(), nullable=True),
        sa.Column("change_amount", sa.Double(), nullable=True),
        sa.Column("change_percent", sa.Double(), nullable=True),
        sa.Column("market_value", sa.Double(), nullable=True),
        sa.Column("turnover_percent", sa.Double(), nullable=True),
        sa.Column("rising", sa.Integer(), nullable=True),
        sa.Column("falling", sa.Integer(), nullable=True),
        sa.Column("leader", sa.String(length=200), nullable=True),
        sa.Column("leader_change_percent", sa.Double(), nullable=True),
        sa.Column("first_seen", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("removed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("code"),
        **_OPTIONS,
    )
    op.create_table(
        "quant_kline",
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("adjust", sa.String(length=4), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("open", sa.Double(), nullable=False),
        sa.Column("close", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("volume", sa.BigInteger(), nullable=False),
        sa.Column("turnover", sa.Double(), nullable=True),
        sa.Column("amplitude_percent", sa.Double(), nullable=True),
        sa.Column("change_percent", sa.Double(), nullable=True),
        sa.Column("change_amount", sa.Double(), nullable=True),
        sa.Column("turnover_percent", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("code", "adjust", "day"),
        sqlite_with_rowid=False,
        **_OPTIONS,
    )
    op.create_table(
        "quant_membership",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("board_code", sa.String(length=24), nullable=False),
        sa.Column("stock_code", sa.String(length=24), nullable=False),
        sa.Column("first_seen", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("removed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "board_code", "stock_code"),
        **_OPTIONS,
    )
    op.create_index("ix_quant_membership_stock", "quant_membership", ["stock_code"], unique=False)
    op.create_table(
        "quant_stock",
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("symbol", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("market", sa.String(length=8), nullable=False),
        sa.Column("exchange", sa.String(length=16), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("is_st", sa.Boolean(), nullable=False),
        sa.Column("is_suspended", sa.Boolean(), nullable=True),
        sa.Column("price", sa.Double(), nullable=True),
        sa.Column("open", sa.Double(), nullable=True),
        sa.Column("high", sa.Double(), nullable=True),
        sa.Column("low", sa.Double(), nullable=True),
        sa.Column("previous_close", sa.Double(), nullable=True),
        sa.Column("change_amount", sa.Double(), nullable=True),
        sa.Column("change_percent", sa.Double(), nullable=True),
        sa.Column("amplitude_percent", sa.Double(), nullable=True),
        sa.Column("volume", sa.BigInteger(), nullable=True),
        sa.Column("turnover", sa.Double(), nullable=True),
        sa.Column("turnover_percent", sa.Double(), nullable=True),
        sa.Column("volume_ratio", sa.Double(), nullable=True),
        sa.Column("pe", sa.Double(), nullable=True),
        sa.Column("pb", sa.Double(), nullable=True),
        sa.Column("market_value", sa.Double(), nullable=True),
        sa.Column("float_value", sa.Double(), nullable=True),
        sa.Column("first_seen", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("removed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("code"),
        **_OPTIONS,
    )
    op.create_index("ix_quant_stock_market", "quant_stock", ["market", "removed_at"], unique=False)
    op.create_table(
        "quant_sync_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=False),
        sa.Column("task_id", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("inserted", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        **_OPTIONS,
    )
    op.create_index(
        "ix_quant_sync_log_kind", "quant_sync_log", ["kind", "finished_at"], unique=False
    )


def downgrade() -> None:
    """Drop them."""
    for name in (
        "quant_sync_log",
        "quant_stock",
        "quant_membership",
        "quant_kline",
        "quant_industry",
        "quant_concept",
    ):
        op.drop_table(name)
