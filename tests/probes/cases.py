"""Recorded cases: ``<kind>/<case>/`` with the probes asked, the raw answers and the evidence they must give.

``probes.json`` lists probes as ``{"kind": …, parameters…}``; parameters that are left out take their defaults.
A directory's answer is ``<step>.ldif``, with ``result``, ``message`` and ``cut`` in ``<step>.json``.
``<step>.out`` and ``<step>.err`` are a step's raw output; ``<step>.json`` may hold ``exit_status``, ``cut``,
``as_root`` and ``not_run`` (a reason). A step without any file did not run.
``expected.json`` lists the encoded evidence of each probe, in the order of ``probes.json``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hardening.model.directory import ROOT_DSE
from hardening.model.encoding import encode_evidence
from hardening.model.probe import Probe, ProbeValue
from hardening.model.step import Answer, Completed, LdapAnswer, NotRun
from hardening.probes import KINDS
from hardening.probes.kind import Channel
from tests.probes.ldif import parse_ldif

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.evidence import Evidence

FOLDER = Path(__file__).parent
CASES = sorted(path.parent for path in FOLDER.glob("*/*/probes.json"))


def build_probe(data: Mapping[str, object]) -> Probe:
    """Return the probe with the defaults of its kind filled in, as content loading does."""
    kind = KINDS[str(data["kind"])]
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    parameters = {
        name: cast("ProbeValue", values.get(name, parameter.default)) for name, parameter in kind.parameters.items()
    }
    return Probe.build(kind.name, parameters)


def load_probes(case: Path) -> tuple[Probe, ...]:
    """Return the probes that a case asks."""
    return tuple(build_probe(data) for data in json.loads((case / "probes.json").read_text()))


def load_answer(case: Path, step: str) -> Answer:
    """Return what a case recorded for one step."""
    output, errors, state = (case / f"{step}.{ending}" for ending in ("out", "err", "json"))
    entries = case / f"{step}.ldif"
    if not (output.exists() or state.exists() or entries.exists()):
        return NotRun("not in this recording")
    facts = json.loads(state.read_text()) if state.exists() else {}
    if "not_run" in facts:
        return NotRun(facts["not_run"])
    if entries.exists() or "result" in facts:
        return LdapAnswer(
            entries=parse_ldif(entries.read_text(encoding="utf-8")) if entries.exists() else (),
            result=facts.get("result", 0),
            message=facts.get("message", ""),
            cut=facts.get("cut", ""),
        )
    return Completed(
        exit_status=facts.get("exit_status", 0),
        stdout=output.read_bytes() if output.exists() else b"",
        stderr=errors.read_bytes() if errors.exists() else b"",
        cut=facts.get("cut", False),
        as_root=facts.get("as_root", False),
    )


def answer_probes(probes: Sequence[Probe], case: Path) -> list[Evidence]:
    """Return the evidence of each probe, parsed kind by kind from the recorded answers."""
    by_kind: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes:
        by_kind[probe.kind].append(probe)
    evidence: dict[Probe, Evidence] = {}
    for kind, asked in by_kind.items():
        names = [step.name for step in KINDS[kind].steps(asked)]
        if KINDS[kind].channel is Channel.LDAP:
            names.append(ROOT_DSE.name)
        answers = {name: load_answer(case, name) for name in names}
        evidence.update(KINDS[kind].parse(asked, answers))
    return [evidence[probe] for probe in probes]


def evaluate_case(case: Path) -> object:
    """Return the encoded evidence of a case, comparable with its ``expected.json``."""
    return [encode_evidence(evidence) for evidence in answer_probes(load_probes(case), case)]
