"""The kit for Windows: a JEA endpoint by which an account may run one plan with all rights, and do nothing else.

Equal content, baselines and choices give equal bytes. Nothing here touches a target.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from hardening.app.kit_windows_texts import NOTES
from hardening.errors import UsageError
from hardening.transports.powershell_kit import COMMAND, digest_blocks, render_kit_blocks

if TYPE_CHECKING:
    from hardening.collect.plan import Plan

NAME = "HardeningScan"
"""What the module, the role capability and the session configuration are called."""

DOMAIN_TO_FILL_IN = "DOMAIN-OF-THE-ACCOUNT"
"""Stands where no domain was given; nobody is of it, so the endpoint stays shut until it is filled in."""

# What sAMAccountName and a domain's name may hold (MS-SAMR), without quotes of any kind.
_ACCOUNT = re.compile(r"[A-Za-z0-9._-]{1,64}\\[A-Za-z0-9._ -]{1,64}\$?")
_NAMESPACE = uuid.UUID("5f0c7f0a-2d0f-5d5c-9d53-0f7f6c3b7a10")


def is_windows_account(account: str) -> bool:
    r"""Say whether an account is written as Windows does, ``DOMAIN\name``."""
    return "\\" in account


def build_windows_files(plan: Plan, account: str, version: str) -> dict[str, str]:
    r"""Return the files by name; ``account`` is ``DOMAIN\name``, or a name whose domain is to be filled in.

    Raises ``UsageError``.
    """
    named = account if is_windows_account(account) else f"{DOMAIN_TO_FILL_IN}\\{account}"
    if not _ACCOUNT.fullmatch(named):
        msg = f"{account!r} is no account or group of Windows; write DOMAIN\\name, for local ones COMPUTER\\name"
        raise UsageError(msg)
    steps = plan.powershell_steps
    names = {
        "name": NAME,
        "account": named,
        "plan": plan.digest,
        "version": version,
        "command": COMMAND,
        "batch": digest_blocks(steps),
    }
    files = {
        f"{NAME}.psd1": _MANIFEST.format(**names, guid=_guid("module")),
        f"{NAME}.psrc": _CAPABILITY.format(**names, guid=_guid("capability")).replace(_BODY, render_kit_blocks(steps)),
        f"{NAME}.pssc": _CONFIGURATION.format(**names, guid=_guid("configuration")),
    }
    notes = {f"INSTALL-WINDOWS.{language}.md": text.format(**names) for language, text in NOTES.items()}
    return files | notes


def _guid(part: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, part))


_BODY = "THE-BATCH\n"

_MANIFEST = """\
# hardening scan, version {version}: the module that holds the role capability.
@{{
    ModuleVersion = '1.0.0'
    GUID = '{guid}'
    Author = 'hardening'
    Description = 'The role capability of the hardening scan, plan {plan}'
    FunctionsToExport = @()
    CmdletsToExport = @()
    AliasesToExport = @()
}}
"""

_CAPABILITY = """\
# hardening scan, version {version}
# plan {plan}
# batch {batch}
# All that the account may call is {command}, with one word as its argument. Every block below only reads; where one
# has to write, it does so in a folder of its own, which is removed.
@{{
    GUID = '{guid}'
    Author = 'hardening'
    Description = 'Answers what a hardening scan of plan {plan} asks'
    VisibleFunctions = '{command}'
    FunctionDefinitions = @(
        @{{
            Name = '{command}'
            ScriptBlock = {{
THE-BATCH
            }}
        }}
    )
}}
"""

_CONFIGURATION = """\
# hardening scan, version {version}: who may call the role capability, and as whom it runs.
@{{
    SchemaVersion = '2.0.0.0'
    GUID = '{guid}'
    Author = 'hardening'
    Description = 'The endpoint of the hardening scan, plan {plan}'
    SessionType = 'RestrictedRemoteServer'
    RunAsVirtualAccount = $true
    RoleDefinitions = @{{
        '{account}' = @{{ RoleCapabilities = '{name}' }}
    }}
}}
"""
