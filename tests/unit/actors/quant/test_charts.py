"""Charts: a picture for any number of days, and no boxes where a font lacks Chinese."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path

import matplotlib
import matplotlib.font_manager
import matplotlib.image
import pytest

from taskhub.actors.quant import Bar, QuantConfigurationError, UnknownCodeError
from taskhub.actors.quant.charts import AVERAGED, _averages, draw_candles
from taskhub.actors.quant.fonts import find_chinese_font

#: A font that matplotlib brings; it has no Chinese.
LATIN = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
RISING, FALLING = (214, 47, 58), (26, 152, 80)


def bars(count: int, step: float = 0.1) -> list[Bar]:
    first, found = date(2024, 1, 1), []
    for number in range(count):
        price = 100 + step * number
        day = first + timedelta(number)
        found.append(Bar("600000.SH", "", day, price, price + step, price + 1, price - 1, 10**6))
    return found


def colours(png: bytes) -> set[tuple[int, ...]]:
    picture = matplotlib.image.imread(io.BytesIO(png))
    points = (picture[::2, ::2, :3] * 255).round().astype(int).reshape(-1, 3)
    return {tuple(int(part) for part in point) for point in points}


@pytest.mark.parametrize("count", [1, 2, 7, 250])
def test_any_number_of_days_is_a_picture(count: int) -> None:
    chart = draw_candles(bars(count), "600000.SH")
    assert chart.png.startswith(b"\x89PNG")
    assert matplotlib.image.imread(io.BytesIO(chart.png)).shape[:2] == (660, 1100)


def test_red_rises_and_green_falls() -> None:
    rising, falling = (colours(draw_candles(bars(20, step), "x").png) for step in (1.0, -1.0))
    assert RISING in rising
    assert FALLING not in rising
    assert FALLING in falling
    assert RISING not in falling


def test_days_before_the_first_that_is_drawn_count_for_averages() -> None:
    def averages(count: int, drawn: int) -> dict[str, list[float]]:
        return {name: values for name, _, values in _averages(bars(count, 1.0), drawn)}

    # The n-th day, from 0, closes at 101 + n.
    whole = averages(100 + AVERAGED, 100)
    assert [len(values) for values in whole.values()] == [100, 100, 100]
    assert (whole["MA60"][0], whole["MA5"][-1]) == (130.5, 257.0)
    assert {name: len(values) for name, values in averages(30, 30).items()} == {
        "MA5": 26,
        "MA20": 11,
    }
    assert averages(5, 5) == {}


def test_a_font_without_chinese_is_not_used_for_it() -> None:
    """A warning about a missing glyph, which means a box in the picture, would fail this test."""
    chart = draw_candles(bars(10), "600000.SH", "浦发银行", font=LATIN)
    assert "has no '浦': name a font with Chinese" in chart.remark


def test_without_any_font_the_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskhub.actors.quant.fonts._FAMILIES", ())
    chart = draw_candles(bars(10), "600000.SH", "浦发银行")
    assert "apt-get install fonts-noto-cjk" in chart.remark
    assert "TASKHUB_QUANT_FONT" in chart.remark


def test_an_installed_font_is_taken_only_if_it_has_the_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("taskhub.actors.quant.fonts._FAMILIES", ("DejaVu Sans",))
    assert find_chinese_font(None, "成交量").properties is None
    accented = find_chinese_font(None, "Çé")
    assert Path(accented.properties.get_file()).name == "DejaVuSans.ttf"


def test_a_font_that_was_installed_after_matplotlib_made_its_list_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager = matplotlib.font_manager.fontManager
    monkeypatch.setattr("taskhub.actors.quant.fonts._FAMILIES", ("DejaVu Sans",))
    known = [entry for entry in manager.ttflist if entry.name != "DejaVu Sans"]
    monkeypatch.setattr(manager, "ttflist", known)
    monkeypatch.setattr(matplotlib.font_manager, "findSystemFonts", lambda: [str(LATIN)])
    assert find_chinese_font(None, "Çé").properties is not None


def test_a_file_that_is_no_font_and_no_days_are_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "font.ttf"
    wrong.write_text("no font")
    with pytest.raises(QuantConfigurationError, match="can't be read as a font"):
        draw_candles(bars(3), "600000.SH", font=wrong)
    with pytest.raises(UnknownCodeError, match=r"no K-lines of 600000\.SH"):
        draw_candles([], "600000.SH")
