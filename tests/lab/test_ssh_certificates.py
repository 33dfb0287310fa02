"""Certificates: of users, with which we log in; of hosts, which are known by the key that is certified."""
# ruff: noqa: D102 - the name of a test is its sentence, in a class as well

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hardening.model.target import Credential, SshEndpoint
from hardening.transports import open_session
from tests.lab.hosts import Host
from tests.lab.keys import public_text
from tests.lab.lab import Lab
from tests.lab.sessions import StartSshd, endpoint, failure, opening, value, who

KINDS = ("ed25519", "ecdsa", "rsa")
HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"


def keygen(*arguments: object) -> None:
    subprocess.run(["ssh-keygen", "-q", *map(str, arguments)], check=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate authority."""
    path = tmp_path_factory.mktemp("authority") / "ca"
    keygen("-t", "ed25519", "-N", "", "-f", path)
    return path


@pytest.fixture
def trusting(start_sshd: StartSshd, plain: Host, authority: Path) -> SshEndpoint:
    """Start a server that lets in whom the authority certifies, and nobody else."""
    plain.run("sh", "-c", f"echo '{public_text(authority)}' >/run/user-ca.pub")
    return start_sshd("TrustedUserCAKeys=/run/user-ca.pub", "AuthorizedKeysFile=none")


Certify = Callable[..., Credential]


@pytest.fixture
def certify(authority: Path, tmp_path: Path) -> Certify:
    """Make a key with a certificate beside it."""

    def make(kind: str = "ed25519", *options: str, names: str = "audit") -> Credential:
        key = tmp_path / f"id_{kind}"
        keygen("-t", kind, "-N", "", "-f", key)
        keygen("-s", authority, "-I", "scanner", "-n", names, *options, f"{key}.pub")
        return Credential(key=str(key))

    return make


class TestUsers:
    """Logging in with a certificate."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_certificate_beside_the_key_lets_us_in(self, trusting: SshEndpoint, certify: Certify, kind: str) -> None:
        assert who(replace(trusting, credential=certify(kind))) == "audit"

    def test_a_certificate_that_is_named_lets_us_in(
        self, trusting: SshEndpoint, certify: Certify, tmp_path: Path
    ) -> None:
        credential = certify()
        elsewhere = tmp_path / "elsewhere.pub"
        shutil.move(f"{credential.key}-cert.pub", elsewhere)
        assert who(replace(trusting, credential=replace(credential, certificate=str(elsewhere)))) == "audit"

    def test_the_key_alone_does_not(self, trusting: SshEndpoint, certify: Certify) -> None:
        credential = certify()
        Path(f"{credential.key}-cert.pub").unlink()
        assert "was refused" in failure(replace(trusting, credential=credential)).reason

    def test_a_refused_certificate_is_named_with_whom_it_speaks_for(
        self, trusting: SshEndpoint, certify: Certify
    ) -> None:
        credential = certify(names="root,ops")
        key = credential.key
        assert failure(replace(trusting, credential=credential)).reason.endswith(
            f"(tried: key {key} with certificate {key}-cert.pub (for root, ops))"
        )

    def test_a_certificate_of_the_past_is_named_with_its_end(self, trusting: SshEndpoint, certify: Certify) -> None:
        credential = certify("ed25519", "-V", "20200101000000Z:20210101000000Z")
        assert "(for audit, until 2021-01-01 00:00 UTC)" in failure(replace(trusting, credential=credential)).reason

    def test_a_certificate_of_another_key_is_refused(
        self, trusting: SshEndpoint, certify: Certify, tmp_path: Path
    ) -> None:
        credential = certify()
        keygen("-t", "ed25519", "-N", "", "-f", tmp_path / "other")
        other = Credential(key=str(tmp_path / "other"), certificate=f"{credential.key}-cert.pub")
        assert failure(replace(trusting, credential=other)).reason.endswith("the certificate belongs to another key")

    def test_a_certificate_of_a_host_is_refused(self, trusting: SshEndpoint, certify: Certify) -> None:
        credential = certify("ed25519", "-h")
        assert "is that of a host, not of a user" in failure(replace(trusting, credential=credential)).reason

    def test_a_public_key_is_no_certificate(self, trusting: SshEndpoint, certify: Certify) -> None:
        credential = certify()
        named = replace(credential, certificate=f"{credential.key}.pub")
        assert "is no certificate, but a public key" in failure(replace(trusting, credential=named)).reason

    def test_a_missing_certificate_is_named(self, trusting: SshEndpoint, certify: Certify) -> None:
        named = replace(certify(), certificate="/missing")
        assert failure(replace(trusting, credential=named)).reason == "/missing: the certificate cannot be used"


class TestHosts:
    """Servers that show a certificate."""

    @pytest.fixture
    def certified(self, start_sshd: StartSshd, plain: Host, authority: Path, tmp_path: Path) -> SshEndpoint:
        """Start a server that shows its certificate and nothing else."""
        (tmp_path / "host.pub").write_text(plain.run("cat", f"{HOST_KEY}.pub"))
        keygen("-s", authority, "-I", "plain", "-h", "-n", plain.address, tmp_path / "host.pub")
        text = (tmp_path / "host-cert.pub").read_text().strip()
        plain.run("sh", "-c", f"echo '{text}' >/run/host-cert.pub")
        return start_sshd(
            f"HostKey={HOST_KEY}",
            "HostCertificate=/run/host-cert.pub",
            "HostKeyAlgorithms=ssh-ed25519-cert-v01@openssh.com",
        )

    def test_one_that_shows_only_a_certificate_is_known_by_its_key(self, certified: SshEndpoint) -> None:
        assert who(certified) == "audit"

    def test_what_it_proves_is_told(self, certified: SshEndpoint) -> None:
        session = open_session(certified, opening())
        session.close()
        assert value(session.connection, "host_key_algorithm") == "ssh-ed25519-cert-v01@openssh.com"

    def test_the_fingerprint_is_that_of_the_key(self, certified: SshEndpoint, plain: Host) -> None:
        session = open_session(certified, opening())
        session.close()
        shown = plain.run("ssh-keygen", "-lf", f"{HOST_KEY}.pub").split()[1]
        assert value(session.connection, "host_key_fingerprint") == shown

    def test_an_accepted_authority_alone_accepts_nothing(
        self, certified: SshEndpoint, authority: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "known_hosts").write_text(f"@cert-authority * {public_text(authority)}\n")
        error = failure(replace(certified, known_hosts=str(tmp_path / "known_hosts")))
        assert "(a certificate authority is accepted for it, but host certificates are not checked)" in error.reason

    def test_a_revoked_authority_is_refused_although_the_key_is_known(
        self, certified: SshEndpoint, authority: Path
    ) -> None:
        with Path(certified.known_hosts).open("a") as stream:
            stream.write(f"@revoked * {public_text(authority)}\n")
        assert "the certificate authority of" in failure(certified).reason


def test_where_a_server_has_both_its_plain_key_is_asked_for(
    lab: Lab, plain: Host, start_sshd: StartSshd, authority: Path, tmp_path: Path
) -> None:
    (tmp_path / "host.pub").write_text(plain.run("cat", f"{HOST_KEY}.pub"))
    keygen("-s", authority, "-I", "plain", "-h", tmp_path / "host.pub")
    text = (tmp_path / "host-cert.pub").read_text().strip()
    plain.run("sh", "-c", f"echo '{text}' >/run/host-cert.pub")
    target = start_sshd(f"HostKey={HOST_KEY}", "HostCertificate=/run/host-cert.pub")
    session = open_session(replace(endpoint(lab, plain), port=target.port, known_hosts=target.known_hosts), opening())
    session.close()
    assert value(session.connection, "host_key_algorithm") == "ssh-ed25519"
