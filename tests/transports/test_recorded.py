"""A recording answers as the session did that it was made from."""
# ruff: noqa: D102 - fixtures and fakes do what the protocol says

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from hardening.errors import SnapshotError
from hardening.model.evidence import Evidence, Known, Unreadable
from hardening.model.step import Answer, Completed, NotRun, Privilege, ShellStep
from hardening.model.target import RecordedEndpoint
from hardening.secrets import Secret
from hardening.transports import open_session
from hardening.transports.recorded import RecordedSession
from hardening.transports.recording import (
    Recording,
    StepKey,
    decode_recording,
    digest_step,
    encode_recording,
    load_recording,
)
from hardening.transports.remembering import RecordingSession
from hardening.transports.session import BecomeRefused, Limits, Opening, Session, Traffic
from tests.transports.conformance import Conformance, OpenSession, completed
from tests.transports.test_local import open_local

STEP = ShellStep(name="one", script="echo here")
ANSWER = Completed(exit_status=3, stdout=b"\xff\0here", stderr=b"err", milliseconds=12, cut=True)


class Replayed:
    """Runs a batch on another session, puts it through a file's bytes, and answers from there."""

    def __init__(self, session: Session) -> None:
        self._recorder = RecordingSession(session, time=1_767_225_600)

    def run(self, steps: Sequence[ShellStep], *, as_root: bool) -> Mapping[str, Answer]:
        self._recorder.run(steps, as_root=as_root)
        ordered = sorted(steps, key=lambda step: step.slow)
        return self._replay().run(ordered, as_root=as_root)

    @property
    def connection(self) -> Evidence:
        return self._replay().connection

    @property
    def traffic(self) -> Traffic:
        return self._replay().traffic

    def close(self) -> None:
        self._replay().close()
        self._recorder.close()

    def _replay(self) -> RecordedSession:
        return RecordedSession(decode_recording(encode_recording(self._recorder.recording), "test"))


class TestRecorded(Conformance):
    """What every transport promises."""

    @pytest.fixture(scope="class")
    @classmethod
    def open_target(cls) -> OpenSession:
        return lambda limits: Replayed(open_local(limits))


class RefusingSession:
    """A session whose target gives no root rights."""

    connection: ClassVar[Evidence] = {"transport": Known("ssh"), "kex": Unreadable("not seen")}
    traffic = Traffic(channels=1, round_trips=2, bytes_received=3)

    def run(self, steps: Sequence[ShellStep], *, as_root: bool) -> Mapping[str, Answer]:
        if as_root:
            reason = "sudo is not installed on the target"
            raise BecomeRefused(reason, "install it")
        return {step.name: ANSWER for step in steps}

    def close(self) -> None:
        """Nothing is open."""


def record(*, as_root: bool = False) -> Recording:
    return Recording(
        connection={"transport": Known("ssh")},
        answers={StepKey(digest_step(STEP), as_root): replace(ANSWER, as_root=as_root)},
        names={digest_step(STEP): "one"},
        time=1_767_225_600,
    )


def test_a_recording_survives_its_file() -> None:
    assert decode_recording(encode_recording(record()), "test") == record()


def test_equal_recordings_are_equal_bytes() -> None:
    assert encode_recording(record()) == encode_recording(record())


def test_a_step_that_was_not_asked_then_was_not_run() -> None:
    other = ShellStep(name="one", script="echo other")
    assert RecordedSession(record()).run([other], as_root=False)["one"] == NotRun("not in this recording")


def test_a_renamed_step_keeps_its_answer() -> None:
    renamed = replace(STEP, name="two")
    assert RecordedSession(record()).run([renamed], as_root=False) == {"two": ANSWER}


@pytest.mark.parametrize(
    "changed",
    [
        replace(STEP, privilege=Privilege.ROOT),
        replace(STEP, output_limit=5),
        replace(STEP, unbounded=True),
        replace(STEP, slow=True),
    ],
)
def test_a_step_with_other_rights_or_limits_is_another_step(changed: ShellStep) -> None:
    assert digest_step(changed) != digest_step(STEP)


def test_what_root_answered_says_so_on_replay() -> None:
    answers = RecordedSession(record(as_root=True)).run([STEP], as_root=False)
    assert completed(answers["one"]).as_root


def test_refused_root_rights_are_refused_on_replay() -> None:
    recorder = RecordingSession(RefusingSession(), time=0)
    with pytest.raises(BecomeRefused):
        recorder.run([STEP], as_root=True)
    replay = RecordedSession(decode_recording(encode_recording(recorder.recording), "test"))
    with pytest.raises(BecomeRefused, match="sudo is not installed on the target; install it"):
        replay.run([STEP], as_root=True)


def test_answers_after_refused_root_rights_are_recorded() -> None:
    recorder = RecordingSession(RefusingSession(), time=0)
    with pytest.raises(BecomeRefused):
        recorder.run([STEP], as_root=True)
    recorder.run([STEP], as_root=False)
    assert RecordedSession(recorder.recording).run([STEP], as_root=False) == {"one": ANSWER}


def test_a_recorder_passes_on_the_traffic() -> None:
    assert RecordingSession(RefusingSession(), time=0).traffic == RefusingSession.traffic


def test_the_connection_is_that_of_then() -> None:
    recording = RecordingSession(RefusingSession(), time=0).recording
    assert decode_recording(encode_recording(recording), "test").connection == RefusingSession.connection


def test_a_recording_is_opened_by_its_endpoint(tmp_path: Path) -> None:
    path = tmp_path / "web-01.recording.json.gz"
    path.write_bytes(encode_recording(record()))
    session = open_session(RecordedEndpoint(str(path)), Opening(resolve=Secret))
    assert isinstance(session, RecordedSession)
    assert session.run([STEP], as_root=False) == {"one": ANSWER}


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"missing: the recording cannot be read \(No such file"):
        load_recording(tmp_path / "missing")


def test_bytes_that_are_no_recording_are_refused() -> None:
    with pytest.raises(SnapshotError, match="web-01: not a recording, or damaged"):
        decode_recording(b"\x00noise", "web-01")


def test_a_recording_cut_short_is_refused() -> None:
    with pytest.raises(SnapshotError, match="not a recording, or damaged"):
        decode_recording(encode_recording(record())[:-20], "web-01")


def test_a_recording_of_another_format_is_refused() -> None:
    with pytest.raises(SnapshotError, match="recording format 99, this version reads 1"):
        decode_recording(gzip.compress(b'{"format": 99}'), "web-01")


def test_json_nested_without_end_is_refused() -> None:
    with pytest.raises(SnapshotError, match="not a recording, or damaged"):
        decode_recording(gzip.compress(b"[" * 100_000), "web-01")


@pytest.mark.parametrize(
    ("name", "value"),
    [("answers", {}), ("time", "today"), ("refused", 1), ("connection", []), ("answers", [{"step": 1}])],
)
def test_a_field_of_another_type_is_refused(name: str, value: object) -> None:
    document = {**json.loads(gzip.decompress(encode_recording(record()))), name: value}
    with pytest.raises(SnapshotError, match="not a recording, or damaged"):
        decode_recording(gzip.compress(json.dumps(document).encode()), "web-01")


def test_output_that_is_not_base64_is_refused() -> None:
    document = json.loads(gzip.decompress(encode_recording(record())))
    document["answers"][0]["stdout"] = "§"
    with pytest.raises(SnapshotError, match="not a recording, or damaged"):
        decode_recording(gzip.compress(json.dumps(document).encode()), "web-01")


def test_limits_of_a_replay_cost_nothing() -> None:
    assert Replayed(open_local(Limits())).traffic == Traffic()
