"""Words that the glossary replaced, what stands in their place, and where one of them is right."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ("ALLOWED", "EVERYWHERE", "FUNCTIONS", "IN_NAMES", "IN_NAMES_OF", "PHRASES", "Allowed")

#: Words that stand nowhere: in no file name, identifier, text or document.
EVERYWHERE: Final = {
    "bell bells": "notifier, notification",
    "bury buried buries": "reap",
    "condemn condemned condemns": "mark timed out",
    "courier couriers": "exchange loop, fetcher, completer",
    "ending endings": "outcome, end",
    "errand errands": "claim_once",
    "heed heeded heeds": "honour, follow",
    "inbox inboxes": "subscription",
    "judge judged judges judging": "evaluate",
    "keeper keepers keeping": "lease renewer",
    "letter letters": "message, control message",
    "mailbox mailboxes": "control bus",
    "mend mended mending mends": "fix, correct",
    "overdue": "timed out",
    "revive revived revives": "retry (a dead letter)",
    "stranded": "orphaned",
    "tell telling tells told": "report, say, emit (an event), send (a signal)",
    "throttle throttled throttles throttling": "rate limiter, rate limit",
    "tick ticked ticks": "fire time, fire",
    "ticket tickets": "reply_to",
    "timetable timetables": "schedule store",
    "undivided": "whole",
    "whence": "from where",
    "whoever": "callers, the process that",
    "wording wordings": "humanize",
}

#: Words that are plain English in a text, and stand in no file name and no identifier.
IN_NAMES: Final = {
    "ask asked asking asks": "request, query",
    "card cards": "worker info",
    "divided": "chain continuation",
    "eventing": "events, event emitter",
    "fault faults": "error, error translation",
    "gathering": "aggregate",
    "introduce introduced": "register",
    "joins": "chord results",
    "looking": "inspection",
    "meaning meanings meant": "rule, finding",
    "merging": "merge, aggregate",
    "notes": "audit log",
    "offered": "supported",
    "ring rings": "notify",
    "signing": "signatures",
    "silence": "stuck-process detector",
    "spent": "chain continuation",
    "supervised": "supervisor IPC",
    "unseen": "unverified",
    "wake wakes": "notify",
}

#: The same, where they meant something that has a name of its own; elsewhere they are right.
IN_NAMES_OF: Final = {
    ("src/taskhub/engine/*", "age ages place places turn turns"): "sequence, position, permit",
    ("src/taskhub/engine/[!r]*", "score scores"): "position, sequence",
    ("src/taskhub/[es]*/*", "behind"): "queued_behind",
    ("src/taskhub/[ct]a*/*", "rest"): "chain continuation",
    ("src/taskhub/e*/*", "rest"): "chain continuation",
}

#: Names of functions that say too little alone.
FUNCTIONS: Final = {
    "keep": "renew",
    "look": "inspect",
    "take": "claim",
}

#: Expressions, as regular expressions without regard to upper and lower case.
PHRASES: Final = {
    r"\b(?:give|gives|gave|giving|given|put|puts|putting|hand|hands|handed) back\b": "requeue, "
    "return",
    r"\b(?:come|comes|came|coming|go|goes|went) back to (?:its|their|the) queues?\b": "are requeued, "
    "reclaimed",
    r"\b(?:work|works|worked|working) (?:\w+ )?off\b": "process",
    r"\bfor ever\b": "forever",
    r"\b(?:come|comes|came) to (?:be|nothing|what)\b|\bwhat .{1,30} (?:come|comes|came) to\b": "outcome",
    r"\blets? (?:\w+ )?go\b": "release",
    r"\bgood-?bye\b": "deregister",
    r"\bdrop_dead": "delete_dead_letters",
}


class Allowed(NamedTuple):
    """A use of such a word that is right."""

    words: str
    #: Of paths in the repository, as `fnmatch` has them.
    paths: str
    #: What is searched in the identifier or the line.
    pattern: str
    reason: str


#: The exceptions. Each must be in use.
ALLOWED: Final = (
    Allowed("letter, letters", "*", r"(?i)dead[ _-]?letter|^\W*letters?\b", "the field's term"),
    Allowed(
        "tell", "src/taskhub/worker/control/commands/*", r"Tell worker\(s\)", "Celery's help texts"
    ),
    Allowed("behind", "src/taskhub/*", r"(?i)queued_behind", "the glossary's term"),
    Allowed("tick", "compat/src/celery/beat/*", r"^tick$", "Celery's method"),
    Allowed("mailbox, mailboxes, goodbye", "src/taskhub/actors/mail/*", ".", "e-mail's own terms"),
    Allowed("letters", "src/taskhub/actors/mail/message.py", "digits", "characters"),
    Allowed("ticks", "src/taskhub/actors/quant/charts.py", "TICKS", "matplotlib's term"),
    Allowed("revive", "src/taskhub/call/options.py", r"\bon_revive\b", "kombu's name"),
)
