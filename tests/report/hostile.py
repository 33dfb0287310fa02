"""What a target may say to harm whoever opens a report, and a report of an example that says it everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hardening.model.check import Outcome
from hardening.model.evidence import Known, Unreadable
from hardening.model.judgement import TargetJudgement
from hardening.model.platform import OperatingSystem
from hardening.report.values import Report
from tests.report.example import build_attestations, build_content, build_example, build_judgements

HOSTILE: Final = {
    "script": "<script>alert(1)</script>",
    "end of a script": "</script><img src=x onerror=alert(1)>",
    "template": "{{7*7}}{% raw %}${7*7}",
    "formula": "=cmd|'/c calc'!A1",
    "formula after white space": " \t@SUM(1+1)*cmd",
    "terminal escape": "\x1b]0;owned\x07\x1b[2J",
    "workflow command": "x\n::error::owned\r\n::set-output name=a::b",
    "right to left": "abc\u202egnp.exe\u2066\u200b",
    "surrogate": "caf\udce9",
    "no XML": "a\x00b\ufffe\uffff]]>&amp;",
    "markdown": "[x](javascript:alert(1)) ![i](http://192.0.2.1/i.png) `a` | b @root #1 http://192.0.2.1 <b>",
    "quotes": '"\'\\",a="b"}\n',
    "a megabyte": "A" * 1_000_000,
}


def build_hostile(text: str) -> Report:
    """Return a report of one server that says ``text`` wherever a target has a say."""
    first = build_judgements(build_content())[0]
    system = first.snapshot.platform.os
    assert isinstance(system, OperatingSystem)
    said = replace(system, title=text, hostname=text, kernel=text, version=text, distribution=text)
    snapshot = replace(
        first.snapshot,
        target=text[:200],
        platform=replace(first.snapshot.platform, os=said),
        privileges=replace(first.snapshot.privileges, refused=text, remedy=text, user=text),
        labels={"zone": text, "exposure": "internal"},
        place=f"{text[:100]}:3",
    )
    results = tuple(
        replace(
            result,
            target=text[:200],
            id=f"{text[:200]}/{result.check}",
            note=text if result.outcome is not Outcome.PASS else "",
            reasons=tuple(
                replace(
                    reason,
                    key=text,
                    actual=Unreadable(text, text) if result.outcome is Outcome.ERROR else Known(text, text),
                )
                for reason in result.reasons
            ),
        )
        for result in first.results
    )
    judged: TargetJudgement = replace(first, snapshot=snapshot, results=results, problems=(text,))
    return build_example([judged], attestations=build_attestations(text))
