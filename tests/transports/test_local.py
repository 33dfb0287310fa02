"""The machine itself as a target."""
# ruff: noqa: D102 - fixtures and fakes do what the protocol says

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from hardening.model.evidence import ABSENT, Known
from hardening.model.step import NotRun, ShellStep
from hardening.model.target import LocalEndpoint
from hardening.secrets import Secret
from hardening.transports import open_session
from hardening.transports.session import BecomeRefused, Limits, Opening, Session
from tests.transports.conformance import LiveConformance, OpenSession, completed


def open_local(limits: Limits) -> Session:
    return open_session(LocalEndpoint(), Opening(resolve=Secret, limits=limits))


class TestLocal(LiveConformance):
    """What every transport promises."""

    @pytest.fixture(scope="class")
    @classmethod
    def open_target(cls) -> OpenSession:
        return open_local


@pytest.fixture
def session() -> Iterator[Session]:
    session = open_local(Limits())
    yield session
    session.close()


def test_root_needs_no_sudo_to_answer_as_root(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    answers = session.run([ShellStep(name="one", script="echo here")], as_root=True)
    assert completed(answers["one"]).as_root


def test_an_account_does_not_become_root_unasked(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BecomeRefused, match="not asked for"):
        session.run([ShellStep(name="one", script="echo here")], as_root=True)


def test_this_machine_is_no_connection(session: Session) -> None:
    assert {name for name, field in session.connection.items() if field != ABSENT} == {"transport"}


def test_this_machine_names_its_transport(session: Session) -> None:
    assert session.connection["transport"] == Known("local")


def test_secrets_in_our_environment_do_not_reach_a_step(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_PASSWORD", "Sommer-2026!")
    answers = session.run([ShellStep(name="one", script="env")], as_root=False)
    assert "Sommer-2026!" not in completed(answers["one"]).text


def test_a_hanging_process_is_ended_with_its_children(tmp_path: Path) -> None:
    session = open_local(Limits(deadline_seconds=0.5))
    child = tmp_path / "child"
    session.run([ShellStep(name="hangs", script=f"sleep 300 & echo $! > {child}; wait")], as_root=False)
    session.close()
    assert not is_running(int(child.read_text()))


def test_closing_from_another_thread_ends_a_batch() -> None:
    session = open_local(Limits())
    closer = Timer(0.2, session.close)
    closer.start()
    answers = session.run([ShellStep(name="hangs", script="sleep 300")], as_root=False)
    closer.join()
    assert answers["hangs"] == NotRun("the session was closed")


def test_a_closed_session_runs_nothing() -> None:
    session = open_local(Limits())
    session.close()
    answers = session.run([ShellStep(name="one", script="echo here")], as_root=False)
    assert answers["one"] == NotRun("the session was closed")


def test_a_batch_costs_one_channel(session: Session) -> None:
    session.run([ShellStep(name="one", script="echo here")], as_root=False)
    assert session.traffic.channels == 1


def test_received_bytes_are_counted(session: Session) -> None:
    session.run([ShellStep(name="one", script="head -c 100000 /dev/zero")], as_root=False)
    assert 100_000 < session.traffic.bytes_received < 101_000


def test_a_script_longer_than_a_pipe_arrives_whole(session: Session) -> None:
    answers = session.run([ShellStep(name="long", script=f": {'x' * 300_000}; echo end")], as_root=False)
    assert completed(answers["long"]).stdout == b"end\n"


def is_running(pid: int) -> bool:
    """Whether a process still runs a moment after it was killed; one that only waits to be reaped does not."""
    for _ in range(50):
        try:
            state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return False
        if state == "Z":
            return False
        time.sleep(0.02)
    return True
