"""Celery's command lines in scripts, Dockerfiles, compose files, units, Procfiles and Python."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from taskhub_migration import urls
from taskhub_migration.finding import Finding, Findings, Level
from taskhub_migration.module import APP, Module, literal

__all__ = ("CommandLine", "Commands", "Option", "evaluate", "in_module", "in_text")


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a command.

    Args:
        takes_value: whether the next word is its value.
        level: The level of a use of it; None: it works as before.
        message, advice: the same in words.
    """

    takes_value: bool
    level: Level | None = None
    message: str = ""
    advice: str = ""


#: Command -> its options by name (`-Q`, `--queues`), or what to do instead if it is refused.
Commands = Mapping[str, Mapping[str, Option] | str]


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The words after `celery`."""

    words: tuple[str, ...]
    path: str
    line: int


#: Celery's options before the command.
_GLOBAL: Final[Mapping[str, bool]] = {
    "-A": True, "--app": True, "-b": True, "--broker": True, "--result-backend": True,
    "--loader": True,
    "--config": True, "--workdir": True, "-C": False, "--no-color": False, "-q": False,
    "--quiet": False,
    "--version": False, "--skip-checks": False, "-h": False, "--help": False,
}  # fmt: skip
_WORD: Final = re.compile(r"(?<![\w./-])(?:[\w./~${}-]*/)?celery(?=[\s\"',\]]|$)")
_VARIABLE: Final = re.compile(r"(?P<name>CELERYD_OPTS|CELERYBEAT_OPTS)\s*[=:]\s*(?P<value>.+)")
_SEPARATORS: Final = frozenset({"&&", "||", ";", "|", "&", ">", ">>", "2>&1", "2>", "<", ")"})
#: Methods of the app that run a command line.
_PROGRAMS: Final = frozenset({f"{APP}.worker_main", f"{APP}.start"})
_EXECUTABLES: Final = frozenset({"celery", "celery.exe"})


def in_text(text: str, path: str) -> Iterator[CommandLine | Finding]:
    """Yield the command lines of a file that is no Python, and what cannot be read of them."""
    for number, line in _logical_lines(text):
        stripped = line.lstrip()
        if not stripped or stripped.startswith(("#", "//", ";")) or "celery" not in line.lower():
            continue
        variable = _VARIABLE.search(line)
        if variable is not None:
            command = "worker" if variable["name"] == "CELERYD_OPTS" else "beat"
            words = _split(variable["value"].strip().strip("\"'"))
            if words is not None:
                yield CommandLine((command, *words), path, number)
            continue
        if _is_prose(path) or not _WORD.search(line):
            continue
        array = _array(line)
        words = array if array is not None else _split(_command_part(line))
        if words is None:
            yield Finding(
                Level.UNVERIFIED,
                "a command line",
                "its quotes don't match",
                "read it by hand",
                path,
                number,
            )
            continue
        yield from _lines(words, path, number)
    yield from _listed(text, path)


def in_module(module: Module) -> Iterator[CommandLine]:
    """Yield the command lines in a Python module, and arguments of `worker_main` and `start`."""
    for node in module.nodes(ast.List, ast.Tuple, ast.Call):
        if isinstance(node, ast.List | ast.Tuple):
            words = [
                part.value
                for part in node.elts
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]
            if words and _is_celery(words[0]) and len(words) > 1:
                yield CommandLine(tuple(words[1:]), module.path, node.lineno)
            elif "-m" in words and "celery" in words:
                yield CommandLine(
                    tuple(words[words.index("celery") + 1 :]), module.path, node.lineno
                )
        elif module.resolve(node.func) in _PROGRAMS:
            arguments = [*node.args, *(one.value for one in node.keywords if one.arg == "argv")]
            found = literal(arguments[0]) if arguments else ...
            if isinstance(found, list | tuple) and all(isinstance(one, str) for one in found):
                begins = 1 if found and _is_celery(found[0]) else 0
                yield CommandLine(tuple(found[begins:]), module.path, node.lineno)


def evaluate(line: CommandLine, commands: Commands) -> Findings:
    """Evaluate a command line by the commands that there are."""
    words = list(line.words)
    name, rest = None, []
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            name, rest = word, words
            break
        option, separator, value = word.partition("=")
        if _GLOBAL.get(option) and not separator and words:
            value = words.pop(0)
        yield from _evaluate_global(option, value, line)
    if name is None or _is_variable(name):
        return
    options = commands.get(name, "see `taskhub --help`")
    if isinstance(options, str):
        if name in _KNOWN:
            yield Finding(
                Level.UNSUPPORTED,
                f"celery {name}",
                "it is not supported",
                options,
                line.path,
                line.line,
            )
        return
    yield from _evaluate_options(name, rest, options, line)


def _evaluate_options(
    name: str, words: list[str], options: Mapping[str, Option], line: CommandLine
) -> Findings:
    while words:
        word = words.pop(0)
        if word == "--" or _is_variable(word):
            if word != "--":
                yield Finding(
                    Level.UNVERIFIED,
                    f"celery {name}",
                    "options come from a variable",
                    "read by hand what it holds",
                    line.path,
                    line.line,
                )
            continue
        if not word.startswith("-") or word == "-":
            continue
        found, value = _find(word, options)
        if found is None:
            if word.partition("=")[0] in _GLOBAL:
                option = word.partition("=")[0]
                if _GLOBAL[option] and "=" not in word and words:
                    value = words.pop(0)
                yield from _evaluate_global(option, value or word.partition("=")[2], line)
            elif not re.match(r"-{1,2}\w", word) or name == "multi":
                continue
            else:
                yield _unknown_option(name, word.partition("=")[0], line)
            continue
        if found.takes_value and value is None and words:
            value = words.pop(0)
        shown = word.partition("=")[0] if word.startswith("--") else word[:2]
        if found.level is not None:
            subject = f"celery {name} {shown}"
            yield Finding(found.level, subject, found.message, found.advice, line.path, line.line)
        yield from _evaluate_global(shown, value or "", line)


def _unknown_option(name: str, option: str, line: CommandLine) -> Finding:
    subject = f"celery {name} {option}"
    if name == "flower":
        message = "accepted, changes nothing: the dashboard has options of its own"
        advice = "remove it; see `taskhub web --help`"
        return Finding(Level.WITHOUT_EFFECT, subject, message, advice, line.path, line.line)
    return Finding(
        Level.UNSUPPORTED,
        subject,
        "there is no such option",
        f"see `taskhub {name} --help`",
        line.path,
        line.line,
    )


def _evaluate_global(option: str, value: str, line: CommandLine) -> Findings:
    if (
        option in ("-b", "--broker", "--result-backend")
        and "://" in value
        and not _is_variable(value)
    ):
        setting = "result_backend" if option == "--result-backend" else "broker_url"
        yield from urls.evaluate_url(setting, value, line.path, line.line)
    elif option == "--loader":
        yield Finding(
            Level.WITHOUT_EFFECT,
            "celery --loader",
            "accepted, changes nothing: the app's own loader counts",
            "give it to the app: Celery(loader=...)",
            line.path,
            line.line,
        )


def _find(word: str, options: Mapping[str, Option]) -> tuple[Option | None, str | None]:
    """Return the option that a word is, and the value that is joined to it."""
    name, separator, value = word.partition("=")
    if name in options:
        return options[name], value if separator else None
    if word.startswith("--"):
        return None, None
    # `-c4`, `-lINFO`, and flags in one word: `-EB`.
    short = options.get(word[:2])
    if short is not None and (
        short.takes_value or all(f"-{letter}" in options for letter in word[1:])
    ):
        return short, word[2:] or None
    return None, None


def _is_variable(word: str) -> bool:
    return word.startswith(("$", "%", "{{", "`")) or "$(" in word


def _is_celery(word: str) -> bool:
    return word.replace("\\", "/").rpartition("/")[2] in _EXECUTABLES


def _is_prose(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    return name.endswith((".txt", ".in")) or name.startswith(("readme", "license", "changelog"))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with those that continue them, and the number of the first."""
    pending, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if not pending:
            first = number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        yield first, pending + line
        pending = ""
    if pending:
        yield first, pending


def _array(line: str) -> list[str] | None:
    """Return the words of a JSON or YAML list on one line, e.g. `CMD ["celery", "worker"]`."""
    match = re.search(r"\[[^\[\]]*celery[^\[\]]*\]", line)
    if match is None:
        return None
    try:
        found = json.loads(match[0].replace("'", '"'))
    except ValueError:
        return [word.strip().strip("\"'") for word in match[0][1:-1].split(",")]
    return [str(word) for word in found]


def _command_part(line: str) -> str:
    """Return a line from where a command may begin: behind `web:`, `command=` or `- run:`."""
    match = _WORD.search(line)
    begin = match.start() if match else 0
    before = line[:begin]
    # A quote that was opened before the command closes behind it.
    quote = before[-1:] if before[-1:] in ("'", '"') else ""
    part = line[begin:]
    if not quote and before.count('"') % 2:
        quote = '"'
    elif not quote and before.count("'") % 2:
        quote = "'"
    return part.partition(quote)[0] if quote else part


def _split(text: str) -> list[str] | None:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|<>()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        return None


def _lines(words: Sequence[str], path: str, number: int) -> Iterator[CommandLine]:
    """Yield the commands of `celery` among words."""
    for index, word in enumerate(words):
        if not _is_celery(word):
            continue
        found: list[str] = []
        for following in words[index + 1 :]:
            if following in _SEPARATORS or following == "#" or set(following) <= set(";&|<>()"):
                break
            found.append(following)
        if found and any(part.startswith("-") or part in _KNOWN for part in found):
            yield CommandLine(tuple(found), path, number)


#: What makes a line with the word `celery` a command.
_KNOWN: Final = frozenset(
    {"amqp", "beat", "call", "control", "events", "flower", "graph", "inspect", "list",
     "logtool", "migrate", "multi",
     "purge", "report", "result", "shell", "status", "upgrade", "worker"}
)  # fmt: skip


def _listed(text: str, path: str) -> Iterator[CommandLine]:
    """Yield commands that stand as a list over several lines of YAML or JSON, one word each."""
    rows = text.splitlines()
    item = re.compile(r"^\s*(?:-\s+)?(?P<quote>[\"']?)(?P<word>[^\"'#]*?)(?P=quote),?\s*(?:#.*)?$")
    index = 0
    while index < len(rows):
        first = item.match(rows[index])
        if first is None or not _is_celery(first["word"].strip()):
            index += 1
            continue
        begin = index + 1
        words = []
        index += 1
        is_yaml = rows[begin - 1].lstrip().startswith("- ")
        while index < len(rows):
            row = rows[index]
            following = item.match(row)
            if (
                following is None
                or not row.strip()
                or (is_yaml and not row.lstrip().startswith("-"))
            ):
                break
            words.append(following["word"].strip())
            index += 1
        if any(word.startswith("-") or word in _KNOWN for word in words):
            yield CommandLine(tuple(words), path, begin)
