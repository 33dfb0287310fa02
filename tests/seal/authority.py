"""A time-stamping authority of our own: OpenSSL's `ts` behind HTTP on loopback, with a root and a certificate."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

CONFIG: Final = """\
[tsa]
default_tsa = one
[one]
dir = {folder}
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
USE: Final = "critical,timeStamping"


@dataclass(slots=True)
class TimeAuthority:
    """Where it is, and where its root is; ``answer`` replaces what it says, ``status`` how."""

    folder: Path
    url: str = ""
    answer: bytes = b""
    status: int = 200

    @property
    def root(self) -> Path:
        """The certificate that a reader pins."""
        return self.folder / "root.pem"

    def stamp(self, data: bytes) -> bytes:
        """Stamp some data without HTTP."""
        (self.folder / "data").write_bytes(data)
        _openssl(self.folder, "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "asked.tsq")
        return self.reply((self.folder / "asked.tsq").read_bytes())

    def reply(self, query: bytes) -> bytes:
        """Answer a query."""
        (self.folder / "query").write_bytes(query)
        _openssl(self.folder, "ts", "-reply", "-config", "ts.cnf", "-queryfile", "query", "-out", "reply")
        return (self.folder / "reply").read_bytes()


def make_authority(folder: Path) -> TimeAuthority:
    """Make keys and certificates."""
    folder.mkdir(exist_ok=True)
    name = ("-nodes", "-newkey", "rsa:2048", "-sha256")
    _openssl(
        folder, "req", "-x509", *name, "-subj", "/CN=Root", "-days", "30", "-keyout", "root.key", "-out", "root.pem"
    )
    _openssl(folder, "req", *name, "-subj", "/CN=Time", "-keyout", "tsa.key", "-out", "tsa.csr")
    (folder / "ext").write_text(f"extendedKeyUsage={USE}\nkeyUsage=critical,digitalSignature\n")
    root = ("-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "20", "-extfile", "ext")
    _openssl(folder, "x509", "-req", "-in", "tsa.csr", *root, "-out", "tsa.pem")
    (folder / "serial").write_text("01\n")
    (folder / "ts.cnf").write_text(CONFIG.format(folder=folder))
    return TimeAuthority(folder)


@contextmanager
def serve(authority: TimeAuthority) -> Iterator[TimeAuthority]:
    """Answer on a port of loopback meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            said = authority.answer or authority.reply(query)
            self.send_response(authority.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    authority.url = f"http://127.0.0.1:{server.server_port}/tsr"
    try:
        yield authority
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
