"""The scan that is installed on a target, for an account that may do nothing else: both ends of what they say.

Two scripts lie on the target. The account's own one knows two words, ``any`` and ``root``; for the second it lets sudo
run the other one, which sudoers allows by path and SHA-256. Each says first which steps it holds: no word is sent to
steps that are not exactly those of the plan, and nothing else is ever sent.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.errors import ConnectError
from hardening.model.clean import clean_line
from hardening.model.evidence import Absent
from hardening.transports.channel import Broken, Ended
from hardening.transports.framing import render_batch
from hardening.transports.session import BecomeRefused, Limits
from hardening.transports.shell import MOST_BEFORE_READY, Batch, Exchange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardening.model.step import Answer, ShellStep
    from hardening.transports.channel import ByteChannel

SCAN_SCRIPT = "/usr/local/libexec/hardening-scan"
"""Where the script of the account lies on a target."""

ROOT_SCRIPT = "/usr/local/libexec/hardening-root"
"""Where the script that root runs lies on a target."""

INSTALL = "install what `hardening plan --kit DIR` writes now, made with the baselines of this scan"
"""What to do where another kit is installed, or none."""

_ANNOUNCED = re.compile(rb"hardening-kit 1 (any|root) ([0-9a-f]{64}) ([0-9a-f]{64}) (\S{1,40})\r?\n")

_HEAD = """\
#!/bin/sh
# {purpose}
# It only reads. `hardening plan` of the same version and baselines prints the same steps.
# version {version}
# content {content}
# plan {plan}
# batch {batch}
set +efuvx
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
LANGUAGE=
export PATH LC_ALL LANGUAGE
umask 077
"""

# `sudo -n` asks for nothing: the line in sudoers lets this script run without a password, or not at all.
_CHOOSE = f"""\
case ${{1:-${{SSH_ORIGINAL_COMMAND:-}}}} in
any | '{SCAN_SCRIPT} any') ;;
root | '{SCAN_SCRIPT} root')
  command -v sudo >/dev/null 2>&1 || {{ echo 'hardening-scan: sudo is not installed' >&2; exit 69; }}
  exec sudo -n -- {ROOT_SCRIPT} ;;
*)
  echo 'hardening-scan: this account runs the installed scan and nothing else: scan with become: kit' >&2
  exit 64 ;;
esac
unset SSH_ORIGINAL_COMMAND
"""

# The watchdog is that of the batch, begun earlier: it also ends a script that waits for its word in vain. A reader that
# is gone ends the script, and the script the watchdog.
_RECEIVE = """\
set --
renice -n 10 -p "$$" >/dev/null 2>&1
( sleep {seconds} & p=$!; trap 'kill "$p"; exit' TERM; wait "$p" && kill -9 0 ) </dev/null >/dev/null 2>&1 &
hardening_watchdog=$!
hardening_watch=
trap 'kill "$hardening_watchdog" 2>/dev/null' EXIT
trap 'exit 141' PIPE
echo 'hardening-kit 1 {role} {batch} {plan} {version}'
IFS= read -r hardening_word || exit 65
case $hardening_word in *[!0-9a-f]*) exit 65 ;; esac
[ "${{#hardening_word}}" -eq 32 ] || exit 65
"""
_NOT_THERE = frozenset({126, 127})


@dataclass(frozen=True, slots=True, kw_only=True)
class KitOrigin:
    """What a kit was made from: the version of the tool, the digests of its content and of the plan."""

    version: str
    content: str
    plan: str


def digest_batch(steps: Sequence[ShellStep]) -> str:
    """Return the SHA-256, in hexadecimal, of the script of a batch."""
    return hashlib.sha256(render_batch(steps).encode("utf-8", "surrogateescape")).hexdigest()


def render_root_script(steps: Sequence[ShellStep], origin: KitOrigin) -> str:
    """Return the script that root runs; equal steps and an equal origin give equal bytes."""
    return _render(steps, origin, role="root", purpose="Answers what a hardening scan asks that needs root.")


def render_scan_script(steps: Sequence[ShellStep], origin: KitOrigin) -> str:
    """Return the script of the account: what needs no rights, and the way to the other script."""
    return _render(steps, origin, role="any", purpose="All that the account of the hardening scan may run.")


def _render(steps: Sequence[ShellStep], origin: KitOrigin, *, role: str, purpose: str) -> str:
    names = {
        "purpose": purpose,
        "version": origin.version,
        "content": origin.content,
        "plan": origin.plan,
        "batch": digest_batch(steps),
        "role": role,
        "seconds": round(Limits().deadline_seconds),
    }
    choose = _CHOOSE if role == "any" else ""
    return _HEAD.format(**names) + choose + _RECEIVE.format(**names) + render_batch(steps)


def build_kit_command(*, as_root: bool) -> tuple[str, str]:
    """Return the program and its argument that run an installed batch; any login shell reads them alike."""
    return (SCAN_SCRIPT, "root" if as_root else "any")


def run_kit_batch(channel: ByteChannel, batch: Batch, *, as_root: bool) -> dict[str, Answer]:
    """Run an installed batch; return an answer for every step.

    Raises ``ConnectError`` where no kit is installed or one of another plan, ``BecomeRefused`` where sudo does not let
    the account run the script of root.
    """
    exchange = Exchange(channel, batch, as_root=as_root)
    try:
        broken = _await_announcement(exchange, digest_batch(batch.steps), as_root=as_root)
    except (BecomeRefused, ConnectError):
        channel.close()
        raise
    return exchange.give_up(broken) if broken else exchange.run_script()


def _await_announcement(exchange: Exchange, wanted: str, *, as_root: bool) -> str:
    """Come as far as the line that names the steps; return why the connection did not survive it, or nothing."""
    while not (announced := _ANNOUNCED.search(bytes(exchange.stdout))):
        match exchange.ended:
            case Ended(status) if as_root and status not in _NOT_THERE:
                raise _refusal(exchange, status)
            case Ended(status):
                reason = f"{SCAN_SCRIPT} did not run on the target (exit status {status}){_first_words(exchange)}"
                raise ConnectError(reason, INSTALL)
            case Broken(reason):
                return reason
            case Absent():
                pass
        if len(exchange.stdout) + len(exchange.stderr) >= MOST_BEFORE_READY or exchange.listen():
            reason = f"{SCAN_SCRIPT} did not say what it holds{_first_words(exchange)}"
            raise ConnectError(reason, INSTALL)
    role, batch, plan, version = (part.decode("ascii", "replace") for part in announced.groups())
    if (role == "root", batch) != (as_root, wanted):
        reason = f"the kit on the target is of another plan than this scan (plan {plan}, version {clean_line(version)})"
        raise ConnectError(reason, INSTALL)
    return ""


def _refusal(exchange: Exchange, status: int) -> BecomeRefused:
    return BecomeRefused(
        f"sudo does not let the account run {ROOT_SCRIPT} (exit status {status}){_first_words(exchange)}",
        f"compare `sha256sum {ROOT_SCRIPT}` on the target with the digest in sudoers; if they differ, find out who "
        "changed the file, then install the kit again",
    )


def _first_words(exchange: Exchange) -> str:
    heard = bytes(exchange.stderr) or bytes(exchange.stdout)
    said = clean_line(heard.decode("utf-8", "replace").strip().partition("\n")[0].strip(), 200)
    return f": {said}" if said else ""
