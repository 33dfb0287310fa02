"""Scans by schedule: systemd units that run one with no more rights than it needs."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.errors import StorageError, UsageError
from hardening.snapshots.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "hardening-scan"
_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.@-]+\.(service|target)")
_ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]*")
_CREDENTIAL = re.compile(r"([A-Za-z0-9._-]+)=(/[^\s:%]+)")
_SHELTER = """\
UMask=0077
StateDirectory=hardening
StateDirectoryMode=0700
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
RemoveIPC=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When and how a scan runs. ``account`` is empty for one that systemd makes up for the run."""

    program: Path
    site: Path
    calendar: str
    delay: str
    arguments: tuple[str, ...] = ()
    account: str = ""
    credentials: tuple[str, ...] = ()
    on_failure: str = ""


def render_units(schedule: Schedule) -> dict[str, str]:
    """Return the texts of the units by file name; raises ``UsageError`` for what does not belong in one."""
    _require(schedule)
    account = f"User={schedule.account}\n" if schedule.account else "DynamicUser=yes\n"
    failure = f"OnFailure={schedule.on_failure}\n" if schedule.on_failure else ""
    loads = "".join(f"LoadCredential={text.replace('=', ':', 1)}\n" for text in schedule.credentials)
    words = [str(schedule.program), "scan", "--exclusive", "--quiet", *schedule.arguments]
    service = (
        "# Made by `hardening schedule install`.\n"
        "[Unit]\n"
        "Description=Hardening scan\n"
        f"Wants=network-online.target\nAfter=network-online.target\n{failure}"
        "\n[Service]\n"
        "Type=oneshot\n"
        f"ExecStart={' '.join(_quote(word) for word in words)}\n"
        "# Gaps are a result and no failure of the unit.\n"
        "SuccessExitStatus=10\n"
        "TimeoutStartSec=6h\n"
        f"Environment={_quote(f'HARDENING_SITE={schedule.site}').replace('$$', '$')}\n"
        f"{account}{loads}{_SHELTER}"
    )
    timer = (
        "# Made by `hardening schedule install`.\n"
        "[Unit]\n"
        "Description=Hardening scan by schedule\n"
        "\n[Timer]\n"
        f"OnCalendar={schedule.calendar}\n"
        f"RandomizedDelaySec={schedule.delay}\n"
        "Persistent=yes\n"
        "\n[Install]\n"
        "WantedBy=timers.target\n"
    )
    return {f"{NAME}.service": service, f"{NAME}.timer": timer}


def write_units(units: dict[str, str], folder: Path) -> tuple[Path, ...]:
    """Write units into a folder and return their paths; raises ``StorageError``."""
    if not folder.is_dir():
        msg = f"{folder}: no such folder; is this a machine with systemd?"
        raise StorageError(msg)
    paths = []
    for name, text in units.items():
        write_atomically(folder / name, [text.encode()], mode=0o644)
        paths.append(folder / name)
    return tuple(paths)


def read_calendar(folder: Path) -> str:
    """Return the calendar of the installed timer; raises ``UsageError`` if there is none."""
    path = folder / f"{NAME}.timer"
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        msg = f"{path}: no timer; run `hardening schedule install`"
        raise UsageError(msg) from error
    found = re.search(r"^OnCalendar=(.+)$", text, re.MULTILINE)
    if not found:
        msg = f"{path}: has no OnCalendar=; run `hardening schedule install`"
        raise UsageError(msg)
    return found[1]


def next_runs(calendar: str, number: int) -> str:
    """Return what systemd says of the next times of a calendar; raises ``UsageError`` if it does not understand it."""
    command = ["systemd-analyze", "calendar", f"--iterations={number}", "--", calendar]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"systemd-analyze does not answer ({error}); is this a machine with systemd?"
        raise UsageError(msg) from error
    if run.returncode:
        msg = f"{calendar}: {run.stderr.strip()}; see systemd.time(7), for example Mon *-*-* 03:00"
        raise UsageError(msg)
    return run.stdout


def _require(schedule: Schedule) -> None:
    for text in (schedule.calendar, schedule.delay, str(schedule.site), *schedule.arguments):
        if not text.isprintable():
            msg = f"{text!r}: holds characters that no line of a unit can hold"
            raise UsageError(msg)
    if not re.fullmatch(r"[0-9a-z ]+", schedule.delay):
        msg = f"{schedule.delay}: no time span; write for example 30min"
        raise UsageError(msg)
    _require_forms("--account", _ACCOUNT, [schedule.account] if schedule.account else [])
    _require_forms("--credential", _CREDENTIAL, schedule.credentials)
    _require_forms("--on-failure", _UNIT_NAME, [schedule.on_failure] if schedule.on_failure else [])


def _require_forms(option: str, form: re.Pattern[str], texts: Sequence[str]) -> None:
    for text in texts:
        if not form.fullmatch(text):
            msg = f"{option} {text}: see `hardening schedule install --help` for how it is written"
            raise UsageError(msg)


def _quote(word: str) -> str:
    """Return a word of a command line as systemd reads it: nothing in it is expanded."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return escaped if re.fullmatch(r"[A-Za-z0-9_./=:,@+-]+", escaped) else f'"{escaped}"'
