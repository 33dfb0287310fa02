"""What real directories are seen to do on connections that nobody logs in over."""

from __future__ import annotations

import pytest

from hardening.model.evidence import Evidence, Known, Unreadable
from hardening.model.probe import Probe
from hardening.probes import KINDS
from tests.lab.directory.conftest import StartDirectory
from tests.lab.directory.servers import Directory
from tests.lab.directory.sessions import ask, endpoint

EVERY = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")


def see(directory: Directory, kind: str, *, starttls: bool = False) -> Evidence:
    probe = Probe.build(kind, {})
    steps = KINDS[kind].steps((probe,))
    answers = ask(endpoint(directory, starttls=starttls), *steps)  # type: ignore[arg-type] # none of them is a shell's
    return KINDS[kind].parse((probe,), answers)[probe]


@pytest.mark.parametrize("starttls", [False, True], ids=["ldaps", "starttls"])
@pytest.mark.parametrize(
    ("name", "versions"),
    [("dc-clean", EVERY[2:]), ("dc-seeded", EVERY), ("slapd-hard", EVERY[2:]), ("slapd-weak", EVERY)],
)
def test_each_version_of_tls_is_seen(
    directory: StartDirectory, name: str, versions: tuple[str, ...], *, starttls: bool
) -> None:
    seen = see(directory(name), "directory_tls", starttls=starttls)
    assert seen == {"versions": Known(versions, "TLS handshakes")}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        # Samba closes the connection on this kind of login; what a Windows server says is tested with a made-up one.
        ("dc-clean", "the login got no answer: the server closed the connection"),
        ("slapd-hard", "the server offers no NTLM"),
    ],
)
def test_a_server_that_does_not_take_the_login_is_no_verdict(directory: StartDirectory, name: str, reason: str) -> None:
    seen = see(directory(name), "directory_binding")
    assert seen == {"required": Unreadable(reason, "NTLM login over TLS with a made-up account")}
