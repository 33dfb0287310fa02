"""A described server asked by a plan: its evidence, its verdicts, and a recording that `recorded:` replays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hardening.collect.plan import build_plan
from hardening.evaluate.judge import Judged, judge_evidence
from hardening.model.check import Check
from hardening.model.evidence import Evidence
from hardening.model.platform import OperatingSystem
from hardening.model.probe import Probe
from hardening.model.step import Answer, PowerShellStep, select_powershell_steps
from hardening.probes import KINDS
from hardening.probes.kind import Channel
from hardening.probes.windows_identification import STEP as IDENTIFICATION
from hardening.probes.windows_identification import parse_windows_identification
from hardening.transports.recording import RecordedOf, Recording, StepKey, digest_step, encode_recording
from tests.app.windows.languages import LANGUAGES
from tests.app.windows.replies import answer_steps
from tests.app.windows.state import SERVERS


def steps_of(probes: Iterable[Probe]) -> tuple[PowerShellStep, ...]:
    """Return what is asked for some probes, each step once."""
    asked = list(probes)
    steps = [step for kind in KINDS for step in KINDS[kind].steps(_of_kind(asked, kind))]
    return tuple(dict.fromkeys(select_powershell_steps(steps)))


def collect(server: str, language: str, probes: Iterable[Probe]) -> Mapping[Probe, Evidence]:
    """Return the evidence that a described server gives for some probes."""
    asked = [probe for probe in probes if KINDS[probe.kind].channel is Channel.POWERSHELL]
    answers = answer_steps(SERVERS[server], LANGUAGES[language], steps_of(asked))
    evidence: dict[Probe, Evidence] = {}
    for kind in sorted({probe.kind for probe in asked}):
        evidence.update(KINDS[kind].parse(_of_kind(asked, kind), answers))
    return evidence


def judge(server: str, language: str, checks: Iterable[Check]) -> dict[str, Judged]:
    """Return what the checks come to that apply to a described server, with their own parameters."""
    system = parse_windows_identification(
        answer_steps(SERVERS[server], LANGUAGES[language], ())[IDENTIFICATION.name]
    ).system
    assert isinstance(system, OperatingSystem)
    asked = [check for check in checks if any(condition.holds_for(system) for condition in check.applies_to)]
    evidence = collect(server, language, {probe for check in asked for probe in check.probes.values()})
    return {
        check.id: judge_evidence(
            check,
            {name: evidence[probe] for name, probe in check.probes.items()},
            {name: parameter.default for name, parameter in check.parameters.items()},
            fields={name: KINDS[probe.kind].fields for name, probe in check.probes.items()},
            time=SERVERS[server].time,
        )
        for check in asked
    }


def record(server: str, language: str, checks: Iterable[Check]) -> bytes:
    """Return a recording of a described server, as `hardening collect --keep-raw` writes one."""
    steps = select_powershell_steps(build_plan(checks).steps)
    answers: Mapping[str, Answer] = answer_steps(SERVERS[server], LANGUAGES[language], steps)
    return encode_recording(
        Recording(
            connection={},
            answers={StepKey(digest_step(step), as_root=False): answers[step.name] for step in steps},
            names={digest_step(step): step.name for step in steps},
            time=SERVERS[server].time,
            source=RecordedOf.POWERSHELL,
        )
    )


def _of_kind(probes: Iterable[Probe], kind: str) -> list[Probe]:
    return [probe for probe in probes if probe.kind == kind]
