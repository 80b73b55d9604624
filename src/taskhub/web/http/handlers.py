"""Handlers of the API's operations by their OpenAPI ids; each is called in a thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taskhub import __version__
from taskhub.web.actions.actor import Actor
from taskhub.web.actions.jobs import Job
from taskhub.web.actions.limit_actions import set_rate
from taskhub.web.actions.queue_actions import act_on_queue
from taskhub.web.actions.schedule_actions import act_on_entry, put_entry
from taskhub.web.actions.task_actions import (
    act_on_ids,
    act_on_task,
    check_signal,
    is_edited,
    plan_action,
)
from taskhub.web.actions.worker_actions import act_on_worker
from taskhub.web.auth.sessions import IDLE, LIFETIME
from taskhub.web.auth.user import User
from taskhub.web.http.call import Answer, Call, Handler
from taskhub.web.http.document import load_document
from taskhub.web.http.language import LANGUAGES
from taskhub.web.problem import Problem
from taskhub.web.queries.audit import export_audit, list_audit
from taskhub.web.queries.canvas import get_canvas
from taskhub.web.queries.limits import get_limits
from taskhub.web.queries.overview import get_overview
from taskhub.web.queries.queues import get_queue, list_queues
from taskhub.web.queries.schedule import get_entry, get_schedule, preview_schedule
from taskhub.web.queries.search import search
from taskhub.web.queries.settings import get_doctor, get_settings, retention
from taskhub.web.queries.task_detail import get_task
from taskhub.web.queries.tasks import group_tasks, list_tasks, read_filter, suggest
from taskhub.web.queries.times import iso, parse_iso
from taskhub.web.queries.workers import list_workers

__all__ = ("HANDLERS", "describe_session")

_NOTICE: Final = "Nobody has to sign in: the dashboard answers on this host only."


def actor_of(call: Call) -> Actor:
    """Return who acts by a request."""
    user = call.user
    return Actor(user.name, user.role, call.source, call.address or None)


# -- session


def describe_session(call: Call, user: User | None, expires: float | None) -> dict[str, Any]:
    """Return what the pages must know before anything else."""
    board = call.board
    auth = board.authenticator.auth
    has_passwords = auth.users is not None and auth.users.has_passwords
    openid = None
    if auth.openid is not None:
        openid = {"label": f"Sign in with {auth.openid.label}", "url": "auth/openid"}
    seen = user is not None and user.role is not None
    return {
        "authenticated": seen,
        "user": _describe_user(user) if seen else None,
        "permissions": {
            action: {"allowed": board.allows(user, action), "needs": needed}
            for action, needed in board.needed.items()
        },
        "arguments_visible": board.allows(user, "arguments.view"),
        "login": {
            "password": has_passwords,
            "openid": openid,
            "sign_out": expires is not None,
            "notice": _NOTICE if auth.is_open else "",
        },
        "session": {"lifetime": LIFETIME, "idle": IDLE, "expires_at": iso(expires)},
        "app": board.title,
        "version": __version__,
        "timezone": str(board.app.timezone),
        "utc_offset": board.store.utc_offset,
        "languages": list(LANGUAGES),
        "language": call.language,
        "retention": retention(board.store),
        "features": board.store.features,
    }


def _describe_user(user: User | None) -> dict[str, Any] | None:
    if user is None:
        return None
    known = [role for role in user.roles if role in ("viewer", "operator", "admin")]
    return {"name": user.name, "roles": known, "role": user.role, "source": user.source}


def get_session(call: Call) -> Mapping[str, Any]:
    """Return who asks."""
    session = call.identity.session
    return describe_session(call, call.identity.user, None if session is None else session.expires)


def sign_in(call: Call) -> Answer:
    """Check a password and begin a session."""
    name = str(call.body["name"])
    authenticator = call.board.authenticator
    try:
        account = authenticator.sign_in(name, str(call.body["password"]), call.address)
    except Problem as problem:
        if problem.code in ("wrong_password", "too_many_tries"):
            call.board.store.audit.add_refused(name, call.address, problem.code == "too_many_tries")
        raise
    session = authenticator.sessions.begin(account.name, "password", (), account.fingerprint)
    user = User(account.name, account.roles, "password")
    actor = Actor(user.name, user.role, "dashboard", call.address or None)
    actor.note(call.board.store, "session.begin", "session", user.name)
    body = describe_session(call, user, session.expires)
    return Answer(body, session=authenticator.sessions.write(session))


def sign_out(call: Call) -> Answer:
    """End the session."""
    if call.identity.session is not None:
        call.board.authenticator.sessions.end(call.identity.session)
    return Answer(status=204, session="")


def set_language(call: Call) -> Answer:
    """Keep the language of the pages."""
    return Answer(status=204, language=str(call.body["language"]))


# -- tasks


def _list_tasks(call: Call) -> Mapping[str, Any]:
    query, store = call.query, call.board.store
    wanted = read_filter(store, query["filter"], hidden=call.hides_arguments)
    return list_tasks(
        store,
        wanted,
        state=query["state"],
        sort=query["sort"],
        order=query["order"],
        limit=query["limit"],
        cursor=query["cursor"],
        group=query["group"],
        hidden=call.hides_arguments,
    )


def _group_tasks(call: Call) -> Mapping[str, Any]:
    query, store = call.query, call.board.store
    wanted = read_filter(store, query["filter"], hidden=call.hides_arguments)
    return group_tasks(
        store,
        wanted,
        by=query["by"],
        rows=query["rows"],
        limit=query["limit"],
        cursor=query["cursor"],
        hidden=call.hides_arguments,
    )


def _suggest(call: Call) -> Mapping[str, Any]:
    store, hidden = call.board.store, call.hides_arguments
    wanted = read_filter(store, call.query["filter"], hidden=hidden)
    return suggest(store, call.query["text"], wanted, hidden=hidden)


def _act_on_tasks(call: Call) -> Answer | Mapping[str, Any]:
    body, board = call.body, call.board
    action = str(body["action"])
    if ("ids" in body) == ("filter" in body):
        raise Problem("invalid", "give either ids or a filter")
    signal = check_signal(body.get("signal"))
    before = None
    if "before" in body:
        before = parse_iso(body["before"])
        if before is None:
            raise Problem("invalid", "before: it is no time: take the `at` of the dry run")
    if "ids" in body:
        if body.get("dry_run"):
            raise Problem("invalid", "dry_run: only a filter is counted")
        return act_on_ids(board.store, actor_of(call), action, body["ids"], signal).to_json()
    wanted = read_filter(board.store, body["filter"], hidden=call.hides_arguments)
    if not wanted.conditions:
        raise Problem("invalid", "filter: it is empty: name at least one condition")
    if body.get("dry_run"):
        return plan_action(board.store, action, wanted, before)
    job = Job(
        action=action,
        filter=wanted,
        actor=actor_of(call),
        before=before,
        rate=body.get("rate"),
        signal=signal,
        reason=str(body.get("reason") or ""),
    )
    board.jobs.start(job)
    return Answer(job.to_json(), 202, {"Location": f"jobs/{job.id}"})


def _act_on_task(call: Call) -> Mapping[str, Any]:
    action = str(call.body["action"])
    if is_edited(action, call.body) and not call.board.allows(call.user, "tasks.edit"):
        needed = call.board.needed["tasks.edit"]
        call.board.store.audit.add_denied(call.user, "tasks.edit", call.address)
        detail = f"tasks.edit needs the role {needed}; {call.user.name} has {call.user.role}"
        raise Problem("needs_role", detail, needs=needed, role=call.user.role)
    done = act_on_task(call.board.store, actor_of(call), call.path["task_id"], action, call.body)
    return done.to_json()


# -- the rest


def _list_queues(call: Call) -> Mapping[str, Any]:
    query = call.query
    return list_queues(
        call.board.store,
        name=query["name"],
        state=query["state"],
        sort=query["sort"],
        order=query["order"],
        limit=query["limit"],
        cursor=query["cursor"],
    )


def _act_on_queue(call: Call) -> Mapping[str, Any]:
    name, action = call.path["queue"], str(call.body["action"])
    return act_on_queue(call.board.store, actor_of(call), name, action, call.body).to_json()


def _act_on_worker(call: Call) -> Mapping[str, Any]:
    node, action = call.path["node"], str(call.body["action"])
    return act_on_worker(call.board.store, actor_of(call), node, action, call.body).to_json()


def _act_on_entry(call: Call) -> Mapping[str, Any]:
    name, action = call.path["entry"], str(call.body["action"])
    return act_on_entry(call.board.store, actor_of(call), name, action, call.body).to_json()


def _put_entry(call: Call) -> Mapping[str, Any]:
    return put_entry(call.board.store, actor_of(call), call.path["entry"], call.body)


def _export_audit(call: Call) -> Answer:
    kind = call.query["format"]
    text = export_audit(call.board.store, text=call.query["filter"], format=kind)
    media_type = "text/csv" if kind == "csv" else "application/x-ndjson"
    name = f"taskhub-audit.{kind}"
    return Answer(
        text.encode("utf-8", "replace"),
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
        media_type=media_type,
    )


HANDLERS: Final[Mapping[str, Handler]] = {
    "getSession": get_session,
    "signIn": sign_in,
    "signOut": sign_out,
    "setLanguage": set_language,
    "getOverview": lambda call: get_overview(
        call.board.store, span=call.query["span"], hidden=call.hides_arguments
    ),
    "listTasks": _list_tasks,
    "groupTasks": _group_tasks,
    "suggest": _suggest,
    "actOnTasks": _act_on_tasks,
    "getTask": lambda call: get_task(
        call.board.store, call.path["task_id"], hidden=call.hides_arguments
    ),
    "getCanvas": lambda call: get_canvas(
        call.board.store, call.path["task_id"], hidden=call.hides_arguments
    ),
    "actOnTask": _act_on_task,
    "listJobs": lambda call: {"items": [job.to_json() for job in call.board.jobs.latest()]},
    "getJob": lambda call: call.board.jobs.find(call.path["job_id"]).to_json(),
    "stopJob": lambda call: call.board.jobs.stop(call.path["job_id"]).to_json(),
    "listQueues": _list_queues,
    "getQueue": lambda call: get_queue(
        call.board.store,
        call.path["queue"],
        span=call.query["span"],
        hidden=call.hides_arguments,
    ),
    "actOnQueue": _act_on_queue,
    "listWorkers": lambda call: list_workers(
        call.board.store, rows=call.query["rows"], hidden=call.hides_arguments
    ),
    "actOnWorker": _act_on_worker,
    "getSchedule": lambda call: get_schedule(call.board.store, hidden=call.hides_arguments),
    "previewSchedule": lambda call: preview_schedule(call.board.store, call.body),
    "getEntry": lambda call: get_entry(
        call.board.store, call.path["entry"], hidden=call.hides_arguments
    ),
    "putEntry": _put_entry,
    "actOnEntry": _act_on_entry,
    "getLimits": lambda call: get_limits(call.board.store),
    "setRate": lambda call: set_rate(
        call.board.store, actor_of(call), call.path["task"], call.body
    ),
    "getSettings": lambda call: get_settings(call.board.store, call.board.needed),
    "getDoctor": lambda call: get_doctor(call.board.store),
    "listAudit": lambda call: list_audit(
        call.board.store,
        text=call.query["filter"],
        limit=call.query["limit"],
        cursor=call.query["cursor"],
    ),
    "exportAudit": _export_audit,
    "search": lambda call: search(call.board.store, call.query["q"]),
    "getDocument": lambda call: load_document().raw,
}
