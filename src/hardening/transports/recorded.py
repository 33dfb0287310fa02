"""A recording in place of a target: answers what was asked then, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hardening.model.step import Answer, NotRun
from hardening.transports.recording import RecordedOf, Recording, StepKey, digest_step, load_recording
from hardening.transports.session import BecomeRefused, Traffic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.evidence import Evidence
    from hardening.model.step import DirectoryStep, PowerShellStep, ShellStep
    from hardening.model.target import RecordedEndpoint
    from hardening.transports.session import AnySession, Opening


def open_recorded(endpoint: RecordedEndpoint, opening: Opening) -> AnySession:
    """Return a session that replays a file: a shell's, PowerShell's or a directory's; raises ``SnapshotError``."""
    opening.progress(f"reading {endpoint.path}")
    recording = load_recording(Path(endpoint.path))
    match recording.source:
        case RecordedOf.DIRECTORY:
            return RecordedDirectory(recording)
        case RecordedOf.POWERSHELL:
            return RecordedPowerShell(recording)
        case RecordedOf.SHELL:
            return RecordedSession(recording)


class Replay:
    """A recording on its way out again; what replayed sessions have in common."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    @property
    def connection(self) -> Evidence:
        """What was seen of the connection then."""
        return self._recording.connection

    @property
    def recording(self) -> Recording:
        """What is replayed."""
        return self._recording

    @property
    def time(self) -> int:
        """When the recording was made, in whole seconds since 1970-01-01 UTC."""
        return self._recording.time

    @property
    def traffic(self) -> Traffic:
        """Nothing: no target is touched."""
        return Traffic()

    def close(self) -> None:
        """Do nothing: nothing is open."""


class RecordedDirectory(Replay):
    """A directory session that replays a recording."""

    def search(self, steps: Sequence[DirectoryStep]) -> Mapping[str, Answer]:
        """Return the recorded answers."""
        answers = self._recording.answers
        unknown = NotRun("not in this recording")
        return {step.name: answers.get(StepKey(digest_step(step), as_root=False), unknown) for step in steps}


class RecordedPowerShell(Replay):
    """A PowerShell session that replays a recording."""

    def run_blocks(self, steps: Sequence[PowerShellStep]) -> Mapping[str, Answer]:
        """Return the recorded answers."""
        answers = self._recording.answers
        unknown = NotRun("not in this recording")
        return {step.name: answers.get(StepKey(digest_step(step), as_root=False), unknown) for step in steps}


class RecordedSession(Replay):
    """A shell session that replays a recording.

    A step that root answered then is answered as root now, even if root is not asked for: the answer says so.
    """

    def run(self, steps: Sequence[ShellStep], *, as_root: bool) -> Mapping[str, Answer]:
        """Return the recorded answers; raises ``BecomeRefused``, if ``as_root`` and root was refused then."""
        if as_root and self._recording.refused:
            raise BecomeRefused(self._recording.refused, self._recording.remedy)
        return {step.name: self._answer(digest_step(step), as_root=as_root) for step in steps}

    def _answer(self, digest: str, *, as_root: bool) -> Answer:
        answers = self._recording.answers
        for key in (StepKey(digest, as_root), StepKey(digest, not as_root)):
            if key in answers:
                return answers[key]
        return NotRun("not in this recording")
