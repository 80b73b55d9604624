import json
import os
import time
import urllib.request

SITE = f"http://127.0.0.1:{os.environ['PORT']}"


def ask(path, body=None, method=None):
    request = urllib.request.Request(
        SITE + path,
        json.dumps(body).encode() if body is not None else None,
        {"Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.status, json.load(reply)


def poll(task_id, *states):
    deadline = time.monotonic() + 30
    while (reply := ask(f"/tasks/{task_id}")[1])["task_status"] not in states and time.monotonic() < deadline:
        time.sleep(0.05)
    return reply


print(ask("/health"))
status, body = ask("/tasks", {"type": "1"})
print(status, len(body["task_id"]), poll(body["task_id"], "SUCCESS"))
status, body = ask("/reports", {"lines": ["one two", "three"]})
print(status, poll(body["task_id"], "SUCCESS"))
status, body = ask("/failures", {"reason": "no luck"})
print(status, poll(body["task_id"], "FAILURE"))
print(ask("/tasks/nobody"))
print(ask("/tasks/nobody", method="DELETE"))
