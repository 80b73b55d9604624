"""Columns of akshare's answers by our fields: one table for each function that is called.

Units: prices in the currency of the market, values and turnover in it, too; volumes in shares (the
mainland's lots are 100 shares); rates in percent.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = (
    "BOARDS",
    "HISTORY",
    "HONG_KONG",
    "MAINLAND",
    "MAINLAND_SINA",
    "MEMBERS",
    "US",
    "Column",
    "ColumnTable",
)

#: Shares in a lot on the mainland's exchanges, as the sources count.
LOT: Final = 100


class Column(NamedTuple):
    """A column of an answer.

    Args:
        theirs: Its heading.
        ours: The field that it fills.
        kind: ``text``, ``number``, ``count`` (a whole number) or ``day``.
        required: Without it, the answer can't be used.
        factor: What numbers are multiplied by to be in our units.
    """

    theirs: str
    ours: str
    kind: str = "number"
    required: bool = False
    factor: int = 1


class ColumnTable(NamedTuple):
    """The columns of one function's answer.

    Args:
        function: Its name.
        columns: Those that are used.
        ignored: Those that are known and not used.
    """

    function: str
    columns: tuple[Column, ...]
    ignored: frozenset[str] = frozenset()

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it fills."""
        return frozenset(column.ours for column in self.columns)


_CODE = Column("代码", "code", "text", required=True)
_NAME = Column("名称", "name", "text", required=True)
_PRICE = Column("最新价", "price", required=True)
_QUOTE = (
    Column("涨跌额", "change_amount"),
    Column("涨跌幅", "change_percent"),
    Column("今开", "open"),
    Column("最高", "high"),
    Column("最低", "low"),
    Column("昨收", "previous_close"),
    Column("成交额", "turnover"),
)

MAINLAND: Final = ColumnTable(
    "stock_zh_a_spot_em",
    (
        *(_CODE, _NAME, _PRICE, *_QUOTE),
        Column("成交量", "volume", "count", factor=LOT),
        Column("振幅", "amplitude_percent"),
        Column("量比", "volume_ratio"),
        Column("换手率", "turnover_percent"),
        Column("市盈率-动态", "pe"),
        Column("市净率", "pb"),
        Column("总市值", "market_value"),
        Column("流通市值", "float_value"),
    ),
    frozenset({"序号", "涨速", "5分钟涨跌", "60日涨跌幅", "年初至今涨跌幅"}),
)

#: The other source counts shares, not lots.
MAINLAND_SINA: Final = ColumnTable(
    "stock_zh_a_spot",
    (_CODE, _NAME, _PRICE, *_QUOTE, Column("成交量", "volume", "count")),
    frozenset({"买入", "卖出", "时间戳"}),
)

HONG_KONG: Final = ColumnTable(
    "stock_hk_spot_em",
    (_CODE, _NAME, _PRICE, *_QUOTE, Column("成交量", "volume", "count")),
    frozenset({"序号"}),
)

US: Final = ColumnTable(
    "stock_us_spot_em",
    (
        *(_CODE, _NAME, _PRICE),
        Column("涨跌额", "change_amount"),
        Column("涨跌幅", "change_percent"),
        Column("开盘价", "open"),
        Column("最高价", "high"),
        Column("最低价", "low"),
        Column("昨收价", "previous_close"),
        Column("总市值", "market_value"),
        Column("市盈率", "pe"),
        Column("成交量", "volume", "count"),
        Column("成交额", "turnover"),
        Column("振幅", "amplitude_percent"),
        Column("换手率", "turnover_percent"),
    ),
    frozenset({"序号"}),
)

_BOARD = (
    Column("板块代码", "code", "text", required=True),
    Column("板块名称", "name", "text", required=True),
    Column("最新价", "price"),
    Column("涨跌额", "change_amount"),
    Column("涨跌幅", "change_percent"),
    Column("总市值", "market_value"),
    Column("换手率", "turnover_percent"),
    Column("上涨家数", "rising", "count"),
    Column("下跌家数", "falling", "count"),
    Column("领涨股票", "leader", "text"),
    Column("领涨股票-涨跌幅", "leader_change_percent"),
)

BOARDS: Final = {
    "industry": ColumnTable("stock_board_industry_name_em", _BOARD, frozenset({"排名"})),
    "concept": ColumnTable("stock_board_concept_name_em", _BOARD, frozenset({"排名"})),
}

#: Quotes of members are those of stocks: they are kept there.
_MEMBER_IGNORED = frozenset(
    {
        *(
            "序号",
            "最新价",
            "涨跌幅",
            "涨跌额",
            "成交量",
            "成交额",
            "振幅",
            "最高",
            "最低",
            "今开",
            "昨收",
        ),
        *("换手率", "市盈率-动态", "市净率"),
    }
)

MEMBERS: Final = {
    "industry": ColumnTable("stock_board_industry_cons_em", (_CODE, _NAME), _MEMBER_IGNORED),
    "concept": ColumnTable("stock_board_concept_cons_em", (_CODE, _NAME), _MEMBER_IGNORED),
}

HISTORY: Final = ColumnTable(
    "stock_zh_a_hist",
    (
        Column("日期", "day", "day", required=True),
        Column("开盘", "open", required=True),
        Column("收盘", "close", required=True),
        Column("最高", "high", required=True),
        Column("最低", "low", required=True),
        Column("成交量", "volume", "count", required=True, factor=LOT),
        Column("成交额", "turnover"),
        Column("振幅", "amplitude_percent"),
        Column("涨跌幅", "change_percent"),
        Column("涨跌额", "change_amount"),
        Column("换手率", "turnover_percent"),
    ),
    frozenset({"股票代码"}),
)
