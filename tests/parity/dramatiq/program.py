"""Runs cases of Dramatiq's own: the same actors and middleware on its Redis broker and on ours.

Prints, as JSON, what each public function of `cases/` came to.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any


def all_cases() -> Iterator[Callable[[], Any]]:
    """Return the public functions of each file."""
    for path in sorted((Path(__file__).parent / "cases").glob("*.py")):
        module = importlib.import_module(f"cases.{path.stem}")
        for value in vars(module).values():
            if isinstance(value, FunctionType) and value.__module__ == module.__name__:
                yield value


def main() -> None:
    """Run all cases, or those that are named, and print what they came to."""
    wanted = sys.argv[1:]
    found = {}
    for case in all_cases():
        if wanted and case.__name__ not in wanted:
            continue
        try:
            found[case.__name__] = case()
        except BaseException:
            found[case.__name__] = traceback.format_exc()
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
