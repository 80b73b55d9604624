"""The long run: `python -m tests.chaos [--refusals] [--seed 1] [--calls 22500] [--faults 200] [--publish DOCUMENT]`."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos import report
from tests.chaos.failure_injection import (
    ALL_KINDS,
    ALL_REFUSALS,
    COMMIT_REPLY_LOST,
    CUT,
    STORE_KILLED,
    WORKER_KILLED,
)
from tests.chaos.run import Scale, run
from tests.chaos.workload import Rates

RATES = Rates(dies=0.002, out_of_memory=0.01, single=0.4, slow=0.2)
#: A store that refuses, and now and then something else that breaks.
REFUSALS = {**ALL_REFUSALS, WORKER_KILLED: 1, STORE_KILLED: 1, CUT: 1, COMMIT_REPLY_LOST: 1}


def main(arguments: list[str]) -> int:
    """Run it and print what was found; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description="Break everything around taskhub while it works, and account for every task.",
    )
    parser.add_argument("--seed", type=int, default=1, help="draws workload and faults")
    parser.add_argument("--calls", type=int, default=22_500, help="task calls in all canvases")
    parser.add_argument("--faults", type=int, default=200, help="things that are broken")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between faults")
    parser.add_argument(
        "--refusals", action="store_true", help="let the store refuse commands instead"
    )
    parser.add_argument(
        "--publish", type=Path, metavar="DOCUMENT", help="write the figures into this document"
    )
    given = parser.parse_args(arguments)
    scale = Scale(
        given.seed,
        given.faults,
        given.interval,
        REFUSALS if given.refusals else ALL_KINDS,
        calls=given.calls,
        rates=RATES._replace(returns_too_much=0.003) if given.refusals else RATES,
    )
    directory = Path(tempfile.mkdtemp(prefix="taskhub-chaos-"))
    record = run(scale, directory, lambda line: print(line, file=sys.stderr, flush=True))
    command = (
        f"python -m tests.chaos {'--refusals ' if given.refusals else ''}--seed {given.seed} "
        f"--calls {given.calls} "
        f"--faults {given.faults} --interval {given.interval:g}"
    )
    figures = report.text(record, command)
    print(figures)
    if record.problems:
        print(*record.problems, sep="\n")
        print(f"{len(record.problems)} problems; logs and records are kept in {directory}")
        return 1
    shutil.rmtree(directory)
    if given.publish is not None:
        report.publish(figures, given.publish, refusals=given.refusals)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
