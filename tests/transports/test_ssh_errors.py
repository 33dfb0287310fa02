"""Everything that paramiko and the socket library raise has words of ours."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import socket

import paramiko
import pytest

from hardening.transports.ssh_errors import LIBRARY_ERRORS, TRANSLATIONS, find_translation, translate

# Never leave the library towards us: parsers that it guards itself, packet bookkeeping, and its SFTP client.
INTERNAL = {"BERException", "NeedRekeyException", "SFTPError"}
FOREIGN_SYSTEM = {"paramiko._winapi", "paramiko.win_openssh", "paramiko.win_pageant"}


def library_exceptions() -> list[type[Exception]]:
    """Return every exception class that paramiko and socket define, by walking their modules."""
    names = [module.name for module in pkgutil.iter_modules(paramiko.__path__, "paramiko.")]
    modules = [socket, *(importlib.import_module(name) for name in names if name not in FOREIGN_SYSTEM)]
    found = {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and (kind.__module__.startswith("paramiko") or module is socket)
    }
    own = {kind for kind in found if not kind.__name__.startswith("_")}
    return sorted((kind for kind in own if kind.__name__ not in INTERNAL), key=lambda kind: kind.__qualname__)


@pytest.mark.parametrize("kind", library_exceptions(), ids=lambda kind: kind.__name__)
def test_every_library_exception_has_an_entry_of_its_own(kind: type[Exception]) -> None:
    assert kind in TRANSLATIONS


@pytest.mark.parametrize("kind", library_exceptions(), ids=lambda kind: kind.__name__)
def test_every_library_exception_is_caught(kind: type[Exception]) -> None:
    assert issubclass(kind, LIBRARY_ERRORS)


@pytest.mark.parametrize("kind", TRANSLATIONS, ids=lambda kind: kind.__name__)
def test_no_entry_is_hidden_behind_a_wider_one(kind: type[Exception]) -> None:
    order = list(TRANSLATIONS)
    assert not [wider for wider in order[: order.index(kind)] if issubclass(kind, wider)]


@pytest.mark.parametrize(("reason", "remedy"), TRANSLATIONS.values(), ids=[kind.__name__ for kind in TRANSLATIONS])
def test_every_entry_has_a_reason_and_a_remedy(reason: str, remedy: str) -> None:
    assert reason
    assert remedy


def test_what_no_library_raises_is_not_translated() -> None:
    with pytest.raises(LookupError, match="no translation for ValueError"):
        find_translation(ValueError())


def test_an_error_is_named_with_its_target() -> None:
    error = translate(ConnectionRefusedError(111, "Connection refused"), "web-01:2222")
    assert error.reason == "web-01:2222: the port is closed"


def test_what_a_peer_said_is_made_harmless() -> None:
    error = translate(paramiko.SSHException("bad \x1b[2J banner\n"), "web-01")
    assert error.reason == "web-01: the peer does not speak SSH as expected: bad \\x1b[2J banner\\n"


def test_an_error_without_words_is_named_by_its_kind() -> None:
    assert translate(OSError(), "web-01").reason == "web-01: the network failed: OSError"
