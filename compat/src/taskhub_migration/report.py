"""The result of a check, as text or JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from taskhub_migration.finding import Finding, Level, Work

__all__ = ("Report",)


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, and how much was looked at."""

    findings: tuple[Finding, ...]
    #: How many files were read.
    files: int
    #: How many of them use Celery.
    using: int
    #: Directories that were not looked into, and why.
    passed_over: tuple[tuple[str, str], ...] = ()

    def only(self, levels: Iterable[Level]) -> Report:
        """Return a report with the findings of some levels."""
        chosen = frozenset(levels)
        kept = tuple(finding for finding in self.findings if finding.level in chosen)
        return Report(kept, self.files, self.using, self.passed_over)

    def counts(self) -> Mapping[Level, int]:
        """Return how many findings there are of each level."""
        found = Counter(finding.level for finding in self.findings)
        return {level: found[level] for level in Level}

    def work(self) -> Mapping[Work, int]:
        """Return at how many places there is how much work."""
        found = Counter(finding.work for finding in self.findings)
        return {work: found[work] for work in Work}

    def by_subject(self) -> list[tuple[Finding, list[str]]]:
        """Return each matter once, those that matter most first, with all of its places."""
        places: dict[tuple[Level, str, str], list[str]] = {}
        first: dict[tuple[Level, str, str], Finding] = {}
        for finding in self.findings:
            key = (finding.level, finding.subject, finding.message)
            first.setdefault(key, finding)
            listed = places.setdefault(key, [])
            if finding.place not in listed:
                listed.append(finding.place)
        order = list(Level)
        keys = sorted(first, key=lambda key: (order.index(key[0]), key[1], key[2]))
        return [(first[key], places[key]) for key in keys]
