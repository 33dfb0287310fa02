r"""The frame of a PowerShell batch: one script for all steps, and its answers taken apart again.

The script comes over standard input behind a line with a random word; `COMMAND_LINE` reads both and runs the script. A
step is a text of its own, so that a syntax error or an unknown command costs that step only. Each answer stands between
two lines with the word: its number, then JSON in ASCII, then status, length, whether it was cut, and milliseconds.
The length is compared, so that whatever changes text on the way is noticed, and not believed.

Written for Windows PowerShell 5.1, with nothing that 4.0 does not know. Methods are called on core types alone, as
ConstrainedLanguage demands; what a step itself loses there, its answer says.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.step import Answer, Completed, NotRun, PowerShellStep

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "powershell.exe"
ARGUMENTS = (
    "-NoLogo",
    "-NoProfile",
    "-NonInteractive",
    "-Command",
    '"$hardening=@($input);Invoke-Expression ($hardening[1..($hardening.Length-1)]-join[char]10)"',
)
"""What runs on the target: it reads the word and the script from standard input."""

COMMAND_LINE = " ".join((PROGRAM, *ARGUMENTS))
"""The same in one line."""

DONE = "done"
_LINE = 4000
_BEGUN = re.compile(rb" begin ([0-9]{1,9})\r?\n")
_ENDED = re.compile(rb" end ([0-9]{1,9}) ([01]) ([0-9]{1,9}) ([01]) ([0-9]{1,9})[ \r\n]")
_CLIXML = "#< CLIXML"
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LARGEST_CLIXML = 200_000

_PROLOGUE = r"""$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$VerbosePreference = 'SilentlyContinue'
$DebugPreference = 'SilentlyContinue'
$InformationPreference = 'SilentlyContinue'
function ConvertTo-HardeningText($value) {
    $text = "$value" -creplace '\\', '\\' -creplace '"', '\"'
    if ($text -cmatch '[^\x20-\x7e]') {
        foreach ($code in ([int[]][char[]]($text -creplace '[\x20-\x7e]', '') | Sort-Object -Unique)) {
            $text = $text.Replace([string][char]$code, ('\u{0:x4}' -f $code))
        }
    }
    '"' + $text + '"'
}
function ConvertTo-HardeningJson($value, $depth) {
    if ($null -eq $value) { return 'null' }
    if ($value -is [string]) { return ConvertTo-HardeningText $value }
    if ($value -is [bool]) { if ($value) { return 'true' } else { return 'false' } }
    $is_list = $value -is [Collections.IEnumerable]
    if (-not $is_list -and "$value" -cmatch '^-?[0-9]{1,20}$') { return "$value" }
    if ($value -is [datetime]) { return '"' + $value.ToUniversalTime().ToString('s') + 'Z"' }
    if ($depth -gt 6) { return ConvertTo-HardeningText $value }
    $next = $depth + 1
    if ($value -is [Collections.IDictionary]) {
        $parts = foreach ($key in @($value.Keys)) {
            (ConvertTo-HardeningText $key) + ':' + (ConvertTo-HardeningJson $value[$key] $next)
        }
        return '{' + (@($parts) -join ',') + '}'
    }
    if ($is_list) {
        $parts = foreach ($item in $value) { ConvertTo-HardeningJson $item $next }
        return '[' + (@($parts) -join ',') + ']'
    }
    if ($null -ne $value.value__) { return "$($value.value__)" }
    $properties = $value.CimInstanceProperties
    if ($null -eq $properties -and $value.PSObject.TypeNames -ccontains 'System.Management.Automation.PSCustomObject') {
        $properties = $value.PSObject.Properties
    }
    if ($null -eq $properties) { return ConvertTo-HardeningText $value }
    $parts = foreach ($property in $properties) {
        (ConvertTo-HardeningText $property.Name) + ':' + (ConvertTo-HardeningJson $property.Value $next)
    }
    '{' + (@($parts) -join ',') + '}'
}
function ConvertTo-HardeningFault($record) {
    $fault = $record.Exception
    while ($null -ne $fault.InnerException) { $fault = $fault.InnerException }
    $told = @{
        type = "$($fault.PSObject.TypeNames[0])"
        hresult = $fault.HResult
        id = "$($record.FullyQualifiedErrorId)"
        message = "$($fault.Message)"
    }
    ConvertTo-HardeningJson $told 0
}
function Invoke-HardeningStep($number, $limit, $writes, $block) {
    $began = [datetime]::UtcNow
    $word = $hardening[0]
    "$word begin $number"
    $status = 0
    $cut = 0
    $folder = ''
    try {
        if ($writes) {
            $folder = Join-Path $env:TEMP ('hardening-' + $word + '-' + $number)
            $null = New-Item -ItemType Directory -Path $folder
        }
        $size = 2
        $parts = foreach ($item in @(& { Invoke-Expression $block })) {
            $part = ConvertTo-HardeningJson $item 0
            $size += $part.Length + 1
            if ($size -gt $limit) {
                $cut = 1
                break
            }
            $part
        }
        $json = '[' + (@($parts) -join ',') + ']'
    } catch {
        $status = 1
        $json = ConvertTo-HardeningFault $_
    } finally {
        if ($folder) { Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction SilentlyContinue }
    }
    for ($at = 0; $at -lt $json.Length; $at += 4000) {
        $left = $json.Length - $at
        if ($left -gt 4000) { $left = 4000 }
        $json.Substring($at, $left)
    }
    $milliseconds = [int]([datetime]::UtcNow - $began).TotalMilliseconds
    "$word end $number $status $($json.Length) $cut $milliseconds"
}
"""

_EPILOGUE = '"$($hardening[0]) done"\n'


def order_blocks(steps: Sequence[PowerShellStep]) -> tuple[PowerShellStep, ...]:
    """Return the steps in the order in which they run: slow ones last."""
    return tuple(sorted(steps, key=lambda step: step.slow))


def render_blocks(steps: Sequence[PowerShellStep]) -> str:
    """Return the script that runs steps one after another; equal steps give equal text. Raises ``ValueError``."""
    calls = "".join(_render_call(number, step) for number, step in enumerate(order_blocks(steps)))
    return _PROLOGUE + calls + _EPILOGUE


def render_functions() -> str:
    """Return what the script is made of beside its steps."""
    return _PROLOGUE


def _render_call(number: int, step: PowerShellStep) -> str:
    if not step.script.isascii():
        msg = f"{step.name}: a script holds ASCII only"
        raise ValueError(msg)
    writes = "$true" if step.writes else "$false"
    return f"Invoke-HardeningStep {number} {step.output_limit} {writes} {_quote(step.script)}\n"


def _quote(text: str) -> str:
    return "'" + text.rstrip("\n").replace("'", "''") + "'"


class PowerShellFrames:
    """What came over standard output so far, and the answers in it."""

    def __init__(self, steps: Sequence[PowerShellStep], word: str) -> None:
        self._steps = order_blocks(steps)
        self._word = word.encode("ascii")
        self._data = bytearray()

    @property
    def size(self) -> int:
        """How many bytes came."""
        return len(self._data)

    @property
    def data(self) -> bytes:
        """What came."""
        return bytes(self._data)

    def feed(self, data: bytes) -> None:
        """Add what came."""
        self._data += data

    @property
    def is_slow(self) -> bool:
        """Whether a step that may be silent for long is running now."""
        at = self._data.rfind(self._word + b" begin ")
        found = _BEGUN.match(self._data, at + len(self._word)) if at >= 0 else None
        number = int(found[1]) if found else -1
        return 0 <= number < len(self._steps) and self._steps[number].slow

    @property
    def is_complete(self) -> bool:
        """Whether the script ran to its end."""
        return self._word + b" " + DONE.encode() in self._data

    def answers(self, missing: str) -> dict[str, Answer]:
        """Return what became of each step; ``missing`` says why those without an end did not run."""
        return {step.name: self._answer(number, missing) for number, step in enumerate(self._steps)}

    def _answer(self, number: int, missing: str) -> Answer:
        # Found from the front, once: a target that repeats its marks must not make us look again for each.
        start = self._data.find(b"%b begin %d" % (self._word, number))
        end = self._data.find(b"%b end %d " % (self._word, number), start) if start >= 0 else -1
        begun = _BEGUN.match(self._data, start + len(self._word)) if end >= 0 else None
        ended = _ENDED.match(self._data, end + len(self._word)) if end >= 0 else None
        if begun is None or ended is None or int(begun[1]) != number:
            return NotRun(missing)
        text = bytes(self._data[begun.end() : end]).replace(b"\r", b"").replace(b"\n", b"")
        if len(text) != int(ended[3]) or not text.isascii() or not _is_json(text):
            return NotRun("the answer was changed on the way: something beside PowerShell writes to its output")
        failed = ended[2] == b"1"
        return Completed(
            exit_status=int(failed),
            stdout=b"" if failed else text,
            stderr=text if failed else b"",
            milliseconds=int(ended[5]),
            cut=ended[4] == b"1",
        )


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def read_words(stderr: bytes) -> str:
    """Return the first line that standard error says: plain, or from CLIXML; empty if there is none."""
    text = stderr.decode("utf-8", "replace").strip()
    if not text.startswith(_CLIXML):
        return clean_line(text.partition("\n")[0].strip(), 200)
    return clean_line(_read_clixml(text[len(_CLIXML) : _LARGEST_CLIXML]), 200)


def _read_clixml(text: str) -> str:
    """Return the first error in CLIXML; progress records are none."""
    if "<!" in text:  # no entities, no document types
        return ""
    try:
        root = ET.fromstring(text.strip())  # noqa: S314 - as above
    except (ET.ParseError, RecursionError):
        return ""
    words = "".join(node.text or "" for node in root.iter() if node.get("S") == "Error")
    unescaped = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), words)
    return next((line.strip() for line in unescaped.splitlines() if line.strip()), "")
