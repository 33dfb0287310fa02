"""What a module does in its stack: whether anybody gets past it, and whether pam_faillock can count and lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hardening.probes.pam_files import Placed
from hardening.probes.pam_lines import IGNORE, SUCCESS
from hardening.probes.pam_walk import Flags, TooManyStatesError, answers, walk

_FAILURES = {"pam_wheel": "perm_denied"}
_PASSWORDS = frozenset({"pam_unix", "pam_sss", "pam_ldap", "pam_winbind", "pam_krb5"})
"""Modules that look at a password that somebody typed."""

_HELD, _SLIPPED, _WRONG, _COUNTED, _CLEARED = "held", "slipped", "wrong", "counted", "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockEffect:
    """What pam_faillock comes to: who is locked stays out; wrong passwords are counted; right ones clear the count."""

    locks: bool
    counts: bool
    clears: bool


def is_enforced(stack: Sequence[Placed], targets: frozenset[int]) -> bool:
    """Say whether the stack succeeds only where one of some calls was made and none of those made has failed.

    A password is changed in two passes, and the second takes the way of the first, in which modules do not yet look
    at the new password: there it is asked only whether the call is made. Raises ``TooManyStatesError``.
    """
    if not targets:
        return False

    def mark(index: int, code: str, flags: Flags) -> Flags:
        if index not in targets:
            return flags
        return flags | {_HELD if code in {SUCCESS, IGNORE} else _SLIPPED}

    ends = walk([placed.call for placed in stack], mark, _choices(stack, targets))
    good = [flags for ok, flags in ends if ok]
    return bool(good) and all(_HELD in flags and _SLIPPED not in flags for flags in good)


def find_lock_effect(stack: Sequence[Placed], account: Sequence[Placed]) -> LockEffect:
    """Return what pam_faillock comes to in a stack of type auth; raises ``TooManyStatesError``."""
    guards = _find_faillock(stack, "preauth") | _find_faillock(stack, "authsucc")
    failing = _find_faillock(stack, "authfail")
    resetting = _find_faillock(stack, "authsucc")
    passwords = {index for index, placed in enumerate(stack) if placed.call.module in _PASSWORDS}

    def mark(index: int, code: str, flags: Flags) -> Flags:
        if index in passwords and code == "auth_err":
            return (flags | {_WRONG}) - {_COUNTED}
        if index in failing:
            return flags | {_COUNTED}
        return flags | {_CLEARED} if index in resetting and code == SUCCESS else flags

    ends = walk([placed.call for placed in stack], mark, _choices(stack, guards | failing))
    wrong = [flags for ok, flags in ends if not ok and _WRONG in flags]
    good = [flags for ok, flags in ends if ok]
    in_account = any(placed.call.module == "pam_faillock" and placed.call.installed for placed in account)
    return LockEffect(
        locks=_is_guarded(stack, guards),
        counts=bool(wrong) and all(_COUNTED in flags for flags in wrong),
        clears=in_account or (bool(good) and all(_CLEARED in flags for flags in good)),
    )


def _is_guarded(stack: Sequence[Placed], guards: frozenset[int]) -> bool:
    """Say whether who is locked stays out: the calls look at the same count, so all of them fail then."""

    def choices(index: int) -> Sequence[str]:
        return ("auth_err",) if index in guards else answers(stack[index].call)

    if not guards:
        return False
    ends = walk([placed.call for placed in stack], lambda _, __, flags: flags, choices)
    return not any(ok for ok, _ in ends)


def _find_faillock(stack: Sequence[Placed], action: str) -> frozenset[int]:
    return frozenset(
        index
        for index, placed in enumerate(stack)
        if placed.call.module == "pam_faillock" and placed.call.installed and faillock_action(placed) == action
    )


def faillock_action(placed: Placed) -> str:
    """Return what a call of pam_faillock is for: the last of its words counts, and preauth is the default."""
    words = [text for text in placed.arguments if text in {"preauth", "authfail", "authsucc"}]
    return words[-1] if words else "preauth"


def _choices(stack: Sequence[Placed], targets: frozenset[int]) -> Callable[[int], Sequence[str]]:
    def choices(index: int) -> Sequence[str]:
        call = stack[index].call
        if index not in targets or not call.installed or call.broken:
            return answers(call)
        if call.type == "password":
            return (SUCCESS, IGNORE)
        return (SUCCESS, IGNORE, _FAILURES.get(call.module, "auth_err" if call.type == "auth" else "perm_denied"))

    return choices


__all__ = ["LockEffect", "TooManyStatesError", "faillock_action", "find_lock_effect", "is_enforced"]
