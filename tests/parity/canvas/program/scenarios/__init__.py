"""The scenarios by name: canvases, each sent as it is and after a way through JSON, and other calls."""

from scenarios import (
    callbacks,
    chains,
    chords,
    failures,
    groups,
    inside,
    long,
    replacing,
    results,
    signatures,
    stamps,
    upgrades,
)

_MODULES = (
    *(chains, groups, chords, upgrades, callbacks, failures, replacing),
    *(long, inside, stamps, results, signatures),
)


def _named(table):
    found = {}
    for module in _MODULES:
        prefix = module.__name__.rpartition(".")[2]
        for name, make in getattr(module, table, {}).items():
            found[f"{prefix}: {name}"] = make
    return found


#: Canvases, sent as they are and after a way through JSON.
CANVASES = _named("CANVASES")
#: Canvases that are sent as they are only: what replaces a call goes through JSON anyway.
PRODUCTS = _named("PRODUCTS")
#: Other calls.
OTHERS = _named("OTHERS")
