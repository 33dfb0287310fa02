"""Finding out what is wrong with the way to a target: one visit, one login, each stage told with its remedy.

Asks what a scan with the same baselines would ask, and nothing else.
"""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from hardening.app.examination import Examination
from hardening.collect.visit import VisitContext, channels_behind, visit
from hardening.errors import ConnectError
from hardening.model.clean import clean_line
from hardening.model.evidence import ABSENT, Absent, Unreadable
from hardening.model.target import Become, LdapEndpoint, SshEndpoint, WinRmBackend, WinRmEndpoint
from hardening.transports import open_session
from hardening.transports.session import Limits, Listening, Milestone, ShellWords

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hardening.app.assign import Plans
    from hardening.app.collect import CollectContext
    from hardening.collect.plan import Plan
    from hardening.model.target import Endpoint, Target
    from hardening.secrets import Secret
    from hardening.transports.session import AnySession

LIMITS = Limits(idle_seconds=30, deadline_seconds=120)
"""Whoever asks what is wrong waits in front of the screen."""


def examine_all(
    targets: Sequence[Target], plans: Plans, context: CollectContext, *, workers: int
) -> Iterator[Examination]:
    """Yield an examination of each endpoint of each target, in the order given."""
    asked = [(target, endpoint) for target in targets for endpoint in target.endpoints]
    with context.opening.bastions.held(), ThreadPoolExecutor(max(1, min(workers, len(asked)))) as pool:
        yield from pool.map(lambda each: examine(each[0], each[1], plans.plan_for(each[0].baselines), context), asked)


def examine(target: Target, endpoint: Endpoint, plan: Plan, context: CollectContext) -> Examination:
    """Visit one endpoint of a target once, with its part of the plan, and return how far that came."""
    target = replace(target, endpoints=(endpoint,))
    plan = plan.reduce_to(channels_behind(endpoint))
    watcher = _Watcher(target, context)
    snapshot = visit(
        target,
        plan,
        VisitContext(
            open_session=watcher.open,
            seconds=context.seconds,
            ticks=context.ticks,
            progress=context.progress,
            tool_version=context.tool_version,
            content_digest="",
        ),
    )
    context.progress(target.name, "done" if snapshot.reached else "failed")
    return Examination(
        target=target,
        addresses=resolve_name(endpoint),
        milestones=frozenset(watcher.milestones),
        failure=watcher.failure,
        shell=watcher.shell,
        snapshot=snapshot,
        asked_password=watcher.asked_password,
        other_backend_opens=watcher.other_backend_opens,
    )


def resolve_name(endpoint: Endpoint) -> tuple[str, ...] | Unreadable:
    """Return the addresses of an endpoint's name; none where a jump host resolves it, or where there is no name."""
    match endpoint:
        case SshEndpoint(jump=Absent()) | LdapEndpoint() | WinRmEndpoint():
            pass
        case _:
            return ()
    try:
        found = socket.getaddrinfo(endpoint.address, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return Unreadable(clean_line(str(getattr(error, "strerror", "") or error), 200))
    return tuple(dict.fromkeys(str(place[0]) for *_, place in found))


class _Watcher:
    """Opens the session of a target and remembers what happened on the way."""

    def __init__(self, target: Target, context: CollectContext) -> None:
        self._resolve = context.opening.resolve
        self._opening = replace(context.opening, limits=LIMITS, resolve=self._note_secret, reached=self._note_milestone)
        self._runs_a_kit = any(
            isinstance(endpoint, SshEndpoint) and endpoint.become is Become.KIT for endpoint in target.endpoints
        )
        self._where = ""
        self._is_open = False
        self.milestones: set[Milestone] = set()
        self.failure: ConnectError | Absent = ABSENT
        self.shell: ShellWords | Absent = ABSENT
        self.asked_password = False
        self.other_backend_opens = False

    def open(self, _target: Target, endpoint: Endpoint) -> AnySession:
        """Open a session and hear what the account's shell says; raises ``ConnectError``."""
        try:
            session = open_session(endpoint, self._opening)
        except ConnectError as error:
            self.failure = error
            # The login was good, so that another one locks nobody out.
            if isinstance(endpoint, WinRmEndpoint) and Milestone.LOGIN in self.milestones:
                self.other_backend_opens = self._try_other_backend(endpoint)
            raise
        if isinstance(session, Listening) and not self._runs_a_kit:
            self.shell = session.listen_to_shell()
        self._is_open = True
        return session

    def _try_other_backend(self, endpoint: WinRmEndpoint) -> bool:
        """Say whether the account that may open no shell may open a PowerShell session."""
        if endpoint.backend is WinRmBackend.PSRP:
            return False
        opening = replace(self._opening, reached=lambda _where, _milestone: None)
        try:
            session = open_session(replace(endpoint, backend=WinRmBackend.PSRP), opening)
        except ConnectError:
            return False
        session.close()
        return True

    def _note_milestone(self, where: str, milestone: Milestone) -> None:
        # The target itself is the first to be named; those of its jump host are not its own.
        self._where = self._where or where
        if where == self._where:
            self.milestones.add(milestone)

    def _note_secret(self, reference: str) -> Secret:
        # Once the login is through, sudo is the only one who asks.
        self.asked_password = self._is_open
        return self._resolve(reference)
