"""Finding a font that has Chinese: the one that the settings name, or one that is installed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from taskhub.actors.quant.exceptions import QuantConfigurationError

__all__ = ("ChineseFont", "find_chinese_font")

#: Families with simplified Chinese: those of Linux distributions, of macOS, of Windows.
_FAMILIES: Final = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Serif CJK SC",
    "Droid Sans Fallback",
    # Found under the name of another language of the same file.
    "Noto Sans CJK JP",
    "AR PL UMing CN",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "STHeiti",
    "Microsoft YaHei",
    "SimHei",
    "SimSun",
)
_REGULAR: Final = 400
_ADVICE: Final = (
    "no Chinese font was found, so the chart shows codes instead of names: install one "
    "(apt-get install fonts-noto-cjk), or name a file in TASKHUB_QUANT_FONT"
)


class ChineseFont(NamedTuple):
    """What was found.

    Args:
        properties: Matplotlib's `FontProperties`; None: there is no such font.
        remark: What to do if there is none.
    """

    properties: Any
    remark: str = ""


def find_chinese_font(path: Path | None, text: str) -> ChineseFont:
    """Return a font that can show a text.

    Args:
        path: A font file to use; None: look for one.
        text: What is to be shown; what is ASCII needs no font.

    Raises:
        QuantConfigurationError: The file is no font.
    """
    from matplotlib import font_manager

    if path is not None:
        return _from_file(path, text)
    if text.isascii():
        return ChineseFont(font_manager.FontProperties())
    found = _from_installed(text) or (_learn_new_files() and _from_installed(text))
    return ChineseFont(found) if found else ChineseFont(None, _ADVICE)


def _from_installed(text: str) -> Any:
    """Return the first installed font family that can show a text; None: there is none."""
    from matplotlib import font_manager

    weights: dict[str, list[int]] = {}
    for entry in font_manager.fontManager.ttflist:
        # Some fonts name their weight.
        weight = font_manager.weight_dict.get(str(entry.weight), entry.weight)
        weights.setdefault(entry.name, []).append(int(weight))
    for family in _FAMILIES:
        if family not in weights:
            continue
        # Asked for a weight that the family lacks, matplotlib would say so in the log.
        weight = min(weights[family], key=lambda weight: abs(weight - _REGULAR))
        path = font_manager.findfont(font_manager.FontProperties(family=family, weight=weight))
        if not _lacking(path, text):
            return font_manager.FontProperties(fname=path)
    return None


def _learn_new_files() -> bool:
    """Add fonts that were installed after matplotlib wrote its list of fonts."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    known = {entry.fname for entry in manager.ttflist}
    new = [path for path in font_manager.findSystemFonts() if path not in known]
    for path in new:
        # Files that are no fonts, or have no outlines, are of no use here.
        with suppress(OSError, RuntimeError, ValueError, NotImplementedError):
            manager.addfont(path)
    return bool(new)


def _from_file(path: Path, text: str) -> ChineseFont:
    from matplotlib import font_manager

    try:
        lacking = _lacking(str(path), text)
    except (RuntimeError, OSError) as error:
        raise QuantConfigurationError(
            f"TASKHUB_QUANT_FONT: {path} can't be read as a font ({error}): name a .ttf, .otf or "
            ".ttc file"
        ) from error
    if lacking:
        remark = f"TASKHUB_QUANT_FONT: {path} has no {lacking[0]!r}: name a font with Chinese"
        return ChineseFont(None, remark)
    return ChineseFont(font_manager.FontProperties(fname=str(path)))


def _lacking(path: str, text: str) -> str:
    """Return the characters that a font can't show."""
    from matplotlib.ft2font import FT2Font

    known = FT2Font(path).get_charmap()
    return "".join(
        character for character in text if ord(character) not in known and not character.isspace()
    )
