"""Proves what is seen of real TLS services, good and weak, and what asking them costs the server."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.lab.scans import EXTENDED, Run, Scans
from tests.lab.traces import Trace, traced

SUDO = ("--become", "sudo")
WEAK, GOOD, OWN, MUTUAL = "tcp/8443", "tcp/443", "tcp/9443", "tcp/5061"
CHECKS = "linux-tls-listeners"
OLD_ON_OFFER = {"tls_1_0": True, "tls_1_1": True, "tls_1_2": True, "tls_1_3": True}
NEW_ONLY = {"tls_1_0": False, "tls_1_1": False, "tls_1_2": True, "tls_1_3": True}
# A first hello and three versions each; two of OWN are offered again without signatures; two sockets stay silent.
HANDSHAKES = 4 * 4 + 2 + 2


@dataclass(frozen=True, slots=True)
class Seen:
    """A scan of the host with TLS services as root, and what it did there."""

    run: Run
    trace: Trace

    @property
    def listeners(self) -> Mapping[str, Mapping[str, Any]]:
        """What the snapshot keeps of each TCP socket, by its endpoint."""
        (path,) = self.run.kept_in.glob("*.snapshot.json.gz")
        evidence = json.loads(gzip.decompress(path.read_bytes()))["evidence"]
        (fields,) = (each["fields"] for each in evidence if each["probe"]["kind"] == "tls_listeners")
        return {record["endpoint"]: record for record in fields["listeners"]["v"]}

    def decisive(self, check: str) -> set[str]:
        """Return the endpoints for which a check failed."""
        (result,) = (result for result in self.run.report["results"] if result["check"] == check)
        return {reason["key"].partition(" ")[0] for reason in result["reasons"] if reason["decisive"]}

    def started(self, *arguments: str) -> list[str]:
        """Return the programs with these first arguments."""
        words = ", ".join(f'"{argument}"' for argument in arguments)
        return [call.arguments for call in self.trace.programs() if f"[{words}" in call.arguments]


@pytest.fixture(scope="module")
def seen(lab: Lab, scans: Scans, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    words = scans.words("audit@tls")
    with traced(lab.host("tls"), tmp_path_factory.mktemp("trace")) as trace:
        run = scans.run(*words, *SUDO, *EXTENDED)
    return Seen(run, trace)


def _versions(record: Mapping[str, Any]) -> dict[str, object]:
    return {name: record[name] for name in OLD_ON_OFFER}


@pytest.mark.parametrize(
    ("endpoint", "versions"),
    [
        pytest.param(WEAK, OLD_ON_OFFER, id="all of them"),
        pytest.param(GOOD, NEW_ONLY, id="refused by version"),
        pytest.param(OWN, NEW_ONLY, id="broken off when it is to sign"),
        pytest.param(MUTUAL, {**NEW_ONLY, "tls_1_3": False}, id="wants a certificate of the client"),
    ],
)
def test_versions_that_a_service_accepts_are_seen(seen: Seen, endpoint: str, versions: Mapping[str, bool]) -> None:
    assert _versions(seen.listeners[endpoint]) == versions


def test_what_a_certificate_says_is_seen(seen: Seen) -> None:
    names = ("subject", "issuer", "names", "key", "signature", "self_signed")
    assert [seen.listeners[GOOD][f"certificate_{name}"] for name in names] == [
        "CN=good.lab.test",
        "CN=Lab CA,O=Lab",
        ["good.lab.test", "192.0.2.1"],
        "EC secp256r1",
        "sha256",
        False,
    ]


@pytest.mark.parametrize(
    ("check", "endpoints"),
    [
        (CHECKS, {WEAK}),
        (f"{CHECKS}-expiry", {WEAK}),
        (f"{CHECKS}-key", {WEAK}),
        (f"{CHECKS}-signature", {WEAK}),
        (f"{CHECKS}-issuer", {OWN, MUTUAL}),
    ],
)
def test_each_weakness_is_found_where_it_is(seen: Seen, check: str, endpoints: set[str]) -> None:
    assert (seen.run.outcomes[check], seen.decisive(check)) == ("fail", endpoints)


def test_silence_is_no_answer_where_tls_is_expected(seen: Seen) -> None:
    speaks = {endpoint: seen.listeners[endpoint]["speaks"] for endpoint in ("tcp/993", "tcp/9000")}
    assert speaks == {"tcp/993": {"unreadable": "no answer in 2 seconds"}, "tcp/9000": "nothing"}


def test_sshd_and_what_only_the_machine_can_reach_are_not_asked(seen: Seen) -> None:
    asked = seen.started("openssl", "s_client")
    speaks = {endpoint: seen.listeners[endpoint]["speaks"] for endpoint in ("tcp/22", "tcp/4443")}
    assert speaks == dict.fromkeys(speaks, "not asked")
    assert [each for each in asked if ":22" in each or ":4443" in each] == []


def test_a_socket_costs_few_handshakes_and_a_certificate_one_program(seen: Seen) -> None:
    counts = [len(seen.started("openssl", word)) for word in ("s_client", "x509")]
    assert counts == [HANDSHAKES, len((WEAK, GOOD, OWN, MUTUAL))]


def test_asking_changes_no_file(seen: Seen) -> None:
    asked = {call.pid for call in seen.trace.programs() if call.path.endswith("/openssl")}
    writes = {call.path for call in seen.trace.calls if call.pid in asked and call.writes}
    assert (len(asked) > 0, writes - {"/dev/null"}) == (True, set())


def test_without_root_the_same_is_seen_but_for_the_owners(seen: Seen, scans: Scans) -> None:
    outcomes = scans.scan("audit@tls", *EXTENDED).outcomes
    with_root = seen.run.outcomes
    assert {check: outcomes[check] for check in with_root if check.startswith(CHECKS)} == {
        check: with_root[check] for check in with_root if check.startswith(CHECKS)
    }
