"""One visit: batches by privilege, refused root rights, broken sessions; trouble always becomes evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from hardening.collect.plan import Plan, build_plan, digest_steps
from hardening.collect.visit import VisitContext, visit
from hardening.errors import ConnectError
from hardening.model.evidence import Evidence, Known, Unreadable
from hardening.model.platform import Directory
from hardening.model.probe import Probe
from hardening.model.snapshot import Snapshot
from hardening.model.step import (
    Answer,
    Completed,
    DirectoryStep,
    LdapAnswer,
    LdapEntry,
    LdapIdentity,
    LdapScope,
    LdapStep,
    NotRun,
    Privilege,
    ShellStep,
)
from hardening.model.target import Become, Endpoint, LdapEndpoint, LocalEndpoint, SshEndpoint, Target
from hardening.probes import KINDS
from hardening.probes.kind import Channel
from hardening.transports.recording import digest_step
from hardening.transports.session import AnySession, BecomeRefused, Session, Traffic
from tests.content.shipped import load_shipped
from tests.evaluate.examples import make_check

AD_ROOT = LdapEntry(
    "",
    {
        "supportedcapabilities": (b"1.2.840.113556.1.4.800",),
        "defaultnamingcontext": (b"DC=kommune,DC=test",),
        "currenttime": (b"20261128080000.0Z",),
    },
)
DIRECTORY = Probe.build("directory_server", {})
DIRECTORY_CONNECTION = Probe.build("connection", {"endpoint": "ldap"})
SHELL_CONNECTION = Probe.build("connection", {"endpoint": "shell"})
LDAP = LdapEndpoint(address="dc-01")
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


@dataclass
class FakeDirectory:
    """Answers every search with what it is given, and notes what was asked of it."""

    entries: tuple[LdapEntry, ...] = (AD_ROOT,)
    asked: list[str] = field(default_factory=list)
    closed: int = 0
    connection: Evidence = field(default_factory=lambda: {"transport": Known("ldap")})
    traffic: Traffic = field(default_factory=Traffic)

    def search(self, steps: Sequence[DirectoryStep]) -> Mapping[str, Answer]:
        """Answer each step with the same entries."""
        self.asked += [step.name for step in steps]
        return {step.name: LdapAnswer(entries=self.entries) for step in steps}

    def close(self) -> None:
        """Count."""
        self.closed += 1


def plan() -> Plan:
    return build_plan(load_shipped().checks.values()).reduce_to(frozenset({Channel.SHELL}))


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


def test_a_step_that_kinds_share_is_asked_once() -> None:
    probes = [Probe.build("security_policy", {"key": "LockoutBadCount"}), Probe.build("user_right", {"right": "SeTcb"})]
    assert [step.name for step in plan_of(*probes).steps] == ["windows_identification", "security_export"]


def plan_of(*probes: Probe) -> Plan:
    return build_plan([replace(make_check(), probes={"p": probe}) for probe in probes])


def visit_both(
    shell: FakeSession | ConnectError, directory: FakeDirectory | ConnectError, asked: Plan | None = None
) -> Snapshot:
    def open_session(_target: Target, endpoint: Endpoint) -> AnySession:
        session = directory if isinstance(endpoint, LdapEndpoint) else shell
        if isinstance(session, ConnectError):
            raise session
        return session

    context = VisitContext(
        open_session=open_session,
        seconds=lambda: 1_767_225_600.5,
        ticks=lambda: 10.0,
        progress=lambda *_: None,
        tool_version="0.1.0",
        content_digest="c",
    )
    target = Target(name="dc-01", endpoints=(SshEndpoint(address="dc-01"), LDAP))
    return visit(target, asked or plan_of(SHADOW, DIRECTORY, DIRECTORY_CONNECTION, SHELL_CONNECTION), context)


def test_endpoints_are_visited_one_after_another_in_their_order() -> None:
    snapshot = visit_both(FakeSession(), FakeDirectory())
    assert [(record.channel, record.failure) for record in snapshot.endpoints] == [("ssh", ""), ("ldap", "")]


def test_each_endpoint_answers_its_own_questions() -> None:
    session, directory = FakeSession(), FakeDirectory()
    snapshot = visit_both(session, directory)
    assert [name for _, names in session.batches for name in names] == ["identification", "file_status"]
    assert directory.asked == ["root_dse", "directory_server as nobody", "directory_server plain bind"]
    assert snapshot.evidence[DIRECTORY]["kind"] == Known("active-directory", "root DSE")


def test_the_connection_is_that_of_the_session_that_is_meant() -> None:
    snapshot = visit_both(FakeSession(), FakeDirectory())
    assert [snapshot.evidence[probe]["transport"] for probe in (SHELL_CONNECTION, DIRECTORY_CONNECTION)] == [
        Known("ssh"),
        Known("ldap"),
    ]


def test_both_facets_of_the_platform_are_seen() -> None:
    snapshot = visit_both(FakeSession(), FakeDirectory())
    assert isinstance(snapshot.platform.directory, Directory)
    assert snapshot.platform.directory.kind == "active-directory"
    assert snapshot.platform.os == Unreadable("the target does not say what system it is")


def test_an_endpoint_that_fails_costs_its_own_answers_only() -> None:
    snapshot = visit_both(ConnectError("port 22 is closed", "start sshd"), FakeDirectory())
    assert (snapshot.reached, snapshot.platform.os) == (True, Unreadable("port 22 is closed"))
    assert set(snapshot.evidence[SHADOW].values()) == {Unreadable("port 22 is closed")}
    assert snapshot.evidence[DIRECTORY]["kind"] == Known("active-directory", "root DSE")


def test_what_was_seen_of_the_connection_counts_though_its_login_failed() -> None:
    seen = {"transport": Known("ldap"), "tls_version": Known("TLSv1.3")}
    snapshot = visit_both(FakeSession(), ConnectError("the password is wrong", "", seen))
    assert snapshot.evidence[DIRECTORY_CONNECTION] == seen
    assert set(snapshot.evidence[DIRECTORY].values()) == {Unreadable("the password is wrong")}
    assert snapshot.platform.directory == Unreadable("the password is wrong")


def test_a_target_of_which_no_endpoint_answers_is_not_reached() -> None:
    snapshot = visit_both(ConnectError("a", ""), ConnectError("b", ""))
    assert (snapshot.reached, dict(snapshot.evidence)) == (False, {})


def test_an_endpoint_that_the_plan_asks_nothing_of_is_not_visited() -> None:
    session = FakeSession()
    snapshot = visit_both(session, FakeDirectory(), plan_of(DIRECTORY))
    assert ([record.channel for record in snapshot.endpoints], session.batches) == (["ldap"], [])


def test_the_time_of_a_directory_is_that_of_its_root_dse() -> None:
    assert visit_both(FakeSession(), FakeDirectory(), plan_of(DIRECTORY)).target_time == 1_795_852_800


def test_a_directory_that_answers_nothing_was_not_reached() -> None:
    @dataclass
    class Silent(FakeDirectory):
        def search(self, steps: Sequence[DirectoryStep]) -> Mapping[str, Answer]:
            return {step.name: NotRun("the connection is gone") for step in steps}

    snapshot = visit_both(FakeSession(), Silent(), plan_of(DIRECTORY))
    assert (snapshot.reached, snapshot.endpoints[0].failure) == (False, "the connection is gone")


def test_every_session_is_closed() -> None:
    session, directory = FakeSession(), FakeDirectory()
    visit_both(session, directory)
    assert (session.closed, directory.closed) == (1, 1)


def test_a_plan_without_shell_questions_has_no_shell_steps() -> None:
    asked = plan_of(DIRECTORY)
    assert (asked.shell_steps, asked.directory_steps[0].name) == ((), "root_dse")


def test_a_plan_can_be_reduced_to_one_channel() -> None:
    both = plan_of(SHADOW, DIRECTORY)
    assert both.reduce_to(frozenset({Channel.SHELL})) == plan_of(SHADOW)
    assert both.reduce_to(frozenset({Channel.LDAP})) == plan_of(DIRECTORY)


def test_a_directory_does_not_change_what_a_shell_is_asked() -> None:
    assert plan_of(SHADOW, DIRECTORY).shell_steps == plan_of(SHADOW).shell_steps


@pytest.mark.parametrize(
    "changes",
    [
        {"base": "{config_nc}"},
        {"scope": LdapScope.ONE},
        {"filter": "(cn=*)"},
        {"attributes": ("sn",)},
        {"sd_flags": 7},
        {"identity": LdapIdentity.ANONYMOUS},
        {"page_size": 1},
        {"entry_limit": 1},
        {"output_limit": 1},
    ],
)
def test_another_search_is_another_digest(changes: dict[str, object]) -> None:
    step = LdapStep(
        name="a", base="{default_nc}", scope=LdapScope.SUBTREE, filter="(objectClass=*)", attributes=("cn",)
    )
    assert digest_steps([step]) != digest_steps([replace(step, **changes)])  # type: ignore[arg-type] # as given
    assert digest_step(step) != digest_step(replace(step, **changes))  # type: ignore[arg-type] # as given
