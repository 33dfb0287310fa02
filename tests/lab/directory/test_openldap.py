"""What is seen of a slapd: as one who may read its configuration, and as one who may not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hardening.model.directory import ROOT_DSE
from hardening.model.evidence import Evidence, Known, Partial, Unreadable
from hardening.model.probe import Probe
from hardening.probes import KINDS
from tests.lab.directory.conftest import StartDirectory
from tests.lab.directory.servers import Directory
from tests.lab.directory.sessions import ask, endpoint


def _see(directory: Directory, kind: str, user: str) -> Evidence:
    probe = Probe.build(kind, {})
    steps = KINDS[kind].steps((probe,))
    answers = ask(endpoint(directory, user), ROOT_DSE, *steps)  # type: ignore[arg-type] # searches, as the kind asks no shell
    return KINDS[kind].parse((probe,), answers)[probe]


def _databases(evidence: Evidence) -> dict[str, Evidence]:
    field = evidence["databases"]
    assert isinstance(field, Known), field
    assert isinstance(field.value, tuple)
    return {str(record["name"].value): record for record in field.value}  # type: ignore[union-attr,index,misc] # records


def test_a_hard_server_is_seen_to_be_one(directory: StartDirectory) -> None:
    server = directory("slapd-hard")
    database = _databases(_see(server, "slapd_config", server.admin))["{1}mdb dc=kommune,dc=test"]
    assert database["password_readers"] == Known((), "olcDatabase={1}mdb,cn=config")
    assert database["nobody_reads"] == Known(value=False, place="olcDatabase={1}mdb,cn=config")
    assert database["has_ppolicy"] == Known(value=True, place="olcDatabase={1}mdb,cn=config")


def test_a_weak_server_is_seen_to_be_one(directory: StartDirectory) -> None:
    server = directory("slapd-weak")
    database = _databases(_see(server, "slapd_config", server.admin))["{1}mdb dc=kommune,dc=test"]
    assert database["password_readers"] == Known(("*",), "olcDatabase={1}mdb,cn=config")
    assert database["everybody_writes"] == Known(("*",), "olcDatabase={1}mdb,cn=config")
    assert database["root_password"] == Known("{CLEARTEXT}", "olcDatabase={1}mdb,cn=config")


@pytest.mark.parametrize("kind", ["slapd_config", "stored_passwords"])
def test_who_may_not_look_is_told_nothing(directory: StartDirectory, kind: str) -> None:
    server = directory("slapd-hard")
    assert all(isinstance(field, Unreadable) for field in _see(server, kind, server.user).values())


def test_a_password_that_is_not_shown_is_not_taken_for_none(directory: StartDirectory) -> None:
    # The administrator reads the passwords of all but itself.
    server = directory("slapd-hard")
    field = _see(server, "stored_passwords", server.admin)["accounts"]
    assert isinstance(field, Partial)
    assert field.reason == "needs read on userPassword: 1 accounts do not show theirs"


def test_no_hash_leaves_the_server(directory: StartDirectory, tmp_path: Path) -> None:
    server = directory("slapd-weak")
    seen = [_see(server, kind, server.admin) for kind in ("slapd_config", "stored_passwords")]
    (tmp_path / "seen").write_text(json.dumps(seen, default=str))
    assert server.passwords[server.admin] not in (tmp_path / "seen").read_text()
