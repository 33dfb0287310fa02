"""A scan as the history keeps it: numbers at hand, documents by digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hardening.model.check import Severity
from hardening.model.judgement import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptScan:
    """One scan; times are whole seconds since 1970-01-01 UTC. ``kept`` is when it entered the history."""

    id: str
    started: int
    finished: int
    kept: int
    tool_version: str
    content_digest: str
    plan_digest: str
    command: str
    exit_code: int
    targets: int
    unreached: int
    counts: Counts
    gaps: Mapping[Severity, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVisit:
    """One target of a scan; ``snapshot`` and ``results`` are digests of documents."""

    target: str
    reached: bool
    counts: Counts
    snapshot: str
    results: str
    gaps: Mapping[Severity, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedVisit:
    """One target of one earlier scan, with the scan's facts; ``results`` is the digest of a document."""

    scan: str
    started: int
    content_digest: str
    target: str
    reached: bool
    counts: Counts
    results: str
    gaps: Mapping[Severity, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """The numbers of one scan, of all its targets or of one."""

    scan: str
    started: int
    content_digest: str
    targets: int
    unreached: int
    counts: Counts
    gaps: Mapping[Severity, int]
