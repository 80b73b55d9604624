import json

from worker_app import app

from queries import run, scheduler

results = [run.delay(3), run.apply_async((1,), {"patience": 30}), scheduler.delay()]
values = [result.get(timeout=30) for result in results]
values[0]["id"] = values[0]["id"] == results[0].id
[pong] = app.control.ping(timeout=2)
print(json.dumps([*values, run.rate_limit, list(pong.values()), run(2)["context"]]))
