"""What will be asked: checks become distinct probes, probes become merged steps. Offline; no target is needed."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.probe import Probe
from hardening.model.step import Privilege, ShellStep, Step
from hardening.probes import KINDS
from hardening.probes.identification import STEP as IDENTIFICATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hardening.model.check import Check


@dataclass(frozen=True, slots=True)
class Plan:
    """The probes to answer and the steps that answer them, identification first, slow steps last.

    ``digest`` is the SHA-256 of the canonical JSON of all steps: equal digests mean that the same things run.
    """

    probes: tuple[Probe, ...]
    steps: tuple[Step, ...]
    digest: str

    def steps_as(self, privilege: Privilege) -> tuple[Step, ...]:
        """Return the batch of one privilege, led by identification."""
        return (IDENTIFICATION, *(step for step in self.steps[1:] if step.privilege is privilege))


def build_plan(checks: Iterable[Check]) -> Plan:
    """Return the plan for some checks; the same checks give the same plan, whatever their order."""
    probes = tuple(sorted({probe for check in checks for probe in check.probes.values()}))
    by_kind: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes:
        by_kind[probe.kind].append(probe)
    steps = [step for kind, asked in sorted(by_kind.items()) for step in KINDS[kind].steps(asked)]
    ordered = (IDENTIFICATION, *sorted(steps, key=lambda step: (step.slow, step.name)))
    return Plan(probes, ordered, digest_steps(ordered))


def digest_steps(steps: Sequence[Step]) -> str:
    """Return the SHA-256, in hexadecimal, of the canonical JSON of ``steps``."""
    text = json.dumps([describe_step(step) for step in steps], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def describe_step(step: Step) -> dict[str, str | int | bool]:
    """Return everything that decides what a step does on a target."""
    match step:
        case ShellStep():
            return {
                "channel": "shell",
                "name": step.name,
                "privilege": step.privilege.value,
                "script": step.script,
                "output_limit": step.output_limit,
                "unbounded": step.unbounded,
                "slow": step.slow,
            }
