"""Becoming root: the gate of sudo between the account and a root shell, and what it says when it stays shut.

Nothing is sent until either our own prompt is seen on standard error (then the password, once) or the root shell says
that it is ready (then the word and the script). At a second prompt the channel is closed: one refused password is
enough to learn that it is wrong, and more could lock the account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hardening.errors import SecretError
from hardening.model.clean import clean_line
from hardening.model.evidence import ABSENT, Absent
from hardening.transports.bootstrap import SUDO_MISSING
from hardening.transports.channel import Broken, Ended
from hardening.transports.session import BecomeRefused, Opening
from hardening.transports.shell import MOST_BEFORE_READY, Batch, Exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from hardening.model.step import Answer
    from hardening.model.target import Credential
    from hardening.secrets import Secret
    from hardening.transports.bootstrap import Token
    from hardening.transports.channel import ByteChannel


@dataclass(frozen=True, slots=True, kw_only=True)
class SudoGate:
    """What a root shell is asked with. ``password`` resolves the configured password; Absent if there is none."""

    prompt: Token
    ready: Token
    password: Callable[[], Secret] | Absent


def build_sudo_gate(prompt: Token, ready: Token, credential: Credential, opening: Opening) -> SudoGate:
    """Return the gate for a credential; its sudo password is resolved when sudo asks for it, not before."""
    reference = credential.sudo_password
    return SudoGate(prompt=prompt, ready=ready, password=partial(opening.resolve, reference) if reference else ABSENT)


def run_sudo_batch(channel: ByteChannel, batch: Batch, gate: SudoGate) -> dict[str, Answer]:
    """Run a batch as root; return an answer for every step. Raises ``BecomeRefused``."""
    exchange = Exchange(channel, batch, as_root=True)
    try:
        broken = _pass_gate(exchange, gate)
    except BecomeRefused:
        channel.close()
        raise
    return exchange.give_up(broken) if broken else exchange.run_script()


def _pass_gate(exchange: Exchange, gate: SudoGate) -> str:
    """Come as far as the ready line; return why the connection did not survive it, or nothing."""
    is_answered = False
    while gate.ready.bytes not in exchange.stdout:
        prompts = exchange.stderr.count(gate.prompt.bytes)
        if prompts > 1:
            raise _wrong_password()
        if prompts and not is_answered:
            exchange.channel.send(_read_password(gate))
            is_answered = True
        match exchange.ended:
            case Ended(status):
                raise _refusal(exchange, gate, status)
            case Broken(reason):
                return reason
            case Absent():
                pass
        if len(exchange.stdout) + len(exchange.stderr) >= MOST_BEFORE_READY or exchange.listen():
            said = _first_words(exchange, gate)
            reason = f"sudo neither asked for a password as told nor started a shell{said}"
            raise BecomeRefused(reason, "see what `sudo -k -S true` asks there: only a password can be answered")
    return ""


def _read_password(gate: SudoGate) -> bytes:
    if isinstance(gate.password, Absent):
        reason = "sudo asks for a password and none is configured"
        raise BecomeRefused(
            reason,
            "give the credential a sudo_password, or allow the account to run sudo with NOPASSWD on the target",
        )
    try:
        password = gate.password()
    except SecretError as error:
        reason = f"sudo asks for a password, which cannot be had: {error}"
        raise BecomeRefused(reason, "make the sudo_password of the credential resolvable") from error
    return password.reveal().encode("utf-8", "surrogateescape") + b"\n"


def _wrong_password() -> BecomeRefused:
    return BecomeRefused(
        "sudo refused the password; it was sent once and is not sent again",
        "check the sudo_password of the credential",
    )


# Only which remedy is named hangs on words; that root rights were refused, the missing ready line has shown already.
_REFUSALS = (
    (
        rb"must have a tty",
        "sudo wants a terminal (requiretty)",
        "put `Defaults:ACCOUNT !requiretty` into sudoers on the target",
    ),
    (
        rb"not in the sudoers file|may not run sudo|afraid I can't do that",
        "sudoers on the target does not name the account",
        "put the account into sudoers or into a group that it names",
    ),
    (
        rb"not allowed to (?:execute|run)",
        "sudoers on the target does not allow the account to run /bin/sh as root",
        "allow the account /bin/sh as root in sudoers",
    ),
    (
        rb"no new privileges",
        "the session on the target may gain no privileges (no_new_privs)",
        "let the account log in without that restriction",
    ),
    (
        rb"expired|password change required",
        "the password of the account on the target has expired",
        "set a new password for the account",
    ),
    (
        rb"a password is required|no password was provided",
        "sudo wants a password and did not let us give one",
        "allow the account to run sudo with NOPASSWD on the target",
    ),
)


def _refusal(exchange: Exchange, gate: SudoGate, status: int) -> BecomeRefused:
    heard = bytes(exchange.stderr)
    if re.search(rb"incorrect password", heard):
        return _wrong_password()
    for words, reason, remedy in _REFUSALS:
        if re.search(words, heard, re.IGNORECASE):
            return BecomeRefused(reason, remedy)
    if status == SUDO_MISSING:
        return BecomeRefused(
            "sudo is not installed on the target",
            "install sudo there, or log in as an account that needs none",
        )
    said = _first_words(exchange, gate)
    reason = f"sudo gave no root shell (exit status {status}){said}"
    return BecomeRefused(reason, "run `sudo -k -S /bin/sh` as the account on the target to see why")


def _first_words(exchange: Exchange, gate: SudoGate) -> str:
    heard = bytes(exchange.stderr).replace(gate.prompt.bytes, b"") or bytes(exchange.stdout)
    said = clean_line(heard.decode("utf-8", "replace").strip().partition("\n")[0].strip(), 200)
    return f": {said}" if said else ""
