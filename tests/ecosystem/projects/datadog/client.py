"""Makes calls within a span."""

import shop
from ddtrace.trace import tracer

with tracer.trace("client"):
    results = [shop.works.delay(1), shop.fails.delay(), shop.tries_again.delay()]
    for result in results:
        result.get(timeout=30, propagate=False)
tracer.shutdown()
