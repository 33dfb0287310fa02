"""Which proofs a server is offered, in which order, and how often. Real servers are in the lab."""
# ruff: noqa: D102 - the fake does what the protocol says

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import cast

import paramiko
import pytest
from paramiko.ssh_exception import BadAuthenticationType

from hardening.errors import ConnectError
from hardening.model.evidence import ABSENT, Absent
from hardening.secrets import Secret
from hardening.transports.login import Proofs, log_in
from hardening.transports.private_keys import Identity
from hardening.transports.wire import WireTransport

Answer = list[str] | paramiko.SSHException
Handler = Callable[[str, str, Sequence[tuple[str, bool]]], list[str]]

REFUSED = paramiko.AuthenticationException("Authentication failed.")
ONE_QUESTION = [("Password: ", False)]


class FakeServer:
    """Answers each method as told, and remembers what it was offered."""

    def __init__(self, answers: Mapping[str, Answer], questions: Sequence[Sequence[tuple[str, bool]]] = ()) -> None:
        self._answers = answers
        self._questions = questions
        self._left = 99
        self.offered: list[str] = []
        self.answered: list[list[str]] = []

    def hang_up_after(self, offers: int) -> FakeServer:
        self._left = offers
        return self

    def is_active(self) -> bool:
        return self._left > 0

    def auth_publickey(self, user: str, key: str) -> list[str]:
        return self._answer(user, key)

    def auth_password(self, user: str, password: str, *, fallback: bool) -> list[str]:
        assert not fallback
        return self._answer(user, "password", password)

    def auth_interactive(self, user: str, handler: Handler) -> list[str]:
        self.answered += [handler("", "", questions) for questions in self._questions]
        return self._answer(user, "keyboard-interactive")

    def _answer(self, user: str, what: str, *secret: str) -> list[str]:
        assert user == "audit"
        assert secret in {(), ("Sommer-2026!",)}
        self._left -= 1
        self.offered.append(what)
        answer = self._answers[what]
        if isinstance(answer, list):
            return answer
        raise answer


def proofs(*keys: str, password: Secret | Absent = ABSENT) -> Proofs:
    identities = [Identity(cast("paramiko.PKey", key), "publickey", f"key {key}") for key in keys]
    return Proofs(identities, password, ExitStack())


WITH_PASSWORD = proofs(password=Secret("Sommer-2026!"))


def method(server: FakeServer, given: Proofs) -> str:
    return log_in(cast("WireTransport", server), "audit", given)


def refusal(server: FakeServer, given: Proofs) -> str:
    with pytest.raises(ConnectError) as caught:
        method(server, given)
    return caught.value.reason


def test_the_first_key_that_is_accepted_ends_the_login() -> None:
    server = FakeServer({"a": REFUSED, "b": []})
    assert (method(server, proofs("a", "b", "c")), server.offered) == ("publickey", ["a", "b"])


def test_a_refused_key_is_offered_once() -> None:
    server = FakeServer({"a": REFUSED, "b": REFUSED})
    refusal(server, proofs("a", "b"))
    assert server.offered == ["a", "b"]


def test_what_was_refused_is_named() -> None:
    server = FakeServer({"a": REFUSED, "b": REFUSED})
    assert refusal(server, proofs("a", "b")) == "the login as audit was refused (tried: key a, key b)"


def test_no_further_key_is_offered_where_keys_are_not_taken() -> None:
    server = FakeServer({"a": BadAuthenticationType("Bad", ["password"])})
    assert refusal(server, proofs("a", "b")) == (
        "the login as audit was refused (tried: key a, a way it does not take); the server takes password"
    )


def test_nothing_is_offered_to_a_server_that_hung_up() -> None:
    server = FakeServer({"a": REFUSED, "b": []}).hang_up_after(1)
    refusal(server, proofs("a", "b"))
    assert server.offered == ["a"]


def test_a_password_is_offered_after_the_key() -> None:
    server = FakeServer({"a": REFUSED, "password": []})
    given = proofs("a", password=Secret("Sommer-2026!"))
    assert (method(server, given), server.offered) == ("password", ["a", "password"])


def test_a_server_may_want_key_and_password() -> None:
    server = FakeServer({"a": ["password"], "password": []})
    assert method(server, proofs("a", "b", password=Secret("Sommer-2026!"))) == "publickey, password"


def test_after_an_accepted_key_no_other_is_offered() -> None:
    server = FakeServer({"a": ["password"], "password": []})
    method(server, proofs("a", "b", password=Secret("Sommer-2026!")))
    assert server.offered == ["a", "password"]


def test_a_server_that_wants_more_than_there_is_says_so() -> None:
    assert refusal(FakeServer({"a": ["password"]}), proofs("a")) == (
        "the login as audit was refused (publickey was accepted, but the server wants more); the server takes password"
    )


def test_a_refused_password_is_not_given_as_an_answer() -> None:
    server = FakeServer({"password": REFUSED, "keyboard-interactive": []})
    refusal(server, WITH_PASSWORD)
    assert server.offered == ["password"]


def test_where_passwords_are_not_taken_a_question_is_answered_with_it() -> None:
    server = FakeServer(
        {"password": BadAuthenticationType("Bad", ["keyboard-interactive"]), "keyboard-interactive": []},
        [ONE_QUESTION, []],
    )
    assert (method(server, WITH_PASSWORD), server.answered) == ("keyboard-interactive", [["Sommer-2026!"], []])


@pytest.mark.parametrize("questions", [[ONE_QUESTION, ONE_QUESTION], [ONE_QUESTION * 2]])
def test_a_second_question_is_not_answered(questions: list[list[tuple[str, bool]]]) -> None:
    server = FakeServer(
        {"password": BadAuthenticationType("Bad", ["keyboard-interactive"]), "keyboard-interactive": []}, questions
    )
    with pytest.raises(paramiko.SSHException, match="asks for more than a password"):
        method(server, WITH_PASSWORD)


def test_a_server_that_does_not_answer_the_login_is_named() -> None:
    server = FakeServer({"a": paramiko.AuthenticationException("Authentication timeout.")})
    assert refusal(server, proofs("a", "b")) == "the server did not answer the login in time"


def test_what_a_server_would_take_is_made_harmless() -> None:
    server = FakeServer({"a": BadAuthenticationType("Bad", ["\x1b[2J"])})
    assert refusal(server, proofs("a")).isprintable()
