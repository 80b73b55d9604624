"""Pages of the dashboard, and what must stand on them with the fixture's data."""

from __future__ import annotations

from tests.web.fixture.task import FAILED, WAITING

GROUPED = "/tasks?filter=task%3AModules.quant.*+state%3Afailed+since%3A2h&group=task_error"

#: Path -> texts that stand there.
PAGES: dict[str, tuple[str, ...]] = {
    "/": ("Unserved queue", "2,258", "26 m 04 s", "SMTPServerDisconnected", "15 / 16", "email.bulk"),
    "/tasks": ("102,669", "33187c8d", "due in 42 s", "1 to 21 of 102,669"),
    GROUPED: ("1,031", "TimeoutError", "4 groups, 1,284 tasks match", "Show 50 more"),
    f"/tasks/{FAILED}": (
        "4 of 4 tries", "not run, ChordError", "ExchangeClient.fetch_page", "hidden by task_redact",
        "5 m 23 s from sent to ended", "12 library frames: urllib3 6, requests 4, taskhub 2",
    ),
    f"/tasks/{WAITING}": (
        "Why does it wait?", "The rate limit of its task holds it back.", "227th of 1,640 ready",
        "1 m 46 s", "17.6% of 6,842",
    ),
    "/tasks/41d09b6e/canvas": ("chain of 3, 1,008 tasks", "All 1,000 in Tasks", "3 of 3"),
    "/queues": ("8 queues: 5 served", "12 m by oncall", "Next to start", "34 m"),
    "/queues/email.bulk": ("Paused", "Resume", "11 m 58 s"),
    "/workers": ("5 nodes on 3 hosts", "Draining, takes no new task", "47.3 s", "5 more, 1 free"),
    "/schedule": ("8 entries, leader prod-a-1", "Every 5 minutes", "1 m 8 s late"),
    "/schedule/sync-industry-data": ("TimeoutError after 4 tries", "+12 ms", "at most 5 m late"),
    "/limits": ("2 a second", "10 a second, changed here", "1,405"),
    "/settings": ("1.61 of 2.00 GB, 81%", "task_redact", "Valkey 9.1.2", "Single keys"),
    "/audit": ("Drained worker", "2,204 of 2,204", "Login refused", "Today, 30 November"),
}  # fmt: skip

#: What lists say while they are empty.
EMPTY: dict[str, str] = {
    "/": "No task yet.",
    "/tasks": "No task is kept.",
    GROUPED: "No failed task matches.",
    "/queues": "No queue yet.",
    "/workers": "No worker runs.",
    "/schedule": "No periodic job yet.",
    "/limits": "No task has a rate limit.",
    "/audit": "Nothing was done yet.",
}
