"""A recording that may be shown to others: names, addresses, keys and comments replaced so that the verdicts stay.

What a scan of many sites has in common stays: names of settings, packages, services, programs, modules and system
accounts, numbers, times, versions. `docs/privacy.md` tells what is replaced and what is kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hardening.errors import SnapshotError
from hardening.model.evidence import Known, Partial
from hardening.model.step import Completed, LdapAnswer, NotRun
from hardening.snapshots.cleaning import Cleaner, Vocabulary
from hardening.snapshots.cleaning_windows import WindowsCleaner
from hardening.transports.recording import RecordedOf

if TYPE_CHECKING:
    from hardening.model.evidence import Evidence, Field, Value
    from hardening.model.step import Answer
    from hardening.transports.recording import Recording


def redact_recording(recording: Recording, vocabulary: Vocabulary) -> Recording:
    """Return a recording without what names a site or its people; equal recordings give equal ones.

    Raises ``SnapshotError`` for that of a directory.
    """
    if recording.source is RecordedOf.DIRECTORY:
        msg = "what a directory answers cannot be cleaned yet; do not give this recording away"
        raise SnapshotError(msg)
    ordered = sorted(recording.answers.items(), key=lambda item: (recording.names[item[0].digest], item[0].as_root))
    texts = [
        (recording.names[key.digest], text)
        for key, answer in ordered
        if isinstance(answer, Completed)
        for text in (answer.text, answer.error_text)
    ]
    is_windows = recording.source is RecordedOf.POWERSHELL
    cleaner = WindowsCleaner(texts, vocabulary) if is_windows else Cleaner((text for _, text in texts), vocabulary)
    answers = {key: _clean_answer(answer, recording.names[key.digest], cleaner) for key, answer in ordered}
    return replace(
        recording,
        answers={key: answers[key] for key in recording.answers},
        connection=_clean_evidence(recording.connection, cleaner),
        refused=cleaner.clean(recording.refused),
        remedy=cleaner.clean(recording.remedy),
    )


def _clean_answer(answer: Answer, step: str, cleaner: Cleaner) -> Answer:
    match answer:
        case NotRun(reason):
            return NotRun(cleaner.clean(reason))
        case LdapAnswer():
            return NotRun("what a directory answers cannot be cleaned")
        case Completed():
            return replace(
                answer,
                stdout=_to_bytes(cleaner.clean(answer.text, step)),
                stderr=_to_bytes(cleaner.clean(answer.error_text, step)),
            )


def _to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _clean_evidence(evidence: Evidence, cleaner: Cleaner) -> Evidence:
    def clean_value(value: Value) -> Value:
        if isinstance(value, str):
            return cleaner.clean(value)
        if isinstance(value, tuple):
            return tuple(cleaner.clean(item) if isinstance(item, str) else clean_record(item) for item in value)  # type: ignore[return-value] # one kind of item each
        return value

    def clean_record(record: Evidence) -> Evidence:
        return {name: clean_field(field) for name, field in record.items()}

    def clean_field(field: Field) -> Field:
        match field:
            case Known(value, place):
                return Known(clean_value(value), cleaner.clean(place))
            case Partial(items, reason, place):
                return Partial(clean_value(items), cleaner.clean(reason), cleaner.clean(place))  # type: ignore[arg-type] # items stay items
            case _:
                return field

    return clean_record(evidence)
