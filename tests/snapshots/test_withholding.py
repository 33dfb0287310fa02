"""A secret that a target shows is in nothing that is stored, and never turns into a value."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardening.model.evidence import Known, Partial, Record, Unreadable
from hardening.model.snapshot import EndpointRecord
from hardening.model.step import Completed, NotRun
from hardening.secrets import Redactor, Secret
from hardening.snapshots.codec import encode_snapshot
from hardening.snapshots.withholding import REASON, withhold_answers, withhold_secrets
from hardening.transports.recording import Recording, StepKey
from tests.snapshots.states import SHADOW, build_snapshot

SECRET = "Sommer-2026!"


@pytest.fixture
def redactor() -> Redactor:
    redactor = Redactor()
    redactor.add(Secret(SECRET))
    return redactor


def test_snapshot_without_secrets_stays_as_it_is(redactor: Redactor) -> None:
    assert encode_snapshot(withhold_secrets(build_snapshot(), redactor)) == encode_snapshot(build_snapshot())


def test_field_with_a_secret_becomes_unreadable(redactor: Redactor) -> None:
    shown = replace(build_snapshot(), evidence={SHADOW: {"owner": Known(f"x{SECRET}", "/etc/shadow")}})
    assert withhold_secrets(shown, redactor).evidence[SHADOW] == {"owner": Unreadable(REASON, "/etc/shadow")}


def test_list_with_a_secret_becomes_unreadable_as_a_whole(redactor: Redactor) -> None:
    shown = replace(build_snapshot(), evidence={SHADOW: {"a": Known(("x", SECRET)), "b": Partial((SECRET,), "cut")}})
    assert withhold_secrets(shown, redactor).evidence[SHADOW] == {"a": Unreadable(REASON), "b": Unreadable(REASON)}


def test_record_keeps_its_other_fields(redactor: Redactor) -> None:
    shown_record: Record = {"a": Known(SECRET), "b": Known(1)}
    shown = replace(build_snapshot(), evidence={SHADOW: {"all": Known((shown_record,))}})
    kept = withhold_secrets(shown, redactor).evidence[SHADOW]["all"]
    expected: Record = {"a": Unreadable(REASON), "b": Known(1)}
    assert kept == Known((expected,))


def test_words_about_a_target_are_masked(redactor: Redactor) -> None:
    failed = EndpointRecord(channel="ssh", address="web-01", failure=f"bad password {SECRET}", remedy=SECRET)
    (kept,) = withhold_secrets(replace(build_snapshot(), endpoints=(failed,)), redactor).endpoints
    assert (kept.failure, kept.remedy) == ("bad password [secret]", "[secret]")


def test_short_secret_is_not_sought_where_it_stands_by_chance() -> None:
    redactor = Redactor()
    redactor.add(Secret("root"))
    shown = replace(build_snapshot(), evidence={SHADOW: {"owner": Known("root")}})
    assert withhold_secrets(shown, redactor).evidence == shown.evidence


def test_recorded_answer_with_a_secret_did_not_run(redactor: Redactor) -> None:
    good, bad = Completed(exit_status=0, stdout=b"fine"), Completed(exit_status=0, stdout=b"", stderr=SECRET.encode())
    recording = Recording(connection={}, answers={StepKey("a", False): good, StepKey("b", False): bad})  # noqa: FBT003
    assert list(withhold_answers(recording, redactor).answers.values()) == [good, NotRun(REASON)]
