"""Sends as many calls as could show that more run at a time than are expected, and prints the most that did."""

import json
import sys
import time

from program import app, meet

expected = int(sys.argv[1])
results = [meet.delay(expected) for _ in range(expected + 2)]
most = max(result.get(timeout=80) for result in results)
pools = None
deadline = time.monotonic() + 10
while not pools and time.monotonic() < deadline:
    pools = app.control.inspect(timeout=2, limit=1).stats()
(stats,) = pools.values()
sys.stdout.write(json.dumps({"most": most, "told": stats["pool"]["max-concurrency"]}))
