"""Small checks, snapshots and contents that the tests of this room are written with."""

from __future__ import annotations

from collections.abc import Mapping

from hardening.model.baseline import Baseline, BaselineReference, Control, Level
from hardening.model.check import (
    Action,
    ActionMeans,
    AllOf,
    Check,
    Comparison,
    Constant,
    FieldReference,
    Node,
    Operand,
    Outcome,
    ParameterReference,
    ParameterSpec,
    ParameterType,
    Sample,
    Severity,
)
from hardening.model.content import Content
from hardening.model.evidence import ABSENT, Absent, Evidence, FieldSpec, FieldType, Known, Unreadable
from hardening.model.judgement import TargetJudgement
from hardening.model.measure import Basis, CheckLink, Framework, Measure
from hardening.model.place import Place
from hardening.model.platform import OperatingSystem, Platform, PlatformCondition
from hardening.model.probe import Probe
from hardening.model.result import Result
from hardening.model.snapshot import EndpointRecord, Privileges, Snapshot
from hardening.model.texts import Texts

DAY = 86_400
NOW = 1_767_225_600

RECORD = {
    "path": FieldSpec(FieldType.TEXT, "path"),
    "mode": FieldSpec(FieldType.MODE, "mode"),
    "uid": FieldSpec(FieldType.INTEGER, "number of the owner"),
    "tags": FieldSpec(FieldType.TEXTS, "tags"),
}
FIELDS: Mapping[str, FieldSpec] = {
    "text": FieldSpec(FieldType.TEXT, "text"),
    "texts": FieldSpec(FieldType.TEXTS, "texts"),
    "number": FieldSpec(FieldType.INTEGER, "number"),
    "switch": FieldSpec(FieldType.BOOLEAN, "switch"),
    "mode": FieldSpec(FieldType.MODE, "mode"),
    "changed": FieldSpec(FieldType.TIME, "time"),
    "files": FieldSpec(FieldType.RECORDS, "records", RECORD),
}
KINDS = {"thing": FIELDS}
BY_NAME = {"p": FIELDS}
DEBIAN = OperatingSystem(family="linux", distribution="debian", version="12", title="Debian 12")
PLACE = Place("checks/thing.yaml", 1, 1)


def titled(text: str) -> Texts:
    return Texts(en=text, nb=text)


def compare(field: str, operator: str, operand: Operand, *, when_absent: Outcome | Absent = ABSENT) -> Comparison:
    """Write ``p.number`` for a field of the probe, ``uid`` for one of a record."""
    probe, _, name = field.rpartition(".")
    return Comparison(
        field=FieldReference(probe, name), operator=operator, operand=operand, when_absent=when_absent, place=PLACE
    )


HOLDS = compare("p.switch", "equals", operand=True)
FAILS = compare("p.switch", "equals", operand=False)
UNKNOWN = compare("p.text", "equals", "a")
MISSING = compare("p.number", "equals", 1)
SEEN: Evidence = {"switch": Known(True), "text": Unreadable("refused"), "number": Absent("/etc/thing")}  # noqa: FBT003


def make_check(
    expect: Node = HOLDS,
    *,
    name: str = "linux-thing",
    severity: Severity = Severity.HIGH,
    applies_to: tuple[PlatformCondition, ...] = (PlatformCondition(os_family="linux"),),
    only_if: Node | Absent = ABSENT,
    when_absent: Outcome = Outcome.FAIL,
    parameters: Mapping[str, Constant] | None = None,
    samples: tuple[Sample, ...] = (),
    action: str = "fix-thing",
    path: str = "/etc/thing",
) -> Check:
    return Check(
        id=name,
        title=titled(name),
        severity=severity,
        rationale=titled("why"),
        applies_to=applies_to,
        probes={"p": Probe.build("thing", {"path": path})},
        expect=expect,
        remediation=titled("how"),
        action=action,
        references=(),
        samples=samples,
        version="0" * 12,
        place=PLACE,
        parameters={
            key: ParameterSpec(ParameterType.INTEGER, value, titled(key)) for key, value in (parameters or {}).items()
        },
        only_if=only_if,
        when_absent=when_absent,
    )


def sample(name: str, outcome: Outcome, evidence: Evidence, **parameters: Constant) -> Sample:
    return Sample(name=name, evidence={"p": evidence}, outcome=outcome, parameters=parameters, time=NOW, place=PLACE)


def make_snapshot(
    evidence: Evidence | None = None,
    *,
    target: str = "web-01",
    os: OperatingSystem | Absent | Unreadable = DEBIAN,
    failure: str = "",
    remedy: str = "",
    labels: Mapping[str, str] | None = None,
    baselines: tuple[BaselineReference, ...] = (BaselineReference("server"),),
    parameters: Mapping[str, Mapping[str, Constant]] | None = None,
    target_time: int | Absent | Unreadable = NOW,
    endpoints: tuple[EndpointRecord, ...] | None = None,
) -> Snapshot:
    probe = Probe.build("thing", {"path": "/etc/thing"})
    reached = (EndpointRecord(channel="ssh", address="ssh://web-01:22", failure=failure, remedy=remedy),)
    return Snapshot(
        target=target,
        platform=Platform(os=os),
        endpoints=reached if endpoints is None else endpoints,
        privileges=Privileges(user="audit", uid=1000),
        evidence={} if evidence is None else {probe: evidence},
        steps=(),
        time=NOW,
        duration_ms=1,
        target_time=target_time,
        plan_digest="0",
        tool_version="0",
        content_digest="0",
        labels=labels or {},
        baselines=baselines,
        parameters=parameters or {},
    )


def make_control(
    name: str,
    *checks: str,
    level: Level = Level.BASIC,
    parameters: Mapping[str, Mapping[str, Constant]] | None = None,
    manual: Texts | Absent = ABSENT,
) -> Control:
    return Control(
        id=name,
        title=titled(name),
        level=level,
        place=PLACE,
        checks=checks,
        parameters=parameters or {},
        manual=manual,
        uncovered=ABSENT if checks or not isinstance(manual, Absent) else titled("no check yet"),
    )


def make_baseline(
    *controls: Control, name: str = "server", parameters: Mapping[str, Mapping[str, Constant]] | None = None
) -> Baseline:
    return Baseline(
        id=name, title=titled(name), version="1", controls=controls, place=PLACE, parameters=parameters or {}
    )


def make_measure(name: str, *checks: str, effort: int = 1) -> Measure:
    return Measure(
        id=name,
        group="1",
        title=titled(name),
        carrier="municipality",
        effort=effort,
        checks=tuple(CheckLink(check, Basis.SOURCE) for check in checks),
        place=PLACE,
    )


def make_framework(*measures: Measure) -> Framework:
    return Framework(
        id="nsm", title=titled("nsm"), version="1", publisher=titled("nsm"), source="", groups=(),
        measures=measures, place=PLACE,
    )  # fmt: skip


def make_content(
    *checks: Check,
    baselines: tuple[Baseline, ...] = (),
    efforts: Mapping[str, int] | None = None,
    recommended: Mapping[str, str] | None = None,
) -> Content:
    return Content(
        checks={check.id: check for check in checks},
        actions={
            name: Action(id=name, title=titled(name), effort=effort, how=ActionMeans.FILE, place=PLACE)
            for name, effort in (efforts or {"fix-thing": 1}).items()
        },
        baselines={baseline.id: baseline for baseline in baselines},
        frameworks={},
        recommended=recommended or {},
        digest="0",
    )


def make_result(check: str, outcome: Outcome, *, target: str = "web-01", suffix: str = "") -> Result:
    return Result(
        id=f"{target}/{check}{suffix}", target=target, check=check, check_version="0", outcome=outcome, reasons=()
    )


def make_judgement(
    *results: Result, labels: Mapping[str, str] | None = None, failure: str = "", problems: tuple[str, ...] = ()
) -> TargetJudgement:
    target = results[0].target if results else "web-01"
    return TargetJudgement(
        snapshot=make_snapshot(target=target, labels=labels, failure=failure),
        results=results,
        controls=(),
        problems=problems,
    )


def all_of(*nodes: Node) -> AllOf:
    return AllOf(nodes)


def parameter(name: str) -> ParameterReference:
    return ParameterReference(name)
