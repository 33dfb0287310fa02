"""Every PowerShell script that may be sent is one that Windows PowerShell parses, only reads, and is plain ASCII."""

from __future__ import annotations

import pytest

from hardening.model.step import PowerShellStep, select_powershell_steps
from hardening.probes import KINDS
from hardening.probes.kind import Channel
from hardening.probes.windows_identification import STEP as IDENTIFICATION
from hardening.transports.powershell_frame import render_blocks, render_functions
from hardening.transports.powershell_kit import render_kit_blocks
from tests.probes.cases import CASES, load_probes
from tests.probes.powershell import Call, Script, read_script

READING_VERBS = {"Get", "Test", "Select", "ConvertTo", "ConvertFrom", "Where", "ForEach", "Sort", "Group", "Measure"}
READING_VERBS |= {"Resolve", "Compare", "Join", "Split"}
# Out-Null throws away; Write-Output only says.
OTHER_COMMANDS = {"Out-Null", "Write-Output"}
PROGRAMS = {"secedit.exe": {"/export"}, "auditpol.exe": {"/backup"}}
"""Programs, and the one thing that each may be asked for: they write to the folder of their own that the plan names."""

# What the frame does beside reading: it runs the text of a step, and makes and removes the folder of one that writes.
FRAME_COMMANDS = {"Invoke-Expression", "New-Item", "Remove-Item"}

STATIC = {
    "Security.Principal.WindowsIdentity::GetCurrent",
}
"""Methods of types that only read."""

METHODS = {"Replace", "Substring", "ToString", "ToUniversalTime", "Split", "Trim", "TrimEnd", "ToLower", "ToUpper"}
METHODS |= {"Translate", "Invoke('Members')", "InvokeGet('objectSid')"}
METHODS |= {"StartsWith", "EndsWith", "Contains", "IndexOf", "GetValue", "GetValueKind", "GetValueNames", "OpenSubKey"}
"""Methods of values that only read; those of the registry are of keys that were opened to be read."""

LONGEST = 300_000


def _steps() -> dict[str, PowerShellStep]:
    """Return every step of every kind, with the probes of every recorded case."""
    found = {"identification": IDENTIFICATION}
    for case in CASES:
        probes = [probe for probe in load_probes(case) if KINDS[probe.kind].channel is Channel.POWERSHELL]
        for kind in sorted({probe.kind for probe in probes}):
            steps = KINDS[kind].steps([probe for probe in probes if probe.kind == kind])
            for step in select_powershell_steps(steps):
                found[f"{kind}/{case.name}/{step.name}"] = step
    return found


STEPS = _steps()
SCRIPTS = {name: read_script(step.script) for name, step in STEPS.items()}
FRAME = read_script(render_functions())


def find_offences(script: Script, *, commands: set[str], programs: dict[str, set[str]]) -> list[str]:
    """Return everything in a script that is not on the lists."""
    calls = [call for call in script.calls if call.name.lower() not in script.functions]
    bad = [" ".join((call.name, *call.words)) for call in calls if not _only_reads(call, commands, programs)]
    bad += sorted(script.static - STATIC) + sorted(script.methods - METHODS)
    return bad + sorted(target for target in script.redirections if target != "2>$null")


def _only_reads(call: Call, commands: set[str], programs: dict[str, set[str]]) -> bool:
    verb, hyphen, _ = call.name.partition("-")
    # A block that is called on the spot: what stands in it is looked at by itself.
    if call.name.startswith("{") or call.name in commands or (hyphen and verb in READING_VERBS):
        return True
    asked = {word for word in call.words if word.startswith("/")} - {"/quiet", "/cfg", "/areas", "/log"}
    return call.name in programs and asked == programs[call.name]


@pytest.mark.parametrize("name", STEPS)
def test_the_grammar_knows_all_of_it(name: str) -> None:
    assert SCRIPTS[name].faults == ()


@pytest.mark.parametrize("name", STEPS)
def test_it_only_reads(name: str) -> None:
    programs = PROGRAMS if STEPS[name].writes else {}
    assert find_offences(SCRIPTS[name], commands=OTHER_COMMANDS, programs=programs) == []


@pytest.mark.parametrize("name", STEPS)
def test_it_is_plain_ascii_in_unix_lines(name: str) -> None:
    script = STEPS[name].script
    assert script.isascii()
    assert script.isprintable() or set(script) - {"\n"} == {letter for letter in script if letter.isprintable()}


@pytest.mark.parametrize("name", STEPS)
def test_it_is_no_longer_than_one_message(name: str) -> None:
    assert len(STEPS[name].script) < LONGEST


def test_only_what_writes_calls_programs_and_the_plan_names_it() -> None:
    writing = {name for name, script in SCRIPTS.items() if {call.name for call in script.calls} & set(PROGRAMS)}
    assert writing == {name for name, step in STEPS.items() if step.writes}


def test_the_grammar_knows_all_of_the_frame() -> None:
    assert FRAME.faults == ()


def test_the_frame_only_reads_and_runs_what_the_plan_shows() -> None:
    assert find_offences(FRAME, commands=OTHER_COMMANDS | FRAME_COMMANDS, programs={}) == []


def test_a_whole_batch_is_known_to_the_grammar() -> None:
    steps = {step.name: step for step in STEPS.values()}
    assert read_script(render_blocks(list(steps.values()))).faults == ()


JEA_REPLACES = {"Clear-Host", "Exit-PSSession", "Get-Command", "Get-FormatData", "Get-Help", "Measure-Object"}
JEA_REPLACES |= {"Out-Default", "Select-Object"}
"""Commands in whose place a JEA session puts some of its own."""


def test_a_whole_kit_is_known_to_the_grammar_and_calls_nothing_that_jea_replaces() -> None:
    kit = read_script(render_kit_blocks(list({step.name: step for step in STEPS.values()}.values())))
    assert kit.faults == ()
    assert {call.name for call in kit.calls} & JEA_REPLACES == set()


@pytest.mark.parametrize(
    "script",
    [
        "Set-ItemProperty -Path 'HKLM:\\x' -Name y -Value 1",
        "Get-Item x | Remove-Item",
        "Get-Date >out.txt",
        "Get-Date >>'C:\\x'",
        "[IO.File]::WriteAllText('x', 'y')",
        "$service.Stop()",
        "if ($x) { Restart-Service y }",
        "@{ a = $(Stop-Process -Id 4) }",
        "& 'C:\\x.exe'",
        "& $anything",
        "cmd.exe /c del x",
        "secedit.exe /configure /db x",
        "auditpol.exe /set /subcategory:x",
        "Invoke-Expression $text",
        "iex 'x'",
        "$group.Invoke('SetPassword', 'x')",
        "using namespace System",
        '"$(Clear-EventLog x)"',
    ],
)
def test_what_acts_is_found(script: str) -> None:
    assert find_offences(read_script(script), commands=OTHER_COMMANDS, programs=PROGRAMS) != []


@pytest.mark.parametrize("script", ["if ($x {", "$x = $a ?? $b", "class A {}", "exit 1", "enum A { B }"])
def test_what_windows_powershell_does_not_parse_is_found(script: str) -> None:
    assert read_script(script).faults != ()
