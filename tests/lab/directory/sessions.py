"""Sessions with directories of the lab, and what one asks of them in a test."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardening.errors import ConnectError
from hardening.model.step import Answer, DirectoryStep, LdapAnswer, LdapScope, LdapStep
from hardening.model.target import Credential, LdapEndpoint, LdapSecurity
from hardening.secrets import Secret
from hardening.transports import open_session
from hardening.transports.session import DirectorySession, Limits, Opening
from tests.lab.directory.servers import Directory

SHORT = Limits(connect_seconds=5, idle_seconds=10, deadline_seconds=60)


def endpoint(directory: Directory, user: str = "", *, starttls: bool = False) -> LdapEndpoint:
    """Return the way to a directory as an account, by default the ordinary one; its password stands for itself."""
    account = user or directory.user
    secured = LdapEndpoint(
        address=directory.address,
        user=account,
        ca_file=str(directory.ca_file),
        credential=Credential(password=directory.passwords[account]),
    )
    return replace(secured, security=LdapSecurity.STARTTLS, port=389) if starttls else secured


def open_directory(target: LdapEndpoint, limits: Limits = SHORT) -> DirectorySession:
    """Return a session; a reference to a secret stands for itself here."""
    return open_session(target, Opening(resolve=Secret, limits=limits))


def failure(target: LdapEndpoint, limits: Limits = SHORT) -> ConnectError:
    """Return why no session can be opened."""
    with pytest.raises(ConnectError) as caught:
        open_directory(target, limits).close()
    return caught.value


def ask(target: LdapEndpoint, *steps: DirectoryStep, limits: Limits = SHORT) -> dict[str, Answer]:
    """Open a session, ask, close."""
    session = open_directory(target, limits)
    try:
        return dict(session.search(steps))
    finally:
        session.close()


def everything(name: str = "all", **changes: object) -> LdapStep:
    """Return a search of a whole directory."""
    step = LdapStep(
        name=name,
        base="{default_nc}",
        scope=LdapScope.SUBTREE,
        filter="(objectClass=*)",
        attributes=("cn", "objectClass"),
    )
    return replace(step, **changes)  # type: ignore[arg-type] # a test may change any of them


def found(answer: Answer) -> LdapAnswer:
    """Return an answer that must have come."""
    assert isinstance(answer, LdapAnswer), answer
    return answer
