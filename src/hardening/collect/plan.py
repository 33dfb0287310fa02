"""What will be asked: checks become distinct probes, probes become merged steps. Offline; no target is needed."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.collect.searches import Search, merge_searches
from hardening.model.directory import ROOT_DSE
from hardening.model.probe import Probe
from hardening.model.step import (
    DirectoryStep,
    LdapBindStep,
    LdapStep,
    PowerShellStep,
    Privilege,
    ShellStep,
    Step,
    select_powershell_steps,
    select_shell_steps,
)
from hardening.probes import KINDS
from hardening.probes.identification import STEP as IDENTIFICATION
from hardening.probes.kind import Channel, channel_needed
from hardening.probes.windows_identification import STEP as WINDOWS_IDENTIFICATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hardening.model.check import Check


_OTHERS = frozenset({Channel.LDAP, Channel.POWERSHELL})


@dataclass(frozen=True, slots=True)
class Plan:
    """The probes to answer and the steps that answer them, identification first, slow steps last.

    Over a shell that is `identification`, over PowerShell `windows_identification`, in a directory the root DSE.
    ``searches`` are the steps of a directory with the questions that share them. ``digest`` is the SHA-256 of the
    canonical JSON of all steps: equal digests mean that the same things run.
    """

    probes: tuple[Probe, ...]
    steps: tuple[Step, ...]
    digest: str
    searches: tuple[Search, ...] = ()

    @property
    def shell_steps(self) -> tuple[ShellStep, ...]:
        """Everything that a shell is asked."""
        return select_shell_steps(self.steps)

    @property
    def powershell_steps(self) -> tuple[PowerShellStep, ...]:
        """Everything that PowerShell is asked."""
        return select_powershell_steps(self.steps)

    @property
    def directory_steps(self) -> tuple[DirectoryStep, ...]:
        """Everything that a directory is asked."""
        return tuple(step for step in self.steps if isinstance(step, LdapStep | LdapBindStep))

    def steps_as(self, privilege: Privilege) -> tuple[ShellStep, ...]:
        """Return the batch of one privilege, led by identification."""
        return (IDENTIFICATION, *(step for step in self.shell_steps[1:] if step.privilege is privilege))

    def reduce_to(self, channels: frozenset[Channel]) -> Plan:
        """Return the part of the plan that asks nothing of other channels."""
        probes = tuple(probe for probe in self.probes if needs(probe) in channels)
        return _build(probes)


def needs(probe: Probe) -> Channel:
    """Return through what a probe is answered."""
    return channel_needed(KINDS[probe.kind], probe)


def build_plan(checks: Iterable[Check]) -> Plan:
    """Return the plan for some checks; the same checks give the same plan, whatever their order."""
    return _build(tuple(sorted({probe for check in checks for probe in check.probes.values()})))


def _build(probes: tuple[Probe, ...]) -> Plan:
    by_kind: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes:
        by_kind[probe.kind].append(probe)
    # Kinds may share a step: asked once, it answers them all.
    asked = dict.fromkeys(step for kind, of_kind in sorted(by_kind.items()) for step in KINDS[kind].steps(of_kind))
    searches = merge_searches(step for step in asked if isinstance(step, LdapStep))
    channels = {needs(probe) for probe in probes}
    shell = [IDENTIFICATION] if Channel.SHELL in channels or not channels & _OTHERS else []
    windows = [WINDOWS_IDENTIFICATION] if Channel.POWERSHELL in channels else []
    directory = [ROOT_DSE] if Channel.LDAP in channels else []
    # Two kinds may be answered by one step.
    rest: list[Step] = list(dict.fromkeys(step for step in asked if not isinstance(step, LdapStep)))
    rest += [search.step for search in searches]
    ordered = (*shell, *windows, *directory, *sorted(rest, key=lambda step: (step.slow, step.name)))
    return Plan(probes, ordered, digest_steps(ordered), searches)


def digest_steps(steps: Sequence[Step]) -> str:
    """Return the SHA-256, in hexadecimal, of the canonical JSON of ``steps``."""
    return hashlib.sha256(encode_steps(steps)).hexdigest()


def encode_steps(steps: Sequence[Step]) -> bytes:
    """Return the canonical JSON of ``steps``."""
    text = json.dumps([describe_step(step) for step in steps], sort_keys=True, separators=(",", ":"))
    return text.encode()


def describe_step(step: Step) -> dict[str, str | int | bool | list[str]]:
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
        case PowerShellStep():
            return {
                "channel": "powershell",
                "name": step.name,
                "script": step.script,
                "output_limit": step.output_limit,
                "writes": step.writes,
                "slow": step.slow,
            }
        case LdapStep():
            return {
                "channel": "ldap",
                "name": step.name,
                "base": step.base,
                "scope": step.scope.value,
                "filter": step.filter,
                "attributes": list(step.attributes),
                "sd_flags": step.sd_flags,
                "identity": step.identity.value,
                "page_size": step.page_size,
                "entry_limit": step.entry_limit,
                "output_limit": step.output_limit,
                "slow": step.slow,
            }
        case LdapBindStep():
            return {"channel": "ldap", "name": step.name, "bind": "made-up", "security": "plain", "slow": step.slow}
