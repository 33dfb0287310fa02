"""Keeping our own secrets out of what is stored, should a target show one of them.

A field that holds a secret becomes `Unreadable`: masked, it would be a value that nobody saw, and could be judged.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hardening.model.evidence import Absent, Known, Partial, Unreadable
from hardening.model.platform import Directory, OperatingSystem
from hardening.model.step import Answer, Completed, LdapAnswer, NotRun

if TYPE_CHECKING:
    from hardening.model.evidence import Evidence, Field, Record, Value
    from hardening.model.snapshot import EndpointRecord, Snapshot
    from hardening.secrets.redaction import Redactor
    from hardening.transports.recording import Recording

REASON = "the answer holds a secret that this scan was given; it was not kept"


def withhold_secrets(snapshot: Snapshot, redactor: Redactor) -> Snapshot:
    """Return the snapshot without any secret that ``redactor`` knows."""
    if not redactor.knows_any:
        return snapshot
    mask = redactor.mask
    system = snapshot.platform.os
    if isinstance(system, OperatingSystem):
        system = replace(
            system,
            distribution=mask(system.distribution),
            like=tuple(mask(name) for name in system.like),
            version=mask(system.version),
            title=mask(system.title),
            kernel=mask(system.kernel),
            architecture=mask(system.architecture),
            hostname=mask(system.hostname),
        )
    elif isinstance(system, Unreadable):
        system = Unreadable(mask(system.reason), mask(system.place))
    directory = snapshot.platform.directory
    if isinstance(directory, Directory):
        directory = replace(
            directory, vendor=mask(directory.vendor), server=mask(directory.server), domain=mask(directory.domain)
        )
    elif isinstance(directory, Unreadable):
        directory = Unreadable(mask(directory.reason), mask(directory.place))
    held = snapshot.privileges
    time = snapshot.target_time
    return replace(
        snapshot,
        platform=replace(snapshot.platform, os=system, directory=directory),
        endpoints=tuple(_withhold_endpoint(endpoint, redactor) for endpoint in snapshot.endpoints),
        privileges=replace(held, user=mask(held.user), refused=mask(held.refused), remedy=mask(held.remedy)),
        steps=tuple(replace(step, problem=mask(step.problem)) for step in snapshot.steps),
        target_time=Unreadable(mask(time.reason), mask(time.place)) if isinstance(time, Unreadable) else time,
        evidence={probe: _withhold_record(fields, redactor) for probe, fields in snapshot.evidence.items()},
    )


def withhold_answers(recording: Recording, redactor: Redactor) -> Recording:
    """Return the recording without the answers that hold a secret; replayed, their steps did not run."""
    if not redactor.knows_any:
        return recording
    return replace(
        recording,
        connection=_withhold_record(recording.connection, redactor),
        answers={key: _withhold_answer(answer, redactor) for key, answer in recording.answers.items()},
        refused=redactor.mask(recording.refused),
        remedy=redactor.mask(recording.remedy),
    )


def _withhold_endpoint(endpoint: EndpointRecord, redactor: Redactor) -> EndpointRecord:
    return replace(
        endpoint,
        connection=_withhold_record(endpoint.connection, redactor),
        failure=redactor.mask(endpoint.failure),
        remedy=redactor.mask(endpoint.remedy),
    )


def _withhold_answer(answer: Answer, redactor: Redactor) -> Answer:
    match answer:
        case NotRun(reason=reason):
            return replace(answer, reason=redactor.mask(reason))
        case Completed(stdout=stdout, stderr=stderr):
            texts = (each.decode("utf-8", "surrogateescape") for each in (stdout, stderr))
            return NotRun(REASON) if any(redactor.is_in(text) for text in texts) else answer
        case LdapAnswer(entries=entries):
            texts = (
                text
                for entry in entries
                for text in (
                    entry.dn,
                    *(value.decode("utf-8", "surrogateescape") for each in entry.attributes.values() for value in each),
                )
            )
            if any(redactor.is_in(text) for text in texts):
                return NotRun(REASON)
            return replace(answer, message=redactor.mask(answer.message), cut=redactor.mask(answer.cut))


def _withhold_record(fields: Record, redactor: Redactor) -> Evidence:
    """Return a record without secrets; the same one where there is none, as evidence may be large."""
    kept = {name: _withhold_field(field, redactor) for name, field in fields.items()}
    return fields if all(kept[name] is field for name, field in fields.items()) else kept


def _withhold_field(field: Field, redactor: Redactor) -> Field:
    mask = redactor.mask
    match field:
        case Known(value=str() | int() as value, place=place):
            if redactor.is_in(str(value)):
                return Unreadable(REASON, mask(place))
            masked = mask(place)
            return field if masked is place else Known(value, masked)
        case Known(value=value, place=place):
            kept = _withhold_items(value, redactor)
            return Unreadable(REASON, mask(place)) if kept is None else Known(kept, mask(place))
        case Partial(items=items, reason=reason, place=place):
            kept = _withhold_items(items, redactor)
            if not isinstance(kept, tuple):
                return Unreadable(REASON, mask(place))
            return Partial(kept, mask(reason), mask(place))
        case Unreadable(reason=reason, place=place):
            return Unreadable(mask(reason), mask(place))
        case Absent(place=place):
            return Absent(mask(place))


def _withhold_items(items: Value, redactor: Redactor) -> Value | None:
    """Return the items of a list without secrets; None where a text among them holds one."""
    if not isinstance(items, tuple):
        return items
    kept: list[Record] = []
    for item in items:
        if isinstance(item, str):
            if redactor.is_in(item):
                return None
        else:
            kept.append(_withhold_record(item, redactor))
    if all(mine is theirs for mine, theirs in zip(kept, items, strict=False)):
        return items
    return tuple(kept)
