"""Everything that ldap3, TLS and the socket library raise, and what directories refuse, has words of ours."""

from __future__ import annotations

import inspect
import socket
import ssl

import pytest
from ldap3.core import exceptions

from hardening.transports.ldap_errors import (
    BIND_RESULTS,
    CERTIFICATES,
    LIBRARY_ERRORS,
    TRANSLATIONS,
    describe_bind,
    find_translation,
    translate,
)


def library_exceptions() -> list[type[BaseException]]:
    """Return every exception class that ldap3 raises and that ssl and socket define."""
    found = {
        kind
        for module in (exceptions, ssl, socket)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ != "builtins" and not kind.__name__.startswith("_")
    }
    return sorted(found, key=lambda kind: kind.__qualname__)


@pytest.mark.parametrize("kind", library_exceptions(), ids=lambda kind: kind.__name__)
def test_every_library_exception_is_translated(kind: type[BaseException]) -> None:
    assert [each for each in TRANSLATIONS if issubclass(kind, each)] != []


@pytest.mark.parametrize("kind", library_exceptions(), ids=lambda kind: kind.__name__)
def test_every_library_exception_is_caught(kind: type[BaseException]) -> None:
    assert issubclass(kind, LIBRARY_ERRORS)


@pytest.mark.parametrize("kind", TRANSLATIONS, ids=lambda kind: kind.__name__)
def test_no_entry_is_hidden_behind_a_wider_one(kind: type[BaseException]) -> None:
    order = list(TRANSLATIONS)
    assert not [wider for wider in order[: order.index(kind)] if issubclass(kind, wider)]


@pytest.mark.parametrize(("reason", "remedy"), [*TRANSLATIONS.values(), *CERTIFICATES.values(), *BIND_RESULTS.values()])
def test_every_entry_has_a_reason_and_a_remedy(reason: str, remedy: str) -> None:
    assert reason
    assert remedy


def test_what_no_library_raises_is_not_translated() -> None:
    with pytest.raises(LookupError, match="no translation for KeyboardInterrupt"):
        find_translation(KeyboardInterrupt())


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "80090308: LdapErr: DSID-0C090449, …, data 52e, v4563",
            "the password is wrong",
        ),
        (
            "80090308: LdapErr: DSID-0C090449, …, data 775, v4563",
            "the account is locked",
        ),
        (
            "80090308: LdapErr: DSID-0C090449, …, data 533, v4563",
            "the account is disabled",
        ),
    ],
)
def test_what_active_directory_adds_to_a_refused_login_is_said(message: str, said: str) -> None:
    reason, remedy = describe_bind(49, message)
    assert reason == f"the name or the password is wrong (result 49: {said})"
    assert "not tried again" in remedy


def test_a_refusal_that_is_not_known_keeps_its_number_and_words() -> None:
    assert describe_bind(120, "odd\nwords")[0] == "the login was refused (result 120: odd\\nwords)"


def test_an_error_names_its_place_and_keeps_its_cause() -> None:
    error = translate(ConnectionRefusedError(111, "Connection refused"), "dc-01:636")
    assert (error.reason, error.remedy[:21]) == ("dc-01:636: the port is closed", "check address and por")
