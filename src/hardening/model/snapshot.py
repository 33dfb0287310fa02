"""All evidence of one visit, as it is stored and judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hardening.model.baseline import BaselineReference
from hardening.model.check import Constant
from hardening.model.evidence import Absent, Evidence, Unreadable
from hardening.model.platform import Platform
from hardening.model.probe import Probe

SNAPSHOT_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """What became of one step. ``sha256`` is of the raw standard output; ``problem`` is empty when it completed."""

    name: str
    as_root: bool
    exit_status: int = 0
    milliseconds: int = 0
    bytes: int = 0
    sha256: str = ""
    cut: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Privileges:
    """With what rights the questions were asked: the account, its uid, and whether root answered.

    ``refused`` says why root rights were asked for and not given; empty otherwise. ``remedy`` says what to do.
    On Windows ``sid`` is the account's, and ``root`` says whether it answered as an administrator with all its rights.
    """

    user: str = ""
    uid: int = -1
    root: bool = False
    become: str = "no"
    refused: str = ""
    remedy: str = ""
    sid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRecord:
    """One endpoint as it was met: what answered (evidence of kind `connection`), or why nothing did."""

    channel: str
    address: str
    connection: Evidence = field(default_factory=dict)
    failure: str = ""
    remedy: str = ""
    round_trips: int = 0
    channels: int = 0
    bytes_received: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything one visit brought home. Times are whole seconds since 1970-01-01 UTC.

    ``time`` is ours at the start; ``target_time`` is what the target's own clock said then.
    ``labels``, ``baselines`` and ``parameters`` are those of the target when it was visited.
    """

    target: str
    platform: Platform
    endpoints: tuple[EndpointRecord, ...]
    privileges: Privileges
    evidence: Mapping[Probe, Evidence]
    steps: tuple[StepRecord, ...]
    time: int
    duration_ms: int
    target_time: int | Absent | Unreadable
    plan_digest: str
    tool_version: str
    content_digest: str
    labels: Mapping[str, str] = field(default_factory=dict)
    baselines: tuple[BaselineReference, ...] = ()
    parameters: Mapping[str, Mapping[str, Constant]] = field(default_factory=dict)
    place: str = ""
    format: int = SNAPSHOT_FORMAT

    @property
    def reached(self) -> bool:
        """Say whether at least one endpoint answered."""
        return any(not endpoint.failure for endpoint in self.endpoints)
