"""The kit: everything that an administrator installs so that an account may run one plan as root and do nothing else.

Equal content, baselines and choices give equal bytes. Nothing here touches a target.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.app.content import load_all_content
from hardening.app.kit_texts import ANSIBLE, NOTES
from hardening.app.kit_windows import build_windows_files, is_windows_account
from hardening.app.plan import plan_content
from hardening.errors import UsageError
from hardening.model.step import Privilege
from hardening.probes.kind import Channel
from hardening.snapshots.files import make_private_folder, write_atomically
from hardening.transports.kit import ROOT_SCRIPT, SCAN_SCRIPT, KitOrigin, render_root_script, render_scan_script

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hardening.app.site import Site
    from hardening.collect.plan import Plan

ADDRESS_TO_FILL_IN = "ADDRESS-OF-THE-SCANNER"
"""Stands where no address was given; it fits no address, so the account stays shut until it is filled in."""

KEY_TO_FILL_IN = "PUBLIC-KEY-OF-THE-SCANNER"
"""Stands where no key was given; it is no key, so the account stays shut until it is filled in."""

_ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_SOURCE = re.compile(r"[A-Za-z0-9.,:*?!/_-]+")
_KEY = re.compile(r"((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+={0,3})(?: .*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class KitRequest:
    """For whom a kit is made: the account, the addresses it may come from, its public key; ``""`` is not said yet."""

    account: str = "audit"
    source: str = ""
    public_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """The files of a kit by name, and the digest of the plan that it holds."""

    files: Mapping[str, str]
    plan: str

    @property
    def digests(self) -> Mapping[str, str]:
        """The SHA-256 of each file."""
        return {name: _digest(text) for name, text in self.files.items()}


def build_kit(site: Site, baselines: Sequence[str], only: frozenset[str], request: KitRequest, *, version: str) -> Kit:
    """Return the kit of some baselines, or of the default ones; raises ``UsageError`` and ``ContentError``.

    What is asked of a shell and what is asked of PowerShell have files of their own; an account that is written as
    Windows does is one of PowerShell only.
    """
    content = load_all_content(site.content_folders)
    plan = plan_content(content, baselines, only)
    shell, windows = (plan.reduce_to(frozenset({channel})) for channel in (Channel.SHELL, Channel.POWERSHELL))
    files: dict[str, str] = {}
    digests = []
    if shell.probes and not is_windows_account(request.account):
        _require_valid(request)
        origin = KitOrigin(version=version, content=content.digest, plan=shell.digest)
        files |= _build_shell_files(shell, request, origin)
        digests.append(shell.digest)
    if windows.probes:
        files |= build_windows_files(windows, request.account, version)
        digests.append(windows.digest)
    if not files:
        msg = "these baselines ask nothing that a kit for this account can hold; name others with -b"
        raise UsageError(msg)
    files["SHA256SUMS"] = "".join(f"{_digest(text)}  {name}\n" for name, text in sorted(files.items()))
    return Kit(files=files, plan=digests[0])


def _build_shell_files(plan: Plan, request: KitRequest, origin: KitOrigin) -> dict[str, str]:
    root = render_root_script(plan.steps_as(Privilege.ROOT), origin)
    scan = render_scan_script(plan.steps_as(Privilege.ANY), origin)
    names = {
        "account": request.account,
        "source": request.source or ADDRESS_TO_FILL_IN,
        "root_script": ROOT_SCRIPT,
        "scan_script": SCAN_SCRIPT,
        "root_digest": _digest(root),
        "scan_digest": _digest(scan),
        "plan": plan.digest,
        "version": origin.version,
        "content": origin.content,
    }
    key = _strip_key(request.public_key) if request.public_key else KEY_TO_FILL_IN
    return {
        "hardening-root": root,
        "hardening-scan": scan,
        "sudoers": _SUDOERS.format(**names),
        "authorized_keys": _AUTHORIZED_KEYS.format(**names, key=key),
        "ansible.yml": ANSIBLE.format(**names),
        **{f"INSTALL.{language}.md": text.format(**names) for language, text in NOTES.items()},
    }


# The empty string at the end allows no argument at all: sudoers(5).
_SUDOERS = """\
# hardening scan, plan {plan}
{account} ALL=(root) NOPASSWD: sha256:{root_digest} {root_script} ""
"""

_AUTHORIZED_KEYS = """\
restrict,command="{scan_script}",from="{source}" {key}
"""


def write_kit(kit: Kit, folder: Path) -> None:
    """Write the files of a kit into a folder, which is made; raises ``StorageError``."""
    make_private_folder(folder)
    for name, text in kit.files.items():
        write_atomically(folder / name, [text.encode()])


def _require_valid(request: KitRequest) -> None:
    if not _ACCOUNT.fullmatch(request.account):
        msg = f"{request.account!r} is no name of an account; use small letters, digits, - and _"
        raise UsageError(msg)
    if request.source and not _SOURCE.fullmatch(request.source):
        msg = f"{request.source!r} is no list of addresses; write them as in authorized_keys: 192.0.2.7,2001:db8::/64"
        raise UsageError(msg)


def _strip_key(text: str) -> str:
    match = _KEY.fullmatch(text.strip())
    if match is None:
        msg = "the public key is not one line `TYPE KEY COMMENT`; give the .pub file that ssh-keygen wrote"
        raise UsageError(msg)
    return match[1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
