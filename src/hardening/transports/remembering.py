"""Sessions that pass everything on to another one and remember what passed, so that it can be kept as a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from hardening.transports.recording import RecordedOf, Recording, StepKey, digest_step
from hardening.transports.session import (
    AnySession,
    BecomeRefused,
    DirectorySession,
    PowerShellSession,
    Session,
    Traffic,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hardening.model.evidence import Evidence
    from hardening.model.step import Answer, DirectoryStep, PowerShellStep, ShellStep, Step

_Remembered = TypeVar("_Remembered", bound=AnySession)


class _Remembering(Generic[_Remembered]):
    """What all of them do; how they are asked is what tells them apart."""

    _source: RecordedOf

    def __init__(self, session: _Remembered, time: int) -> None:
        self._session = session
        self._time = time
        self._answers: dict[StepKey, Answer] = {}
        self._names: dict[str, str] = {}
        self._refused = ("", "")

    def _note(self, steps: Sequence[Step], answers: Mapping[str, Answer], *, as_root: bool = False) -> None:
        for step in steps:
            digest = digest_step(step)
            self._names[digest] = step.name
            self._answers[StepKey(digest, as_root)] = answers[step.name]

    @property
    def connection(self) -> Evidence:
        """What the session saw of its connection."""
        return self._session.connection

    @property
    def traffic(self) -> Traffic:
        """What the session has cost so far."""
        return self._session.traffic

    @property
    def recording(self) -> Recording:
        """What has passed so far."""
        refused, remedy = self._refused
        return Recording(
            connection=self.connection,
            answers=dict(self._answers),
            names=dict(self._names),
            refused=refused,
            remedy=remedy,
            time=self._time,
            source=self._source,
        )

    def close(self) -> None:
        """End the session."""
        self._session.close()


class RecordingSession(_Remembering[Session]):
    """A way to a shell that remembers."""

    _source = RecordedOf.SHELL

    def run(self, steps: Sequence[ShellStep], *, as_root: bool) -> Mapping[str, Answer]:
        """Run steps as one batch; raises ``BecomeRefused``, if ``as_root``."""
        try:
            answers = self._session.run(steps, as_root=as_root)
        except BecomeRefused as error:
            self._refused = (error.reason, error.remedy)
            raise
        self._note(steps, answers, as_root=as_root)
        return answers


class RecordingDirectory(_Remembering[DirectorySession]):
    """A way to a directory that remembers."""

    _source = RecordedOf.DIRECTORY

    def search(self, steps: Sequence[DirectoryStep]) -> Mapping[str, Answer]:
        """Ask one after another."""
        answers = self._session.search(steps)
        self._note(steps, answers)
        return answers


class RecordingPowerShell(_Remembering[PowerShellSession]):
    """A way to PowerShell that remembers."""

    _source = RecordedOf.POWERSHELL

    def run_blocks(self, steps: Sequence[PowerShellStep]) -> Mapping[str, Answer]:
        """Run steps as one batch."""
        answers = self._session.run_blocks(steps)
        self._note(steps, answers)
        return answers
