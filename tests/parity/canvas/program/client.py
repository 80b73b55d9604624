"""Runs every scenario and canvases of seeds: all are sent first, then, when nothing moves any more, looked at. Prints JSON."""

import json
import os
import sys
import time
import warnings

import scenarios
import tasks
from observing import Runs, graph, limited, plain, runs
from random_canvases import random_canvas
from tasks import SEEN, app, canvas, celery, notes


def sent(make):
    """Return what a scenario's function returned, or an exception."""
    try:
        with limited(30):
            found = make()
            if isinstance(found, canvas.Signature):
                found = found.apply_async()
    except Exception as error:
        return error
    return found


def through_json(make):
    """Return the canvas of a scenario after it was JSON."""
    text = json.dumps(make(), default=lambda signature: signature.__json__())
    return canvas.Signature.from_dict(json.loads(text), app=app)


def settle(quiet=1.0, most=60.0):
    """Wait until no body runs, and no message waits."""
    library = celery.__name__
    end, last, since = time.monotonic() + most, -1, time.monotonic()
    while time.monotonic() < end:
        if library == "celery":
            waiting = notes.llen("parity") + notes.hlen("unacked")
        else:
            waiting = notes.hlen("{taskhub}:messages")
        count = notes.llen(SEEN)
        if waiting or count != last:
            last, since = count, time.monotonic()
        elif time.monotonic() - since > quiet:
            return
        time.sleep(0.02)


def looked_at(found, seen):
    """Return what is compared of a scenario."""
    if isinstance(found, BaseException):
        return {"raises": plain(found)}
    if callable(found):
        try:
            with limited():
                return plain(found())
        except Exception as error:
            return {"raises": plain(error)}
    if hasattr(found, "as_tuple"):
        return graph(found, seen)
    return plain(found)


def main(seeds):
    warnings.simplefilter("ignore")
    # The graph of a chain's result is as deep as the chain is long.
    sys.setrecursionlimit(10_000)
    makes = {}
    for name, make in scenarios.CANVASES.items():
        makes[name] = make
        makes[f"{name}, as JSON"] = lambda make=make: through_json(make)
    makes |= scenarios.PRODUCTS | scenarios.OTHERS
    for seed in seeds:
        makes[f"seed {seed}"] = lambda seed=seed: random_canvas(int(seed))
    tasks.constant.delay().get(timeout=60)
    notes.delete(SEEN)
    found = {name: sent(make) for name, make in makes.items()}
    settle()
    seen = Runs(runs())
    outcomes = {name: looked_at(result, seen) for name, result in found.items()}
    json.dump(outcomes, sys.stdout, default=repr)


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    # Celery's results unsubscribe one by one when they are deleted.
    os._exit(0)
