"""The server: HTTP with TLS or without, logins by NTLM, Basic or certificate, sealed messages, and faults to order."""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import ssl
import struct
import tempfile
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import spnego
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from tests.lab.directory.authority import Paper
from tests.lab.wsman.psrp import Pool
from tests.lab.wsman.replies import PowerShell
from tests.lab.wsman.soap import (
    OPERATION_TIMEOUT,
    UNKNOWN_SHELL,
    Request,
    build_answer,
    build_created,
    build_fault,
    build_received,
    build_started,
    parse_request,
)

_BOUNDARY = b"--Encrypted Boundary"
_PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
_MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
DOMAIN, USER, PASSWORD = "EXAMPLE", "audit", "Sommer-2026!"
ACCESS_DENIED = 5
UNKNOWN_RESOURCE = 0x80338000
MAX_ENVELOPE = 512_000


class Trouble(Enum):
    """What goes wrong when a certain action is asked for."""

    SILENCE = auto()
    DROP_BEFORE = auto()
    DROP_DURING = auto()
    UNAVAILABLE = auto()
    HTML = auto()
    PROXY = auto()
    REDIRECT = auto()
    NOT_FOUND = auto()
    PLAIN = auto()
    """The answer comes without encryption although the request was encrypted."""
    JUNK = auto()
    """The answer is no XML."""
    ENDLESS = auto()
    """The answer never ends."""


@dataclass(slots=True)
class Behaviour:
    """How a server behaves. ``faults`` and ``troubles`` are by action; ``receive_bytes`` is how much one answer holds.

    A fault may be of shells or of PowerShell sessions alone: ``shell.Create``, ``session.Create``.

    ``timeouts`` is how many times Receive finds nothing before it does.
    """

    offers: tuple[str, ...] = ("Negotiate", "NTLM")
    faults: dict[str, tuple[int, str]] = field(default_factory=dict)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    timeouts: int = 0
    receive_bytes: int = 400_000
    checks_channel: bool = True
    allows_unencrypted: bool = False


@dataclass(slots=True)
class _Command:
    stdin: bytearray = field(default_factory=bytearray)
    output: bytes = b""
    errors: bytes = b""
    status: int | None = None
    has_run: bool = False


@dataclass(slots=True)
class WsManServer:
    """A server that runs in threads of this process. What clients did is counted."""

    powershell: PowerShell
    behaviour: Behaviour
    port: int = 0
    requests: int = 0
    logins_refused: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    shells: dict[str, dict[str, _Command]] = field(default_factory=dict)
    opened: int = 0
    closed: int = 0
    configurations: dict[str, str] = field(default_factory=lambda: {"Microsoft.PowerShell": ""})
    """Session configurations by name, each with the script of its one function; none where anything may be run."""
    pools: dict[str, Pool] = field(default_factory=dict)
    command_lines: list[str] = field(default_factory=list)
    code_pages: list[str] = field(default_factory=list)
    plain_bodies: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: Request) -> tuple[int, bytes]:
        """Return HTTP status and message."""
        self.actions[request.action] += 1
        kind = "session" if "/powershell/" in request.resource else "shell"
        for key in (request.action, f"{kind}.{request.action}"):
            if key in self.behaviour.faults:
                code, words = self.behaviour.faults[key]
                return 500, build_fault(request, code, words)
        if "/powershell/" in request.resource:
            return self._serve_powershell(request)
        if request.action == "Create":
            shell = str(uuid.uuid4()).upper()
            self.shells[shell] = {}
            self.opened += 1
            self.code_pages.append(request.code_page)
            return 200, build_answer(request, build_created(shell))
        if request.shell not in self.shells:
            return 500, build_fault(request, UNKNOWN_SHELL, "Fant ikke skallet.")
        return self._serve_shell(request)

    def _serve_powershell(self, request: Request) -> tuple[int, bytes]:
        """Answer what is asked of a PowerShell session; each shell is a runspace pool."""
        if request.action == "Create":
            name = request.resource.rpartition("/")[2]
            if name not in self.configurations:
                return 500, build_fault(request, UNKNOWN_RESOURCE, "Fant ikke ressursen.")
            self.pools[request.shell] = Pool(self.powershell, self.configurations[name], request.creation)
            self.opened += 1
            return 200, build_answer(request, build_created(request.shell))
        pool = self.pools.get(request.shell)
        if pool is None:
            return 500, build_fault(request, UNKNOWN_SHELL, "Fant ikke skallet.")
        match request.action:
            case "Command":
                pool.receive(request.argument, request.command)
                return 200, build_answer(request, build_started(request.command))
            case "Receive":
                data = pool.take(request.command, request.envelope_size // 2)
                if not data:
                    self.stopping.wait(min(request.seconds, 30))
                    return 500, build_fault(request, OPERATION_TIMEOUT, "Tidsavbrudd.")
                return 200, build_answer(request, build_received(request.command, data, b"", None))
            case "Send":
                pool.receive(request.stdin, request.command)
            case "Delete":
                del self.pools[request.shell]
                self.closed += 1
            case _:
                pass
        return 200, build_answer(request, "")

    def _serve_shell(self, request: Request) -> tuple[int, bytes]:
        match request.action:
            case "Command":
                command = str(uuid.uuid4()).upper()
                self.shells[request.shell][command] = _Command()
                self.command_lines.append(request.command_line)
                return 200, build_answer(request, build_started(command))
            case "Send":
                return self._send(request)
            case "Receive":
                return self._receive(request)
            case "Signal":
                return 200, build_answer(request, "")
            case "Delete":
                del self.shells[request.shell]
                self.closed += 1
                return 200, build_answer(request, "")
            case _:
                return 500, build_fault(request, 0x80338013, "Ukjent handling.")

    def _send(self, request: Request) -> tuple[int, bytes]:
        command = self.shells[request.shell][request.command]
        command.stdin += request.stdin
        if request.is_last_input:
            command.output, command.errors, command.status = self.powershell.run(bytes(command.stdin))
            command.has_run = True
        return 200, build_answer(request, "")

    def _receive(self, request: Request) -> tuple[int, bytes]:
        command = self.shells[request.shell][request.command]
        if self.behaviour.timeouts > 0:
            self.behaviour.timeouts -= 1
            return 500, build_fault(request, OPERATION_TIMEOUT, "Tidsavbrudd.")
        size = min(self.behaviour.receive_bytes, request.envelope_size * 3 // 4)
        output, command.output = command.output[:size], command.output[size:]
        errors, command.errors = command.errors, b""
        if not output and not errors and command.status is None:
            self.stopping.wait(request.seconds)
            return 500, build_fault(request, OPERATION_TIMEOUT, "Tidsavbrudd.")
        is_done = command.has_run and not command.output and command.status is not None
        body = build_received(request.command, output, errors, command.status if is_done else None)
        return 200, build_answer(request, body)


_SOAP = "application/soap+xml;charset=UTF-8"
_OTHER_ANSWERS: dict[Trouble, tuple[int, bytes, str, dict[str, str]]] = {
    Trouble.UNAVAILABLE: (503, b"", _SOAP, {}),
    Trouble.HTML: (200, b"<html>Logg inn i proxyen</html>", "text/html", {"Via": "1.1 proxy"}),
    Trouble.PROXY: (407, b"", _SOAP, {"Proxy-Authenticate": "NTLM"}),
    Trouble.REDIRECT: (307, b"", _SOAP, {"Location": "http://127.0.0.1:9/elsewhere"}),
    Trouble.NOT_FOUND: (404, b"", _SOAP, {}),
    Trouble.JUNK: (200, b"<not><xml", _SOAP, {}),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    peer: WsManServer
    tls: bool
    bindings: GssChannelBindings | None

    def setup(self) -> None:
        super().setup()
        self.context: spnego.ContextProxy | None = None
        self.is_known = False
        self.proof = ""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        peer = self.peer
        peer.requests += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if "any" in peer.behaviour.troubles and self._trouble(peer.behaviour.troubles["any"]):
            return
        if not self._knows_client():
            return
        if not body:
            self._reply(200, b"")
            return
        is_sealed = self.headers.get("Content-Type", "").startswith("multipart/encrypted")
        if not is_sealed and not self.tls:
            peer.plain_bodies += 1
            if not peer.behaviour.allows_unencrypted:
                self._reply(500, b"")
                return
        message = self._open(body) if is_sealed else body
        request = parse_request(message)
        if len(message) > MAX_ENVELOPE:
            self._reply(500, build_fault(request, 0x80338048, "For stor melding."), sealed=is_sealed)
            return
        trouble = peer.behaviour.troubles.get(request.action)
        status, answer = peer.answer(request)
        if trouble is not None and self._trouble(trouble, answer):
            return
        self._reply(status, answer, sealed=is_sealed and trouble is not Trouble.PLAIN)

    def _trouble(self, trouble: Trouble, answer: bytes = b"") -> bool:
        """Answer in the wrong way; say whether that was the answer."""
        match trouble:
            case Trouble.SILENCE:
                self.peer.stopping.wait(30)
                self._drop()
            case Trouble.DROP_BEFORE:
                self._drop()
            case Trouble.DROP_DURING:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n")
                self.wfile.write(f"Content-Length: {len(answer)}\r\n\r\n".encode() + answer[: len(answer) // 2])
                self._drop()
            case Trouble.ENDLESS:
                self._flood()
            case Trouble.PLAIN:
                return False
            case _:
                status, body, content, extra = _OTHER_ANSWERS[trouble]
                self._reply(status, body, content=content, extra=extra)
        return True

    def _flood(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):
            while not self.peer.stopping.is_set():
                self.wfile.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        self._drop()

    def _drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    def _knows_client(self) -> bool:
        """Say whether the client is logged in; if not, it has been answered."""
        said, peer = self.headers.get("Authorization", ""), self.peer
        scheme, _, token = said.partition(" ")
        if said == _MUTUAL and isinstance(self.connection, ssl.SSLSocket) and self.connection.getpeercert():
            return True
        if scheme in {"NTLM", "Negotiate", "Kerberos"} and scheme in peer.behaviour.offers and token:
            return self._step_login(scheme, base64.b64decode(token))
        if scheme == "Basic" and "Basic" in peer.behaviour.offers:
            if base64.b64decode(token).decode() == f"{USER}:{PASSWORD}":
                return True
            peer.logins_refused += 1
        if self.is_known:
            return True
        self._refuse()
        return False

    def _step_login(self, scheme: str, token: bytes) -> bool:
        peer = self.peer
        if self.context is None:
            self.context = spnego.server(
                hostname="localhost",
                service="HTTP",
                protocol="ntlm" if token.startswith(b"NTLMSSP") else "kerberos",
                channel_bindings=self.bindings,
                options=spnego.NegotiateOptions.wrapping_winrm,
            )
        try:
            answer = self.context.step(token)
        except SpnegoError:
            peer.logins_refused += 1
            self.context = None
            self._refuse()
            return False
        if self.context.complete:
            self.is_known = True
            # By this the server proves to a client of Kerberos who it is.
            self.proof = f"{scheme} {base64.b64encode(answer).decode()}" if answer else ""
            return True
        self._reply(401, b"", extra={"WWW-Authenticate": f"{scheme} {base64.b64encode(answer or b'').decode()}"})
        return False

    def _refuse(self) -> None:
        self.send_response(401)
        for scheme in self.peer.behaviour.offers:
            self.send_header("WWW-Authenticate", 'Basic realm="WSMAN"' if scheme == "Basic" else scheme)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _open(self, body: bytes) -> bytes:
        """Return the message in a sealed body."""
        assert self.context is not None
        payload = body.split(_BOUNDARY + b"\r\n")[2].removesuffix(_BOUNDARY + b"--\r\n")
        data = payload.split(b"\r\n", 1)[1]
        length = struct.unpack("<i", data[:4])[0]
        return self.context.unwrap_winrm(data[4 : 4 + length], data[4 + length :])

    def _seal(self, answer: bytes) -> bytes:
        assert self.context is not None
        sealed = self.context.wrap_winrm(answer)
        return (
            _BOUNDARY
            + f"\r\n\tContent-Type: {_PROTOCOL}\r\n\tOriginalContent: ".encode()
            + f"type=application/soap+xml;charset=UTF-8;Length={len(answer) + sealed.padding_length}\r\n".encode()
            + _BOUNDARY
            + b"\r\n\tContent-Type: application/octet-stream\r\n"
            + struct.pack("<i", len(sealed.header))
            + sealed.header
            + sealed.data
            + _BOUNDARY
            + b"--\r\n"
        )

    def _reply(
        self,
        status: int,
        answer: bytes,
        *,
        sealed: bool = False,
        content: str = _SOAP,
        extra: dict[str, str] | None = None,
    ) -> None:
        if sealed:
            answer = self._seal(answer)
            content = f'multipart/encrypted;protocol="{_PROTOCOL}";boundary="Encrypted Boundary"'
        self.send_response(status)
        if self.proof:
            self.send_header("WWW-Authenticate", self.proof)
            self.proof = ""
        for name, value in (extra or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", content)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(answer)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    address_family = socket.AF_INET
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: object, client_address: object) -> None:
        sock = request
        if self.tls is not None:
            assert isinstance(sock, socket.socket)
            sock.settimeout(10)
            sock = self.tls.wrap_socket(sock, server_side=True)
            sock.settimeout(None)
        assert isinstance(sock, socket.socket)
        with sock:
            self.RequestHandlerClass(sock, client_address, self)  # type: ignore[arg-type] # it is one

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that break off are what this server is for."""


class _Http6(_Http):
    address_family = socket.AF_INET6


def bindings_of(certificate: bytes) -> GssChannelBindings:
    """Return what binds a login to a TLS connection: the SHA-256 of the server's certificate."""
    parsed = x509.load_pem_x509_certificate(certificate)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(parsed.public_bytes(serialization.Encoding.DER))
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest.finalize())


@contextlib.contextmanager
def serve(
    powershell: PowerShell,
    behaviour: Behaviour | None = None,
    *,
    paper: Paper | None = None,
    client_authority: bytes = b"",
    address: str = "127.0.0.1",
) -> Iterator[WsManServer]:
    """Run a server on loopback; with ``paper`` over TLS. The account `audit` of EXAMPLE may log in."""
    server = WsManServer(powershell, behaviour or Behaviour())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        accounts = folder / "accounts"
        accounts.write_text(f"{DOMAIN}:{USER}:{PASSWORD}\n")
        handler = type("Handler", (_Handler,), {"peer": server, "tls": paper is not None, "bindings": None})
        http = (_Http6 if ":" in address else _Http)((address, 0), handler)
        if paper is not None:
            paper.write(folder, "server")
            http.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            http.tls.load_cert_chain(folder / "server.pem", folder / "server.key")
            if client_authority:
                http.tls.verify_mode = ssl.CERT_OPTIONAL
                http.tls.load_verify_locations(cadata=client_authority.decode())
            if server.behaviour.checks_channel:
                handler.bindings = bindings_of(paper.certificate)  # type: ignore[attr-defined] # the class made above
        server.port = http.server_address[1]
        before = os.environ.get("NTLM_USER_FILE")
        os.environ["NTLM_USER_FILE"] = str(accounts)
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            http.shutdown()
            http.server_close()
            thread.join(5)
            if before is None:
                del os.environ["NTLM_USER_FILE"]
            else:
                os.environ["NTLM_USER_FILE"] = before
