"""Codes in one form, whoever wrote them."""

from __future__ import annotations

import pytest

from taskhub.actors.quant import InvalidRequestError, Market, parse_code, parse_market


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("600000", "600000.SH"),
        ("688001", "688001.SH"),
        ("900901", "900901.SH"),
        ("000001", "000001.SZ"),
        ("200011", "200011.SZ"),
        ("300750", "300750.SZ"),
        ("430017", "430017.BJ"),
        ("835185", "835185.BJ"),
        ("920001", "920001.BJ"),
        ("sh600000", "600000.SH"),
        ("SZ000001", "000001.SZ"),
        ("000001.SH", "000001.SH"),
        ("600000.SS", "600000.SH"),
        ("600000.XSHG", "600000.SH"),
        ("000001.xshe", "000001.SZ"),
        ("00700.HK", "00700.HK"),
        ("700.hk", "00700.HK"),
        ("AAPL.US", "AAPL.US"),
        ("105.AAPL", "AAPL.US"),
        ("106.BRK_A", "BRK_A.US"),
        ("brk-b.us", "BRK-B.US"),
    ],
)
def test_forms(text: str, code: str) -> None:
    assert str(parse_code(text)) == code
    assert str(parse_code(code)) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "浦发银行",
        "60000",
        "600000.XX",
        "6000001.SH",
        "123456",
        "AAPL",
        "1234567.HK",
        ".SH",
        "600000.",
        # Digits, but not those of a code.
        "６０００００",
        "sh６０００００",
        "７００.HK",
    ],
)
def test_what_is_no_code_is_named(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="is not the code of a security") as raised:
        parse_code(text)
    assert repr(text) in str(raised.value)


def test_symbols_alone_are_of_the_market_that_was_asked() -> None:
    assert str(parse_code("700", Market.HK)) == "00700.HK"
    assert str(parse_code("105.T", Market.US)) == "T.US"
    with pytest.raises(InvalidRequestError, match="of the market hk"):
        parse_code("600000.SH", Market.HK)


def test_markets_have_names_and_currencies() -> None:
    assert [(parse_market(name.upper()), parse_market(name).currency) for name in Market] == [
        (Market.CN, "CNY"),
        (Market.HK, "HKD"),
        (Market.US, "USD"),
    ]
    with pytest.raises(InvalidRequestError, match="'uk' is not known: write cn, hk, us"):
        parse_market("uk")
