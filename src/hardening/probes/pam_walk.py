"""What a stack comes to, whatever its modules answer: libpam's rules for combining return values, walked in full.

Each module may answer with any value that libpam could see from it; the walk keeps the states that can be told apart,
so it stays small. Only what modules are known to do always is taken into account (pam_deny, pam_permit, pam_rootok for
somebody who is not root, a module that is not there).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hardening.probes.pam_lines import IGNORE, SUCCESS, Control

_UNDEFINED, _POSITIVE, _NEGATIVE = 0, 1, -1
_FAILURES = {"auth": "auth_err", "account": "perm_denied", "password": "authtok_err", "session": "session_err"}
_OTHERS = ("user_unknown", "authinfo_unavail")
_FIXED = {"pam_permit": (SUCCESS,), "pam_deny": ("deny",), "pam_rootok": ("deny",)}
MOST_STATES = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One module of a stack; ``level`` counts the substacks around it, ``broken`` makes libpam let it fail always.

    A ``marker`` stands where a substack begins: it calls nothing, but a jump counts it.
    """

    type: str
    control: Control
    module: str
    level: int = 0
    installed: bool = True
    broken: bool = False
    marker: bool = False


Flags = frozenset[str]
Marker = Callable[[int, str, Flags], Flags]
_State = tuple[int, bool]
"""Impression, and whether the status is success."""


class TooManyStatesError(Exception):
    """A stack so long that it cannot be walked in full."""


def answers(call: Call) -> tuple[str, ...]:
    """Return the values that a module may return; the first failure is that of its type."""
    failure = _FAILURES[call.type]
    if call.broken:
        return (failure,)
    if not call.installed:
        return ("module_unknown",)
    fixed = _FIXED.get(call.module)
    if fixed is not None:
        return tuple(failure if code == "deny" else code for code in fixed)
    return (SUCCESS, IGNORE, failure, *_OTHERS)


def walk(calls: Sequence[Call], mark: Marker, choices: Callable[[int], Sequence[str]]) -> set[tuple[bool, Flags]]:
    """Return every end that the stack can come to, with what ``mark`` noted on the way there.

    ``mark`` is told the index of a module that was called, what it returned, and what was noted so far. Raises
    ``TooManyStatesError``.
    """
    start: tuple[int, tuple[_State, ...], Flags] = (0, ((_UNDEFINED, False),), frozenset())
    pending = [start]
    seen = {start}
    ends: set[tuple[bool, Flags]] = set()
    while pending:
        index, states, flags = pending.pop()
        if index >= len(calls):
            ends.add((states[0] == (_POSITIVE, True), flags))
            continue
        inner = _enter(states, calls[index].level)
        if calls[index].marker:
            pending.append((index + 1, inner, flags))
            continue
        for code in choices(index):
            after = _apply(calls, index, code, inner)
            state = (after[0], after[1], mark(index, code, flags))
            if state not in seen:
                seen.add(state)
                pending.append(state)
        if len(seen) > MOST_STATES:
            raise TooManyStatesError
    return ends


# The first of the states is the running one, the others are what each open substack began with.
def _enter(states: tuple[_State, ...], level: int) -> tuple[_State, ...]:
    saved = states[1 : level + 1]
    return (states[0], *saved, *(states[0] for _ in range(level - len(saved))))


def _apply(calls: Sequence[Call], index: int, code: str, states: tuple[_State, ...]) -> tuple[int, tuple[_State, ...]]:
    call = calls[index]
    action = call.control.action(code)
    (impression, ok), *saved = states
    following = index + 1
    if action == "reset":
        impression, ok = saved[call.level - 1] if call.level else (_UNDEFINED, False)
    elif action in {"ok", "done"}:
        if impression == _UNDEFINED or (impression == _POSITIVE and ok):
            impression, ok = _POSITIVE, code == SUCCESS
        if action == "done" and impression == _POSITIVE:
            following = _end_of_substack(calls, index)
    elif action in {"bad", "die"}:
        impression, ok = _NEGATIVE, False
        if action == "die":
            following = _end_of_substack(calls, index)
    elif action != "ignore":
        following, is_good = _jump(calls, index, int(action))
        if not is_good:
            impression, ok = _NEGATIVE, False
    return following, ((impression, ok), *saved)


def _end_of_substack(calls: Sequence[Call], index: int) -> int:
    following = index + 1
    while following < len(calls) and calls[following].level >= calls[index].level:
        following += 1
    return following


def _jump(calls: Sequence[Call], index: int, count: int) -> tuple[int, bool]:
    """Skip modules; a substack counts as one. A jump past the end of the stack is an error."""
    level = calls[index].level
    position = index + 1
    while count and position < len(calls) and calls[position].level >= level:
        position += 1
        while position < len(calls) and calls[position].level > level:
            position += 1
        count -= 1
    return position, count == 0
