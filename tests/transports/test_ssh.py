"""SSH against a server played here: how far a connection comes, and what is kept of it. Real servers are in the lab."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from hardening.errors import ConnectError, SecretError
from hardening.model.evidence import Known, Unreadable
from hardening.model.target import Credential, SshEndpoint
from hardening.secrets import Secret
from hardening.transports import TRANSPORTS, open_session
from hardening.transports.session import Limits, Opening
from hardening.transports.sockets import NoAddressAnswers, PromptSocket, open_socket
from hardening.transports.wire import WireTransport
from tests.transports.test_private_keys import write_key

GREETING = b"SSH-2.0-OpenSSH_5.3\r\n"
OFFERS = (
    "diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
    "ssh-rsa,ssh-dss",
    "aes128-cbc",
    "3des-cbc,aes128-cbc",
    "hmac-md5",
    "hmac-sha1",
    "none",
    "none,zlib",
    "",
    "",
)

Play = Callable[[socket.socket], None]


def kex_init() -> bytes:
    """Return the packet in which a server of long ago says what it speaks."""
    lists = b"".join(struct.pack(">I", len(names)) + names.encode() for names in OFFERS)
    payload = b"\x14" + bytes(16) + lists + b"\0" + bytes(4)
    padding = 8 - (len(payload) + 5) % 8 + 8
    return struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)


def play_old_server(connection: socket.socket) -> None:
    connection.sendall(GREETING + kex_init())
    listen_only(connection)


def listen_only(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Play], SshEndpoint]]:
    """Start a server that plays one connection, and return the way to it."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def start(play: Play) -> SshEndpoint:
        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                play(connection)

        threads.append(threading.Thread(target=accept))
        threads[0].start()
        return SshEndpoint(
            address="127.0.0.1",
            port=listener.getsockname()[1],
            user="audit",
            known_hosts=str(tmp_path / "known_hosts"),
            credential=Credential(key=str(write_key(tmp_path))),
        )

    yield start
    for thread in threads:
        thread.join()
    listener.close()


def failure(endpoint: SshEndpoint) -> ConnectError:
    with pytest.raises(ConnectError) as caught:
        open_session(endpoint, Opening(resolve=Secret, limits=Limits(connect_seconds=0.3)))
    return caught.value


def test_a_server_that_speaks_only_outdated_algorithms_is_refused(serve: Callable[[Play], SshEndpoint]) -> None:
    endpoint = serve(play_old_server)
    assert failure(endpoint).reason == (
        f"127.0.0.1:{endpoint.port}: no algorithm in common: Incompatible ssh peer (no acceptable kex algorithm)"
    )


def test_what_it_offered_is_kept(serve: Callable[[Play], SshEndpoint]) -> None:
    seen = failure(serve(play_old_server)).connection
    assert {name: field for name, field in seen.items() if isinstance(field, Known)} == {
        "transport": Known("ssh"),
        "server_version": Known("SSH-2.0-OpenSSH_5.3", "SSH greeting"),
        "kex_offered": Known(("diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"), "SSH key exchange"),
        "host_key_algorithms_offered": Known(("ssh-rsa", "ssh-dss"), "SSH key exchange"),
        "ciphers_offered": Known(("aes128-cbc", "3des-cbc"), "SSH key exchange"),
        "macs_offered": Known(("hmac-md5", "hmac-sha1"), "SSH key exchange"),
        "compressions_offered": Known(("none", "zlib"), "SSH key exchange"),
    }


def test_what_was_not_settled_is_unreadable(serve: Callable[[Play], SshEndpoint]) -> None:
    seen = failure(serve(play_old_server)).connection
    assert seen["kex"] == Unreadable("the connection ended before this was settled")


def test_of_a_server_that_only_greeted_the_greeting_is_kept(serve: Callable[[Play], SshEndpoint]) -> None:
    seen = failure(serve(lambda connection: connection.sendall(GREETING))).connection
    assert seen["server_version"] == Known("SSH-2.0-OpenSSH_5.3", "SSH greeting")


def test_of_a_peer_that_never_greeted_nothing_is_kept(serve: Callable[[Play], SshEndpoint]) -> None:
    assert failure(serve(lambda connection: connection.sendall(b"HTTP/1.0 400\r\n"))).connection == {}


def test_a_peer_that_says_nothing_is_given_up(serve: Callable[[Play], SshEndpoint]) -> None:
    error = failure(serve(listen_only))
    assert error.reason.endswith("no SSH greeting came within 0.3 s")


def test_a_peer_that_closes_at_once_is_named(serve: Callable[[Play], SshEndpoint]) -> None:
    error = failure(serve(lambda _: None))
    assert error.reason.endswith("the connection was closed before any SSH greeting")


def test_a_peer_that_sends_the_impossible_is_named(serve: Callable[[Play], SshEndpoint]) -> None:
    noise = struct.pack(">IB", 28, 4) + b"\x14" + bytes(16) + b"\xff" * 10
    error = failure(serve(lambda connection: connection.sendall(GREETING + noise)))
    assert error.remedy == "check that an SSH server answers on this port, and what stands in between"


def test_a_steering_greeting_cannot_reach_a_terminal(serve: Callable[[Play], SshEndpoint]) -> None:
    error = failure(serve(lambda connection: connection.sendall(b"SSH-1.0-\x1b[2Jold\r\n")))
    assert error.reason.isprintable()


def test_a_steering_greeting_cannot_reach_a_log(
    serve: Callable[[Play], SshEndpoint], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    failure(serve(lambda connection: connection.sendall(b"\x1b[2Jfirst\r\nSSH-1.0-\x1b[2Jold\r\n")))
    assert [record.getMessage() for record in caplog.records if not record.getMessage().isprintable()] == []


def test_a_broken_peer_is_no_error_in_the_log(
    serve: Callable[[Play], SshEndpoint], caplog: pytest.LogCaptureFixture
) -> None:
    failure(serve(lambda connection: connection.sendall(b"SSH-1.0-old\r\n")))
    assert [record for record in caplog.records if record.levelname != "DEBUG"] == []


def test_a_name_that_no_host_can_have_is_refused(tmp_path: Path) -> None:
    endpoint = SshEndpoint(address="x" * 300, user="a", credential=Credential(key=str(write_key(tmp_path))))
    assert failure(endpoint).reason.endswith("the name cannot be a host name")


def test_a_secret_that_cannot_be_had_keeps_the_target_from_being_reached() -> None:
    def resolve(reference: str) -> Secret:
        msg = f"{reference}: the variable is not set"
        raise SecretError(msg)

    endpoint = SshEndpoint(address="127.0.0.1", user="audit", credential=Credential(password="env:P"))
    with pytest.raises(ConnectError, match="env:P: the variable is not set"):
        open_session(endpoint, Opening(resolve=resolve))


def test_a_transport_opens_its_own_endpoints_only() -> None:
    with pytest.raises(TypeError, match="local does not open SshEndpoint"):
        TRANSPORTS["local"].open(SshEndpoint(address="web-01"), Opening(resolve=Secret))


def test_each_transport_is_listed_under_its_name() -> None:
    assert {name: transport.name for name, transport in TRANSPORTS.items()} == {name: name for name in TRANSPORTS}


def offered_keys(*known_types: str) -> tuple[str, ...]:
    with socket.socket() as unconnected:
        return tuple(WireTransport(unconnected, known_types).preferred_keys)


def test_known_types_are_asked_for_first() -> None:
    assert offered_keys("ssh-rsa")[:2] == ("rsa-sha2-512", "rsa-sha2-256")


def test_an_unknown_server_may_show_any_type() -> None:
    assert set(offered_keys()) == set(offered_keys("ssh-rsa"))


def test_certificates_of_hosts_are_asked_for_last() -> None:
    certified = ["cert" in name for name in offered_keys()]
    assert certified == sorted(certified)


def test_algorithms_of_a_type_that_the_library_lacks_are_not_asked_for() -> None:
    assert offered_keys("ssh-dss") == offered_keys()


Resolved = list[tuple[int, int, int, str, tuple[str, int]]]


@pytest.fixture
def resolve_to(monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[tuple[str, int]]], None]:
    """Let every name have these addresses and ports."""

    def prepare(places: Sequence[tuple[str, int]]) -> None:
        def answer(*_: object, **__: object) -> Resolved:
            families = [socket.AF_INET6 if ":" in place[0] else socket.AF_INET for place in places]
            return [(family, socket.SOCK_STREAM, 6, "", place) for family, place in zip(families, places, strict=True)]

        monkeypatch.setattr(socket, "getaddrinfo", answer)

    return prepare


Resolve = Callable[[Sequence[tuple[str, int]]], None]


def test_an_address_that_does_not_answer_is_followed_by_the_next(resolve_to: Resolve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        resolve_to([("::1", closed_port()), ("127.0.0.1", listener.getsockname()[1])])
        with open_socket("web-01", 22, 5, time.monotonic) as connected:
            assert connected.family is socket.AF_INET


def test_each_address_has_its_share_of_the_time(resolve_to: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed: list[float | None] = []

    def connect(sock: socket.socket, _: object) -> None:
        allowed.append(sock.gettimeout())
        raise TimeoutError

    monkeypatch.setattr(PromptSocket, "connect", connect)
    resolve_to([("::1", 1), ("127.0.0.1", 1), ("127.0.0.2", 1)])
    with pytest.raises(NoAddressAnswers):
        open_socket("web-01", 22, 6, lambda: 0.0)
    assert allowed == [2.0, 3.0, 6.0]


def test_of_several_addresses_each_has_its_reason(resolve_to: Resolve, tmp_path: Path) -> None:
    resolve_to([("::1", closed_port()), ("127.0.0.1", closed_port())])
    endpoint = SshEndpoint(address="web-01", user="a", credential=Credential(key=str(write_key(tmp_path))))
    assert failure(endpoint).reason == (
        "web-01: no address of the name answers (::1: the port is closed; 127.0.0.1: the port is closed)"
    )


def test_a_name_with_one_address_has_one_reason(resolve_to: Resolve, tmp_path: Path) -> None:
    resolve_to([("127.0.0.1", closed_port())])
    endpoint = SshEndpoint(address="web-01", user="a", credential=Credential(key=str(write_key(tmp_path))))
    assert failure(endpoint).reason == "web-01: the port is closed"


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_socket_counts_what_it_received() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, PromptSocket() as client:
        client.connect(listener.getsockname())
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"12345")
            client.recv(3)
            client.recv(10)
        assert client.received == 5
