"""One visit: batches by privilege, refused root rights, broken sessions; trouble always becomes evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from hardening.collect.plan import Plan, build_plan, digest_steps
from hardening.collect.visit import VisitContext, visit
from hardening.errors import ConnectError
from hardening.model.evidence import Evidence, Known, Unreadable
from hardening.model.probe import Probe
from hardening.model.snapshot import Snapshot
from hardening.model.step import Answer, Completed, NotRun, Privilege, ShellStep
from hardening.model.target import Become, Endpoint, LocalEndpoint, SshEndpoint, Target
from hardening.probes import KINDS
from hardening.transports.session import BecomeRefused, Session, Traffic
from tests.content.shipped import load_shipped

REFUSAL = ("audit is not in sudoers", "add it")
SHADOW = Probe.build("file_status", {"path": "/etc/shadow"})


@dataclass
class FakeSession:
    """Answers every step with nothing, and notes what was asked of it."""

    refuses: bool = False
    batches: list[tuple[bool, tuple[str, ...]]] = field(default_factory=list)
    closed: int = 0
    connection: Evidence = field(default_factory=lambda: {"transport": Known("ssh")})
    traffic: Traffic = field(default_factory=Traffic)

    def run(self, steps: Sequence[ShellStep], *, as_root: bool) -> Mapping[str, Answer]:
        """Answer nothing to each step."""
        if as_root and self.refuses:
            raise BecomeRefused(*REFUSAL)
        self.batches.append((as_root, tuple(step.name for step in steps)))
        return {step.name: Completed(exit_status=0, stdout=b"", as_root=as_root) for step in steps}

    def close(self) -> None:
        """Count."""
        self.closed += 1


def plan() -> Plan:
    return build_plan(load_shipped().checks.values())


def run_visit(session: Session | ConnectError, endpoint: Endpoint, stages: list[str] | None = None) -> Snapshot:
    def open_session(_target: Target, _endpoint: Endpoint) -> Session:
        if isinstance(session, ConnectError):
            raise session
        return session

    context = VisitContext(
        open_session=open_session,
        seconds=lambda: 1_767_225_600.5,
        ticks=lambda: 10.0,
        progress=lambda _name, stage: (stages if stages is not None else []).append(stage),
        tool_version="0.1.0",
        content_digest="c",
    )
    return visit(Target(name="web-01", endpoints=(endpoint,), labels={"zone": "dmz"}), plan(), context)


SUDO = SshEndpoint(address="web-01", become=Become.SUDO)


def test_without_become_everything_is_one_batch() -> None:
    session = FakeSession()
    run_visit(session, LocalEndpoint())
    assert [as_root for as_root, _ in session.batches] == [False]


def test_with_become_root_steps_and_the_others_are_a_batch_each() -> None:
    session = FakeSession()
    run_visit(session, SUDO)
    privileges = {step.name: step.privilege for step in plan().shell_steps}
    asked = [
        {privileges[name] for name in names if name != "identification"} == {privilege}
        for (_, names), privilege in zip(session.batches, (Privilege.ROOT, Privilege.ANY), strict=True)
    ]
    assert asked == [True, True]


def test_every_batch_begins_with_identification() -> None:
    session = FakeSession()
    run_visit(session, SUDO)
    assert [names[0] for _, names in session.batches] == ["identification", "identification"]


def test_refused_root_rights_send_everything_as_the_user() -> None:
    session = FakeSession(refuses=True)
    snapshot = run_visit(session, SUDO)
    assert (session.batches, snapshot.privileges.refused) == (
        [(False, tuple(step.name for step in plan().steps))],
        "audit is not in sudoers",
    )


def test_session_is_closed_once() -> None:
    session = FakeSession()
    run_visit(session, LocalEndpoint())
    assert session.closed == 1


def test_target_that_is_not_reached_is_a_snapshot_with_reason_and_remedy() -> None:
    snapshot = run_visit(ConnectError("port 22 is closed", "start sshd"), SUDO)
    (endpoint,) = snapshot.endpoints
    assert (snapshot.reached, endpoint.failure, endpoint.remedy, dict(snapshot.evidence)) == (
        False,
        "port 22 is closed",
        "start sshd",
        {},
    )


def test_every_probe_of_the_plan_has_evidence_with_every_field() -> None:
    snapshot = run_visit(FakeSession(), LocalEndpoint())
    complete = {
        probe: set(KINDS[probe.kind].fields) <= set(evidence)
        for probe, evidence in snapshot.evidence.items()
        if probe.kind != "connection"
    }
    assert complete == {probe: True for probe in plan().probes if probe.kind != "connection"}


def test_answers_without_a_word_in_them_never_pass_for_known_values() -> None:
    snapshot = run_visit(FakeSession(), LocalEndpoint())
    assert not isinstance(snapshot.evidence[SHADOW]["mode"], Known)


def test_steps_that_did_not_run_are_recorded_with_their_reason() -> None:
    @dataclass
    class Broken(FakeSession):
        def run(self, steps: Sequence[ShellStep], *, as_root: bool) -> Mapping[str, Answer]:
            del as_root
            return {step.name: NotRun("the connection broke") for step in steps}

    snapshot = run_visit(Broken(), LocalEndpoint())
    assert {record.problem for record in snapshot.steps} == {"the connection broke"}
    assert (snapshot.reached, snapshot.endpoints[0].failure) == (False, "the connection broke")
    assert isinstance(snapshot.evidence[SHADOW]["mode"], Unreadable)


def test_parser_that_breaks_makes_its_own_probes_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Mapping[Probe, Evidence]:
        msg = "unforeseen"
        raise ZeroDivisionError(msg)

    monkeypatch.setitem(KINDS, "file_status", replace(KINDS["file_status"], parse=broken))
    snapshot = run_visit(FakeSession(), LocalEndpoint())
    assert snapshot.evidence[SHADOW]["mode"] == Unreadable("the answer could not be understood (ZeroDivisionError)")


def test_stages_of_a_visit_are_told() -> None:
    stages: list[str] = []
    run_visit(FakeSession(), LocalEndpoint(), stages)
    assert stages == ["connecting", "asking"]


def test_plan_does_not_depend_on_the_order_of_checks() -> None:
    checks = list(load_shipped().checks.values())
    assert build_plan(reversed(checks)) == build_plan(checks)


def test_other_limits_are_another_digest() -> None:
    one, other = ShellStep(name="a", script="true"), ShellStep(name="a", script="true", output_limit=1)
    assert digest_steps([one]) != digest_steps([other])
