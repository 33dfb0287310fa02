"""Everything that pywinrm, requests, NTLM and WS-Management raise or refuse has words of ours."""

from __future__ import annotations

import http.client
import inspect
import socket
import ssl

import pytest
import requests
import spnego.exceptions
import urllib3
import winrm.exceptions

from hardening.transports.winrm_errors import (
    FAULTS,
    LIBRARY_ERRORS,
    STATUSES,
    TRANSLATIONS,
    find_translation,
    translate,
)

_MODULES = (winrm.exceptions, requests.exceptions, urllib3.exceptions, spnego.exceptions, http.client, ssl, socket)


def library_exceptions() -> list[type[BaseException]]:
    """Return every exception class that the libraries define; warnings are none."""
    found = {
        kind
        for module in _MODULES
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception)
        and not issubclass(kind, Warning)
        and kind.__module__ != "builtins"
        and not kind.__name__.startswith("_")
    }
    return sorted(found, key=lambda kind: f"{kind.__module__}.{kind.__qualname__}")


def name(kind: type[BaseException]) -> str:
    return f"{kind.__module__}.{kind.__name__}"


@pytest.mark.parametrize("kind", library_exceptions(), ids=name)
def test_every_library_exception_is_translated(kind: type[BaseException]) -> None:
    assert [each for each in TRANSLATIONS if issubclass(kind, each)] != []


@pytest.mark.parametrize("kind", library_exceptions(), ids=name)
def test_every_library_exception_is_caught(kind: type[BaseException]) -> None:
    assert issubclass(kind, LIBRARY_ERRORS)


@pytest.mark.parametrize("kind", TRANSLATIONS, ids=name)
def test_everything_translated_is_caught(kind: type[BaseException]) -> None:
    assert issubclass(kind, LIBRARY_ERRORS)


@pytest.mark.parametrize("kind", TRANSLATIONS, ids=name)
def test_no_entry_is_hidden_behind_a_wider_one(kind: type[BaseException]) -> None:
    order = list(TRANSLATIONS)
    assert not [wider for wider in order[: order.index(kind)] if issubclass(kind, wider)]


@pytest.mark.parametrize(("reason", "remedy"), [*TRANSLATIONS.values(), *FAULTS.values(), *STATUSES.values()])
def test_every_entry_has_a_reason_and_a_remedy(reason: str, remedy: str) -> None:
    assert reason
    assert remedy


def test_what_no_library_raises_is_not_translated() -> None:
    with pytest.raises(LookupError, match="no translation for KeyboardInterrupt"):
        find_translation(KeyboardInterrupt())


def wrapped(cause: BaseException) -> BaseException:
    """Return an error as urllib3 and requests wrap it."""
    inner = urllib3.exceptions.ProtocolError("Connection aborted.", cause)
    return requests.exceptions.ConnectionError(
        urllib3.exceptions.MaxRetryError(urllib3.HTTPConnectionPool("x"), "/", inner)
    )


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (ConnectionRefusedError(111, "refused"), "the port is closed"),
        (TimeoutError(), "no answer in time"),
        (http.client.RemoteDisconnected("gone"), "the peer closed the connection without an answer"),
        (http.client.BadStatusLine("x"), "the peer does not speak HTTP as expected"),
        (ssl.SSLEOFError(), "the server hung up during the TLS handshake"),
    ],
)
def test_what_is_at_the_bottom_decides(cause: BaseException, reason: str) -> None:
    assert find_translation(wrapped(cause))[0] == reason


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Clock skew too great", "Kerberos refuses: the clocks differ by more than five minutes"),
        ("requested auth method is kerberos, but pykerberos is not installed", "this installation cannot do Kerberos"),
        (
            "No Kerberos credentials available (default cache: FILE:/tmp/x)",
            "there is no Kerberos ticket, or it has expired",
        ),
        ("Ticket expired", "there is no Kerberos ticket, or it has expired"),
        ("Server not found in Kerberos database", "the domain knows no service HTTP on this name"),
    ],
)
def test_kerberos_is_put_into_words(words: str, reason: str) -> None:
    assert find_translation(winrm.exceptions.WinRMError(words))[0] == reason


def test_what_the_server_says_cannot_forge_a_line() -> None:
    fault = winrm.exceptions.WSManFaultError(500, "x", "", "first\n::error::second\x1b[2J", wsman_fault_code=99)
    error = translate(fault, "srv-01:5986")
    assert "\n" not in error.reason
    assert "\x1b" not in error.reason
