"""Proves that each bad peer fails in its own way."""

from __future__ import annotations

import socket

import pytest

from tests.lab.lab import Lab
from tests.lab.peers import BANNER


def _connect(lab: Lab, name: str) -> socket.socket:
    peer = lab.peer(name)
    return socket.create_connection((peer.address, peer.port), timeout=1)


def test_silent_accepts_and_says_nothing(lab: Lab) -> None:
    with _connect(lab, "silent") as connection, pytest.raises(TimeoutError):
        connection.recv(1)


def test_reset_resets_at_once(lab: Lab) -> None:
    with pytest.raises(ConnectionResetError), _connect(lab, "reset") as connection:
        connection.recv(1)


def test_greeter_falls_silent(lab: Lab) -> None:
    with _connect(lab, "greets-then-silent") as connection:
        assert connection.recv(100) == BANNER
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_greeter_closes(lab: Lab) -> None:
    with _connect(lab, "greets-then-closes") as connection:
        assert connection.makefile("rb").read() == BANNER


def test_http_is_spoken(lab: Lab) -> None:
    with _connect(lab, "http") as connection:
        assert connection.recv(5) == b"HTTP/"


def test_greeting_does_not_end(lab: Lab) -> None:
    with _connect(lab, "endless-greeting") as connection:
        assert len(connection.makefile("rb").read(500)) == 500


@pytest.mark.parametrize("name", ["full-backlog", "nobody"])
def test_nobody_answers_the_connection(lab: Lab, name: str) -> None:
    with pytest.raises(TimeoutError):
        _connect(lab, name)


def test_closed_port_refuses(lab: Lab) -> None:
    with pytest.raises(ConnectionRefusedError):
        _connect(lab, "closed")
