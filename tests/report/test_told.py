"""What is told of an account beside its name, in every format that lists reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardening.model.evidence import Absent, Field, FieldType, Known, Unreadable
from hardening.model.result import Told
from hardening.model.texts import Language
from hardening.report.format import View
from hardening.report.target_values import ReasonEntry
from hardening.report.values import Report
from tests.report.example import build_content, build_example, build_judgements
from tests.report.rendering import SMALL, read_back, render, words
from tests.report.test_xlsx_report import sheets

DAY = 1_795_000_000  # 2026-11-18
OLA = "CN=ola,DC=kommune,DC=no"


def told(enabled: Field, last_logon: Field) -> tuple[Told, ...]:
    """Return what the kinds for accounts tell."""
    return Told("enabled", FieldType.BOOLEAN, enabled), Told("last_logon", FieldType.TIME, last_logon)


def report(enabled: Field, last_logon: Field) -> Report:
    """Return a report in which every reason is about one account."""
    judgements = [
        replace(
            judgement,
            results=tuple(
                replace(
                    result,
                    reasons=tuple(
                        replace(reason, key=OLA, told=told(enabled, last_logon)) for reason in result.reasons
                    ),
                )
                for result in judgement.results
            ),
        )
        for judgement in build_judgements(build_content(only=SMALL))
    ]
    return build_example(content=build_content(only=SMALL), judgements=judgements)


def reason(enabled: Field, last_logon: Field) -> ReasonEntry:
    """Return one reason of that report."""
    (first, *_) = report(enabled, last_logon).targets
    return next(reason for result in first.results for reason in result.reasons)


@pytest.mark.parametrize(
    ("enabled", "last_logon", "expected"),
    [
        (Known(value=True), Known(DAY), "aktivert, sist pålogget 18.\xa0november 2026"),
        (Known(value=False), Absent(), "deaktivert, aldri pålogget"),
        (Absent(), Absent(), ""),
        (
            Unreadable("needs read"),
            Unreadable("needs read"),
            "det var ikke mulig å se om den er aktivert, det var ikke mulig å se siste pålogging",
        ),
    ],
)
def test_it_is_said_in_words(enabled: Field, last_logon: Field, expected: str) -> None:
    assert words(Language.NB).told(reason(enabled, last_logon)) == expected


@pytest.mark.parametrize("name", ["html", "csv", "junit", "sarif", "ecs"])
def test_every_format_with_reasons_tells_it(name: str) -> None:
    text = render(report(Known(value=False), Known(DAY)), name, Language.EN, View.EVIDENCE).decode()
    assert "disabled, last log-on 18" in text


def test_the_workbook_tells_it() -> None:
    made = sheets(report(Known(value=False), Known(DAY)), Language.EN)
    assert any(f"{OLA} (disabled, last log-on 18" in cell for sheet in made.values() for row in sheet for cell in row)


def test_it_survives_json() -> None:
    made = report(Known(value=False), Known(DAY))
    back = [result.reasons for target in read_back(made).targets for result in target.results]
    assert back == [result.reasons for target in made.targets for result in target.results]
