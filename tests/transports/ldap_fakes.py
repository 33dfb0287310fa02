"""A directory that does as it is told: for answers that no real one can be brought to give."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

PAGED = b"1.2.840.113556.1.4.319"
_BIND, _SEARCH = 0x60, 0x63
_BOUND, _ENTRY, _DONE, _REFERENCE, _EXTENDED = 0x61, 0x64, 0x65, 0x73, 0x78


def pack(tag: int, *parts: bytes) -> bytes:
    """Return one value in BER."""
    body = b"".join(parts)
    size = len(body)
    length = bytes([size]) if size < 0x80 else b"\x84" + size.to_bytes(4, "big")
    return bytes([tag]) + length + body


def unpack(data: bytes) -> tuple[int, bytes, bytes]:
    """Return tag, body and what follows; raises ``IndexError`` where data is missing."""
    tag, size, begin = data[0], data[1], 2
    if size & 0x80:
        begin += size & 0x7F
        size = int.from_bytes(data[2:begin], "big")
    if len(data) < begin + size:
        raise IndexError
    return tag, data[begin : begin + size], data[begin + size :]


def items(data: bytes) -> list[tuple[int, bytes]]:
    """Return the values in a body."""
    found = []
    while data:
        tag, body, data = unpack(data)
        found.append((tag, body))
    return found


def number(value: int, tag: int = 2) -> bytes:
    """Return a number in BER."""
    return pack(tag, value.to_bytes(max(1, (value.bit_length() + 8) // 8), "big"))


def entry(dn: str, **attributes: Sequence[bytes]) -> bytes:
    """Return one entry of an answer; in names of attributes ``__`` stands for ``;`` and ``_`` for ``-``."""
    listed = [
        pack(0x30, pack(4, _spell(name)), pack(0x31, *(pack(4, value) for value in values)))
        for name, values in attributes.items()
    ]
    return pack(_ENTRY, pack(4, dn.encode()), pack(0x30, *listed))


def _spell(name: str) -> bytes:
    return name.replace("__", ";").replace("_", "-").replace("-eq-", "=").encode()


def reference(*uris: str) -> bytes:
    """Return a reference to other servers."""
    return pack(_REFERENCE, *(pack(4, uri.encode()) for uri in uris))


def done(result: int = 0, message: str = "", tag: int = _DONE) -> bytes:
    """Return the end of an answer."""
    return pack(tag, number(result, 10), pack(4), pack(4, message.encode()))


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as the server got it; ``cookie`` is that of the page before, ``ABSENT`` text if nothing is paged."""

    base: str
    scope: int
    attributes: tuple[str, ...]
    cookie: bytes
    is_paged: bool


Answering = Callable[[Asked], tuple[Sequence[bytes], bytes]]
"""Returns the messages of an answer and the cookie of the next page."""


@dataclass(slots=True)
class FakeDirectory:
    """What it was asked, and how often somebody tried to log in."""

    port: int
    root: bytes
    asked: list[Asked] = field(default_factory=list)
    binds: int = 0
    bound: list[tuple[int, bytes]] = field(default_factory=list)


ROOT = entry("", namingContexts=[b"dc=kommune,dc=test"])
"""The root DSE of a directory of some kind."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a directory behaves beside answering.

    ``raw`` takes the connection over once a search has come; ``bind`` returns the answer to a login by the number of
    its kind; with ``tls`` it speaks TLS from the start.
    """

    answer: Answering
    raw: Callable[[socket.socket], None] | None = None
    bind: Callable[[int, bytes], bytes] = lambda _kind, _body: done(tag=_BOUND)
    tls: ssl.SSLContext | None = None


@contextlib.contextmanager
def serve(
    answer: Answering, *, raw: Callable[[socket.socket], None] | None = None, root: bytes = ROOT
) -> Iterator[FakeDirectory]:
    """Run a directory over plain LDAP; ``raw`` takes the connection over once a search has come."""
    with serve_as(Manner(answer, raw), root=root) as server:
        yield server


@contextlib.contextmanager
def serve_as(manner: Manner, *, root: bytes = ROOT) -> Iterator[FakeDirectory]:
    """Run a directory that behaves in some manner."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = FakeDirectory(listener.getsockname()[1], root)
        thread = threading.Thread(target=_accept, args=(listener, server, manner), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            # Closing alone would leave the thread waiting, and it would take one more.
            listener.shutdown(socket.SHUT_RDWR)


def bound(result: int, credentials: bytes = b"", message: str = "") -> bytes:
    """Return the answer to a login, with what a server of Microsoft's puts where others put a name."""
    return pack(_BOUND, number(result, 10), pack(4, credentials), pack(4, message.encode()))


def _accept(listener: socket.socket, server: FakeDirectory, manner: Manner) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_receive, args=(connection, server, manner), daemon=True).start()


def _receive(connection: socket.socket, server: FakeDirectory, manner: Manner) -> None:
    # Whoever speaks something else, such as TLS where none is spoken, is hung up on.
    with contextlib.suppress(OSError, IndexError, ValueError), connection:
        if manner.tls is None:
            _talk(connection, server, manner)
            return
        with manner.tls.wrap_socket(connection, server_side=True) as encrypted:
            _talk(encrypted, server, manner)


def _talk(connection: socket.socket, server: FakeDirectory, manner: Manner) -> None:
    data = b""
    while received := connection.recv(65_536):
        data += received
        while data:
            try:
                _, message, data = unpack(data)
            except IndexError:
                break
            (_, identity), (tag, body), *controls = items(message)
            if tag == _BIND:
                server.binds += 1
                kind, login = items(body)[2]
                server.bound.append((kind, login))
                connection.sendall(pack(0x30, pack(2, identity), manner.bind(kind, login)))
            elif tag == _SEARCH:
                asked = _read_search(body, controls)
                server.asked.append(asked)
                if manner.raw is not None and asked.base:
                    manner.raw(connection)
                    return
                _reply(connection, identity, asked, manner.answer, server.root)
            else:
                return


def _read_search(body: bytes, controls: list[tuple[int, bytes]]) -> Asked:
    parts = items(body)
    cookie, is_paged = b"", False
    for _, control in items(controls[0][1]) if controls else []:
        fields = items(control)
        if fields[0][1] == PAGED:
            cookie, is_paged = items(items(fields[-1][1])[0][1])[1][1], True
    return Asked(
        base=parts[0][1].decode(),
        scope=parts[1][1][0],
        attributes=tuple(value.decode() for _, value in items(parts[7][1])),
        cookie=cookie,
        is_paged=is_paged,
    )


def _reply(connection: socket.socket, identity: bytes, asked: Asked, answer: Answering, root: bytes) -> None:
    if asked.base:
        messages, cookie = answer(asked)
    else:
        messages, cookie = [root, done()], b""
    for message in messages:
        control = b""
        if message[0] == _DONE and asked.is_paged:
            value = pack(0x30, number(0), pack(4, cookie))
            control = pack(0xA0, pack(0x30, pack(4, PAGED), pack(4, value)))
        connection.sendall(pack(0x30, pack(2, identity), message, control))
