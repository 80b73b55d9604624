"""Tables of a source into rows: units, odd values, columns that come and go."""

from __future__ import annotations

import math
from datetime import date

import pandas
import pytest

from taskhub.actors.quant import SourceSchemaError
from taskhub.actors.quant.source.columns import HISTORY, MAINLAND, MAINLAND_SINA
from taskhub.actors.quant.source.table import read_frame


def frame(**changes: object) -> pandas.DataFrame:
    values = {column.theirs: [1.5] for column in MAINLAND.columns}
    values.update({"代码": ["600000"], "名称": ["浦发银行"], **changes})
    return pandas.DataFrame({name: value for name, value in values.items() if value is not None})


def test_lots_become_shares_where_the_source_counts_lots() -> None:
    (row,) = read_frame(frame(成交量=[1234.0]), MAINLAND).rows
    assert row["volume"] == 123_400
    (row,) = read_frame(frame(成交量=[1234.0]), MAINLAND_SINA).rows
    assert row["volume"] == 1234


@pytest.mark.parametrize("odd", ["-", "", None, math.nan, math.inf])
def test_what_stands_for_no_value_is_none(odd: object) -> None:
    (row,) = read_frame(frame(最新价=[odd], 总市值=[odd]), MAINLAND).rows
    assert (row["price"], row["market_value"]) == (None, None)


def test_a_negative_ratio_is_a_value() -> None:
    (row,) = read_frame(frame(**{"市盈率-动态": [-12.5]}), MAINLAND).rows
    assert row["pe"] == -12.5


def test_unknown_and_absent_columns_warn(caplog: pytest.LogCaptureFixture) -> None:
    read = read_frame(frame(新列=[1], 市净率=None, 序号=[1]), MAINLAND)
    assert read.warnings == (
        "stock_zh_a_spot_em has unknown columns: 新列",
        "stock_zh_a_spot_em lacks columns: 市净率",
    )
    assert [record.message for record in caplog.records] == list(read.warnings)
    assert "pb" not in read.fields
    assert "pe" in read.fields


def test_missing_required_columns_are_named() -> None:
    with pytest.raises(SourceSchemaError, match="stock_zh_a_spot_em has no column 代码, 最新价"):
        read_frame(frame(代码=None, 最新价=None), MAINLAND)


def test_a_column_that_cannot_be_read_is_named() -> None:
    with pytest.raises(SourceSchemaError, match=r"stock_zh_a_spot_em: the column 今开 .*'ten'"):
        read_frame(frame(今开=["ten"]), MAINLAND)


def test_days_are_read_from_text_and_dates() -> None:
    values = {column.theirs: [1.0, 2.0] for column in HISTORY.columns}
    values["日期"] = [date(2024, 1, 2), "2024-01-03"]  # type: ignore[list-item]
    read = read_frame(pandas.DataFrame(values), HISTORY)
    assert [row["day"] for row in read.rows] == [date(2024, 1, 2), date(2024, 1, 3)]
