"""One connection to a jump host for all that lies behind it: made once, refused once, closed by the last."""

# ruff: noqa: D102 - the fakes do what the protocol says

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest

from hardening.errors import ConnectError, SecretError
from hardening.model.target import Become, SshEndpoint
from hardening.transports.bastions import MOST_LOGINS, MOST_USERS, Bastions, Lease
from hardening.transports.ssh_connection import SshConnection

BASTION = SshEndpoint(address="bastion", user="audit")
OTHER = SshEndpoint(address="bastion", user="ops")


@dataclass
class FakeConnection:
    """A connection that lives until it is closed or breaks; it is its own transport."""

    is_alive: bool = True
    closed: int = 0

    @property
    def transport(self) -> FakeConnection:
        return self

    def is_active(self) -> bool:
        return self.is_alive

    def close(self) -> None:
        self.is_alive = False
        self.closed += 1


@dataclass
class Maker:
    """Makes connections, or fails as told, and keeps what it made."""

    failure: Exception | None = None
    made: list[FakeConnection] = field(default_factory=list)
    asked: int = 0

    def __call__(self) -> SshConnection:
        self.asked += 1
        if self.failure:
            raise self.failure
        self.made.append(FakeConnection())
        return cast("SshConnection", self.made[-1])


def lease(bastions: Bastions, make: Callable[[], SshConnection], endpoint: SshEndpoint = BASTION) -> Lease:
    return bastions.lease(endpoint, make)


def refusal(bastions: Bastions, make: Callable[[], SshConnection]) -> str:
    with pytest.raises(ConnectError) as caught:
        lease(bastions, make)
    return str(caught.value)


def test_many_share_one_connection() -> None:
    bastions, make = Bastions(), Maker()
    leases = [lease(bastions, make) for _ in range(10)]
    assert ({id(each.connection) for each in leases}, make.asked) == ({id(make.made[0])}, 1)


def test_another_account_has_another_connection() -> None:
    bastions, make = Bastions(), Maker()
    leases = [lease(bastions, make), lease(bastions, make, OTHER)]
    assert len({id(each.connection) for each in leases}) == 2


def test_how_root_rights_are_reached_makes_no_other_connection() -> None:
    bastions, make = Bastions(), Maker()
    lease(bastions, make)
    lease(bastions, make, SshEndpoint(address="bastion", user="audit", become=Become.SUDO))
    assert make.asked == 1


def test_the_last_user_closes_it() -> None:
    bastions, make = Bastions(), Maker()
    first, second = lease(bastions, make), lease(bastions, make)
    first.release()
    before = make.made[0].closed
    second.release()
    assert (before, make.made[0].closed) == (0, 1)


def test_a_user_who_leaves_twice_leaves_once() -> None:
    bastions, make = Bastions(), Maker()
    first = lease(bastions, make)
    lease(bastions, make)
    first.release()
    first.release()
    assert make.made[0].closed == 0


def test_after_the_last_user_a_new_one_is_made() -> None:
    bastions, make = Bastions(), Maker()
    lease(bastions, make).release()
    lease(bastions, make)
    assert make.asked == 2


def test_while_a_scan_lasts_it_stays_open_between_users() -> None:
    bastions, make = Bastions(), Maker()
    with bastions.held():
        lease(bastions, make).release()
        lease(bastions, make).release()
        during = (make.asked, make.made[0].closed)
    assert (during, make.made[0].closed) == ((1, 0), 1)


@pytest.mark.parametrize(
    "failure", [ConnectError("the login as audit was refused", "check the account"), SecretError("env:P is not set")]
)
def test_a_refusal_is_met_once_for_all(failure: Exception) -> None:
    bastions, make = Bastions(), Maker(failure)
    with bastions.held():
        reasons = {refusal(bastions, make).partition(";")[0] for _ in range(100)}
    assert (reasons, make.asked) == ({str(failure).partition(";")[0]}, 1)


def test_after_the_scan_a_refusal_is_forgotten() -> None:
    bastions, make = Bastions(), Maker(ConnectError("refused", ""))
    with bastions.held():
        refusal(bastions, make)
    make.failure = None
    assert lease(bastions, make).connection.transport.is_active()


def test_one_that_broke_is_made_anew() -> None:
    bastions, make = Bastions(), Maker()
    with bastions.held():
        lease(bastions, make)
        make.made[0].is_alive = False
        assert lease(bastions, make).connection.transport.is_active()


def test_one_that_breaks_again_and_again_is_given_up() -> None:
    bastions, make = Bastions(), Maker()
    with bastions.held():
        for _ in range(MOST_LOGINS):
            lease(bastions, make).release()
            make.made[-1].is_alive = False
        reasons = {refusal(bastions, make).partition(";")[0] for _ in range(5)}
    assert (reasons, make.asked) == ({"the connection broke 3 times in this scan"}, MOST_LOGINS)


def test_when_the_scan_ends_no_new_one_is_made() -> None:
    bastions, make = Bastions(), Maker()
    with bastions.held():
        kept = lease(bastions, make)
    assert (kept.connection.transport.is_active(), make.made[0].closed) == (False, 1)


def test_many_threads_make_one_connection() -> None:
    bastions, make, start = Bastions(), Maker(), threading.Barrier(16)

    def use() -> None:
        start.wait()
        lease(bastions, make)

    threads = [threading.Thread(target=use) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert make.asked == 1


def test_too_many_users_wait_for_a_place() -> None:
    bastions, make, got = Bastions(), Maker(), threading.Event()
    leases = [lease(bastions, make) for _ in range(MOST_USERS)]

    def wait() -> None:
        lease(bastions, make)
        got.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    before = got.wait(0.05)
    leases[0].release()
    waiting.join()
    assert (before, got.is_set()) == (False, True)
