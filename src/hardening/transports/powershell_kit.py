"""A batch that is installed on a Windows server as a JEA endpoint: the account may run it, and nothing else.

The function of the role capability says which batch it holds before it runs it, so that an endpoint of another plan is
noticed. Its steps are plain script blocks, for whoever approves them to read.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from hardening.transports.powershell_frame import order_blocks, render_functions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardening.model.step import PowerShellStep

COMMAND = "Invoke-HardeningScan"
"""The one function that the account may call."""

_RUN = "@(& { Invoke-Expression $block })"
_CALL = "@(& $block)"
# A JEA session puts functions of its own in the place of these, which take less.
_PROXIES = re.compile(r"(?<![\w\\-])(?:Select-Object|Measure-Object)\b")


def render_kit_blocks(steps: Sequence[PowerShellStep]) -> str:
    """Return the body of the function; equal steps give equal text."""
    functions = render_functions()
    if _RUN not in functions:
        msg = "the frame runs its blocks in another way"
        raise ValueError(msg)
    calls = "".join(_render_call(number, step) for number, step in enumerate(order_blocks(steps)))
    return (
        'param([Parameter(Mandatory)][ValidatePattern("^[0-9a-f]{32}$")][string]$Word)\n'
        "$hardening = @($Word)\n"
        f"'kit {digest_blocks(steps)} ' + $Word\n"
        f"{functions.replace(_RUN, _CALL)}{calls}"
        '"$Word done"\n'
    )


def _render_call(number: int, step: PowerShellStep) -> str:
    writes = "$true" if step.writes else "$false"
    body = _PROXIES.sub(r"Microsoft.PowerShell.Utility\\\g<0>", step.script.rstrip("\n"))
    return f"Invoke-HardeningStep {number} {step.output_limit} {writes} {{\n{body}\n}}\n"


def digest_blocks(steps: Sequence[PowerShellStep]) -> str:
    """Return the SHA-256, in hexadecimal, of what a batch is made of."""
    text = "\0".join(
        f"{step.name}\0{step.output_limit}\0{bool(step.writes)}\0{step.script}" for step in order_blocks(steps)
    )
    return hashlib.sha256(f"{render_functions()}\0{text}".encode("ascii")).hexdigest()


def find_installed(data: bytes, word: str) -> str:
    """Return the digest of the batch that an endpoint said it holds; empty if it said none."""
    found = re.search(rb"kit ([0-9a-f]{64}) " + re.escape(word.encode("ascii")), data)
    return found[1].decode("ascii") if found else ""
