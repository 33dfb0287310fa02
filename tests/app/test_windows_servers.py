"""Described servers of Windows: the same state is the same evidence in every language, and no answer is no evidence."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hardening.model.encoding import encode_evidence
from hardening.model.probe import Probe
from hardening.model.step import Answer, Completed, NotRun
from hardening.probes import KINDS
from hardening.probes.kind import Channel
from hardening.transports.recording import decode_recording
from tests.app.windows.languages import LANGUAGES
from tests.app.windows.replies import refuse_steps
from tests.app.windows.servers import collect, record, steps_of
from tests.app.windows.state import SERVERS
from tests.evaluate.examples import make_check
from tests.probes.cases import CASES, load_probes

ASKED = sorted(
    {
        probe
        for case in CASES
        for probe in load_probes(case)
        if KINDS[probe.kind].channel is Channel.POWERSHELL
        and not str(dict(probe.parameters).get("key")).startswith("New")
    }
)
KIND_NAMES = sorted({probe.kind for probe in ASKED})
_WORDS = frozenset({"account", "name"})
"""Fields that tell how something is called there."""


def without_words(value: object) -> object:
    """Return encoded evidence without what is called otherwise in another language."""
    match value:
        case dict():
            return {key: without_words(item) for key, item in value.items() if key not in _WORDS}
        case list():
            return [without_words(item) for item in value]
        case _:
            return value


def told(server: str, language: str) -> dict[str, object]:
    """Return what a server tells, comparable between languages."""
    evidence = collect(server, language, ASKED)
    return {probe.key: without_words(encode_evidence(evidence[probe])) for probe in ASKED}


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("language", ["nb", "de"])
def test_a_state_is_the_same_evidence_in_every_language(server: str, language: str) -> None:
    assert told(server, language) == told(server, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_do_differ_between_languages(language: str) -> None:
    guests = {str(dict(account)["name"]) for account in _accounts(language)}
    assert any(LANGUAGES[language].guest in guest for guest in guests)


def _accounts(language: str) -> list[dict[str, object]]:
    probe = Probe.build("local_accounts", {})
    encoded = encode_evidence(collect("weak-2022", language, [probe])[probe])
    text = json.loads(json.dumps(encoded))
    return [dict(account) for account in text["accounts"]["v"]]


@pytest.mark.parametrize("server", SERVERS)
def test_servers_answer_every_kind(server: str) -> None:
    unread = [
        (probe.kind, name)
        for probe, evidence in collect(server, "nb", ASKED).items()
        for name, field in encode_evidence(evidence).items()
        if isinstance(field, dict) and "unreadable" in field and probe.kind != "registry_value"
    ]
    expected = [("exploit_protection", name) for name in KINDS["exploit_protection"].fields]
    assert sorted(unread) == (sorted(expected) if server == "default-2016" else [])


STUBS: dict[str, Answer] = {
    "said nothing": Completed(exit_status=0, stdout=b""),
    "an empty list": Completed(exit_status=0, stdout=b"[]"),
    "an object": Completed(exit_status=0, stdout=b"{}"),
    "a list of texts": Completed(exit_status=0, stdout=b'["Vellykket"]'),
    "words": Completed(exit_status=0, stdout="Kommandoen er fullført.".encode()),
    "cut": Completed(exit_status=0, stdout=b'[{"status": 0}]', cut=True),
    "the end of another answer": Completed(exit_status=0, stdout=b'[{"end": "something else"}]'),
    "an error without words": Completed(exit_status=1, stdout=b"", stderr=b""),
    "not run": NotRun("not in this recording"),
}


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize("stub", STUBS)
def test_what_says_nothing_is_no_evidence(kind: str, stub: str) -> None:
    probes = [probe for probe in ASKED if probe.kind == kind]
    answers = {step.name: STUBS[stub] for step in steps_of(probes)}
    evidence = KINDS[kind].parse(probes, answers)
    fields = [field for probe in probes for field in encode_evidence(evidence[probe]).values()]
    assert [field for field in fields if not isinstance(field, dict) or "unreadable" not in field] == []


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_an_answer_that_only_ends_is_no_evidence(kind: str) -> None:
    probes = [probe for probe in ASKED if probe.kind == kind]
    answers: dict[str, Answer] = {
        step.name: Completed(exit_status=0, stdout=json.dumps([{"end": step.name}]).encode())
        for step in steps_of(probes)
    }
    evidence = KINDS[kind].parse(probes, answers)
    known = {
        name
        for probe in probes
        for name, field in encode_evidence(evidence[probe]).items()
        if not isinstance(field, dict) or "v" in field
    }
    # The day of a table is the question's own, so are protocols and roles, and no file of setup is an answer.
    own = {"setup_files": {"files"}, "tls_protocols": {"states"}, "windows_support": {"table"}}
    assert known <= own.get(kind, set())


def test_protocols_that_nobody_told_of_are_unreadable() -> None:
    probe = Probe.build("tls_protocols", {})
    answer = Completed(exit_status=0, stdout=b'[{"end": "tls_protocols"}]')
    evidence = KINDS["tls_protocols"].parse([probe], {"tls_protocols": answer})[probe]
    states = json.loads(json.dumps(encode_evidence(evidence)))["states"]["v"]
    fields = [state[name] for state in states for name in ("supported", "enabled", "by_default", "origin")]
    assert [field for field in fields if "unreadable" not in field] == []


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_names_the_right_that_is_missing(kind: str, language: str) -> None:
    probes = [probe for probe in ASKED if probe.kind == kind]
    evidence = KINDS[kind].parse(probes, refuse_steps(LANGUAGES[language], steps_of(probes)))
    reasons = {
        str(field["unreadable"])
        for probe in probes
        for field in encode_evidence(evidence[probe]).values()
        if isinstance(field, dict)
    }
    assert [reason for reason in reasons if not reason.startswith("access denied: needs ")] == []


def test_a_server_can_be_recorded() -> None:
    probe = Probe.build("security_policy", {"key": "MinimumPasswordLength"})
    recording = decode_recording(record("weak-2022", "nb", [replace(make_check(), probes={"p": probe})]), "weak")
    assert sorted(recording.names.values()) == ["security_export", "windows_identification"]
