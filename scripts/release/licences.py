"""Which licences of dependencies are allowed: a decision over what pip-licenses lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

#: Licences under which a dependency may be used by, and not copied into, software under Apache-2.0:
#: their identifiers of SPDX, and the names that trove classifiers and older metadata give them.
ALLOWED: Final = frozenset(
    {
        *("0BSD", "BSD-2-Clause", "BSD-3-Clause", "BSD", "BSD License", "3-Clause BSD License"),
        *("Apache-2.0", "Apache Software License", "Apache License 2.0", "Apache 2.0"),
        *("MIT", "MIT License", "MIT-0", "MIT-CMU", "HPND", "ISC", "ISC License (ISCL)", "Zlib"),
        *("PSF-2.0", "Python-2.0", "Python Software Foundation License", "CNRI-Python"),
        *("MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"),
        *("LGPL-3.0-or-later", "LGPL-3.0-only", "LGPLv3+", "LGPL-3.0"),
        "GNU Lesser General Public License v3 or later (LGPLv3+)",
        "GNU Library or Lesser General Public License (LGPL)",
        *("Unlicense", "The Unlicense (Unlicense)", "CC0-1.0"),
    }
)
#: What metadata says of some distributions is no name of a licence: what their files say instead.
KNOWN: Final[Mapping[str, str]] = {}


def complaints_about_licences(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the dependencies whose licences are not allowed; empty: all are.

    Args:
        rows: What `pip-licenses --format=json` prints.
    """
    return [
        f"{row['Name']} {row['Version']} is under {licence!r}, which is not among the allowed "
        "licences (scripts/release/licences.py): use another library, or add it with a reason"
        for row in rows
        if not is_allowed(licence := KNOWN.get(row["Name"].lower(), row["License"]))
    ]


def is_allowed(licence: str) -> bool:
    """Whether a licence is allowed; of alternatives (`OR`) one must be, of several all."""
    if licence.strip() in ALLOWED:
        return True
    parts = re.split(r";|\bAND\b", licence)
    if len(parts) > 1:
        return all(map(is_allowed, parts))
    alternatives = re.split(r"\bOR\b", licence.strip().removeprefix("(").removesuffix(")"))
    return len(alternatives) > 1 and any(map(is_allowed, alternatives))
