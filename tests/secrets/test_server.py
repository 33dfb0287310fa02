"""Secrets from a Vault server: a small one of our own that speaks its HTTP interface over TLS on loopback."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hardening.errors import SecretError
from hardening.secrets import Redactor, SecretResolver

TOKEN = "hvs.the-token-itself"
PASSWORD = "Sommer-2026!"


class Vault(BaseHTTPRequestHandler):
    """Answers like a key-value engine, version 2, mounted at `secret`."""

    def do_GET(self) -> None:
        """Answer one read."""
        if self.headers.get("X-Vault-Token") != TOKEN:
            self._send(403, {"errors": [f"permission denied for {self.headers.get('X-Vault-Token')}"]})
        elif self.path == "/v1/secret/data/hardening/web":
            self._send(200, {"data": {"data": {"sudo": PASSWORD, "number": 7}, "metadata": {"version": 1}}})
        else:
            self._send(404, {"errors": []})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Say nothing."""

    def _send(self, status: int, body: dict[str, object]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@dataclass(frozen=True)
class Peer:
    """Where the server listens, and the authority of its certificate."""

    address: str
    authority: Path

    def resolve(self, reference: str, **changed: str) -> str:
        """Return what a reference names on this server."""
        environ = {
            "VAULT_ADDR": self.address,
            "VAULT_CACERT": str(self.authority),
            "HARDENING_VAULT_TOKEN_FROM": "env:T",
            "T": TOKEN,
        }
        resolver = SecretResolver(
            environ={**environ, **changed}, prompt=lambda _: "", read_values=lambda _: {}, redactor=Redactor()
        )
        return resolver(reference).reveal()


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """Start the server with a certificate of its own."""
    folder = tmp_path_factory.mktemp("vault")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vault")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vault)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Peer(f"https://127.0.0.1:{server.server_port}", folder / "ca.pem")
    server.shutdown()
    thread.join()
    server.server_close()


def test_value_is_read_with_the_token_over_tls(peer: Peer) -> None:
    assert peer.resolve("vault:secret/hardening/web#sudo") == PASSWORD


@pytest.mark.parametrize(
    ("reference", "changed", "words"),
    [
        ("vault:secret/hardening/web#absent", {}, "no such key"),
        ("vault:secret/hardening/web#number", {}, "not text"),
        ("vault:secret/other#sudo", {}, r"refused \(InvalidPath\)"),
        ("vault:secret#sudo", {}, "write vault:MOUNT/PATH#KEY"),
        ("vault:secret/hardening/web#sudo", {"T": "another-token"}, r"refused \(Forbidden\)"),
        ("vault:secret/hardening/web#sudo", {"VAULT_ADDR": "http://127.0.0.1:1"}, "by https://"),
        ("vault:secret/hardening/web#sudo", {"VAULT_ADDR": "https://127.0.0.1:1"}, "does not answer"),
        ("vault:secret/hardening/web#sudo", {"VAULT_CACERT": ""}, r"does not answer \(SSLError\)"),
        ("vault:secret/hardening/web#sudo", {"HARDENING_VAULT_TOKEN_FROM": ""}, "needs HARDENING_VAULT_TOKEN_FROM"),
    ],
)
def test_what_cannot_be_read_says_why_and_not_what(
    peer: Peer, reference: str, changed: dict[str, str], words: str
) -> None:
    with pytest.raises(SecretError, match=words) as caught:
        peer.resolve(reference, **changed)
    assert "another-token" not in str(caught.value)
