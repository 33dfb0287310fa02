"""The words: complete in both languages, used, and said as the language says them."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone
from fractions import Fraction
from itertools import product
from pathlib import Path
from string import Formatter

import pytest

from hardening.errors import ContentError
from hardening.model.attestation import Answer, AttestationState
from hardening.model.check import ActionMeans, Severity
from hardening.model.comparison import ChangeKind
from hardening.model.evidence import Absent, FieldType
from hardening.model.gate import GateCause, GateLine
from hardening.model.judgement import ControlState
from hardening.model.measure import Basis
from hardening.model.operators import OPERATORS
from hardening.model.result import Origin, Verdict
from hardening.model.texts import Language, Texts
from hardening.model.waiver import WaiverState
from hardening.probes import KINDS
from hardening.probes.ad_paths import EDGES, NOT_SEARCHED
from hardening.report.numbers import (
    format_date,
    format_decimal,
    format_duration,
    format_integer,
    format_percent,
    format_time,
)
from hardening.report.paths import PATH_KINDS
from hardening.report.target_values import ReasonEntry, Seen, SeenState
from hardening.report.values import Need
from hardening.report.wording import PHRASES_FILE, TEXTS_FILE, Phrase, SeenWords, load_texts
from tests.report.rendering import FOLDER, words

TEXTS = load_texts(FOLDER / TEXTS_FILE)
PHRASES = load_texts(FOLDER / PHRASES_FILE)
REPORT = Path(__file__).parents[2] / "src" / "hardening" / "report"
CLI = REPORT.parent / "cli"

# Keys whose end comes from a value: the family and every word that can follow.
FAMILIES = {
    "severity.": [each.value for each in Severity],
    "count.": [f"{each.value}.{form}" for each in Severity for form in ("one", "other")],
    "state.": [each.value for each in ControlState],
    "how.": [each.value.replace(" ", "_") for each in ActionMeans],
    "origin.": [each.value for each in Origin],
    "level.": ["basic", "extended"],
    "xlsx.state.": ["gaps", "no_gaps", "attested", "not_examined", "not_verifiable"],
    "attestations.state.": [each.value for each in AttestationState],
    "attestations.answer.": [each.value for each in Answer],
    "helped.": ["regional", "national"],
    "basis.": [each.value.replace("-", "_") for each in Basis],
    "carrier.": ["municipality", "regional", "national"],
    "controls.count.": ["fail", "error", "waived", "pass", "not_applicable"],
    "waivers.state.": [each.value for each in WaiverState],
    "change.": [each.value for each in ChangeKind],
    "unexamined.": [f"{each.value}.{form}" for each in Need for form in ("one", "other")],
    "measures.": [
        f"{state}.{form}"
        for state, form in product(("gaps", "no_gaps", "attested", "not_examined", "not_verifiable"), ("one", "other"))
    ],
    "measures.about.": ["gaps", "no_gaps", "attested", "not_examined", "not_verifiable"],
    "method.word.": ["gap", "compliance", "coverage", "not_examined", "risk", "effort", "rank"],
    "method.about.": ["gap", "compliance", "coverage", "not_examined", "risk", "effort", "rank"],
    "doctor.": [
        *("target", "open", "credential", "name", "port", "greeting", "algorithms", "host_key", "login"),
        *("kit", "shell", "sudo", "rights", "clock", "certificate", "root_dse", "powershell", "administrator"),
    ],
    "targets.role.": ["member", "domain_controller", "stand_alone"],
    "targets.installation.": ["core", "desktop"],
    "targets.": ["administrator", "account"],
    "told.": sorted(
        f"{name}.{word}"
        for kind in KINDS.values()
        for spec in kind.fields.values()
        for name, each in spec.record.items()
        if each.told
        for word in (("true", "false", "unseen") if each.type is FieldType.BOOLEAN else ("at", "absent", "unseen"))
    ),
    "paths.": ["enabled", "disabled"],
    "paths.edge.": list(EDGES),
    "paths.not.": list(NOT_SEARCHED),
    "paths.kind.": list(PATH_KINDS),
    ".nav": [
        *("pictures", "work", "state", "first", "gaps", "waivers", "unexamined", "controls", "measures"),
        *("targets", "method", "attestations", "trend"),
        *("pictures", "paths", "work", "state", "first", "gaps", "waivers", "unexamined", "controls", "measures"),
    ],
}


# What nynorsk writes otherwise: a text that holds one of these was not translated.
BOKMAL = """
    ikke fra hva hvor hvordan hvorfor hvilke noe noen være ble gjøre gjøres et en disse dem hun bare selv systemer
    sjekker avvikene tiltakene parameterne skanningen resultater rettigheter virksomheten kilde uten etterlevelse
    dekningen forrige utløper utløpt kjører svarer høy lav serveren forbindelsen nøklene mangler sier leses undersøkes
"""


def used_keys() -> set[str]:
    """Return the keys that templates and code name, with what their families can become."""
    sources = [
        path.read_text("utf-8") for path in [*(FOLDER / "html").glob("*.html"), *CLI.glob("*.py"), *REPORT.glob("*.py")]
    ]
    code = "\n".join(sources)
    keys = set(re.findall(r"""\.text\(\s*f?["']([a-z_.]+)["']\s*[,)]""", code))
    keys |= {
        f"{key}.{form}"
        for key in re.findall(r"""\.count\(\s*["']([a-z_.]+)["']\s*,""", code)
        for form in ("one", "other")
    }
    keys |= set(re.findall(r"""["']((?:state|value)\.[a-z]+)["']""", code)) & set(TEXTS)
    for family, ends in FAMILIES.items():
        keys |= {f"{end}{family}" if family == ".nav" else f"{family}{end}" for end in ends}
    return keys


def reason(seen: Seen, **changes: object) -> ReasonEntry:
    given = {"field": "file.mode", "type": "mode", "key": "", "operator": "mode_at_most", "expected": "0640"}
    flags = {"verdict": Verdict.FALSE, "negated": False, "decisive": True}
    return ReasonEntry(**{**given, **flags, **changes}, seen=seen)  # type: ignore[arg-type]


KNOWN = Seen(state=SeenState.KNOWN, value="0644")


def test_every_key_that_is_used_is_there() -> None:
    assert used_keys() - set(TEXTS) == set()


def test_every_key_that_is_there_is_used() -> None:
    assert set(TEXTS) - used_keys() == set()


@pytest.mark.parametrize("texts", [TEXTS, PHRASES], ids=["texts", "phrases"])
def test_both_languages_have_the_same_blanks(texts: dict[str, Texts]) -> None:
    def blanks(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text)} - {None}

    assert [key for key, text in texts.items() if blanks(text.en) != blanks(text.nb)] == []


@pytest.mark.parametrize("texts", [TEXTS, PHRASES], ids=["texts", "phrases"])
def test_every_text_is_there_in_nynorsk_with_the_same_blanks(texts: dict[str, Texts]) -> None:
    def blanks(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text)} - {None}

    assert [key for key, text in texts.items() if not text.nn or blanks(text.nn) != blanks(text.nb)] == []


def test_words_in_code_are_there_in_nynorsk() -> None:
    lines = [GateLine(cause=cause, count=count, exit_code=10) for cause in GateCause for count in (1, 2)]
    said = [line.wording for line in lines]
    said += [
        wording
        for operator in OPERATORS.values()
        for reading in operator.readings.values()
        for wording in (reading.wording, reading.otherwise)
    ]

    assert [text for text in said if not text.nn] == []


@pytest.mark.parametrize("texts", [TEXTS, PHRASES], ids=["texts", "phrases"])
def test_nynorsk_has_no_words_of_bokmal(texts: dict[str, Texts]) -> None:
    found = {key: set(BOKMAL.split()) & set(re.findall(r"[a-zæøå]+", text.nn.lower())) for key, text in texts.items()}

    assert {key: words for key, words in found.items() if words} == {}


def test_text_without_nynorsk_is_shown_in_bokmal() -> None:
    assert Texts(en="a", nb="b").in_language(Language.NN) == "b"


def test_no_text_is_empty() -> None:
    assert [key for key, text in {**TEXTS, **PHRASES}.items() if not text.en.strip() or not text.nb.strip()] == []


def test_no_two_phrases_are_the_same() -> None:
    assert len({text.en for text in PHRASES.values()}) == len(PHRASES)


def test_text_that_lacks_a_language_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "texts.yaml"
    path.write_text("title:\n  en: Gap report\n", "utf-8")

    with pytest.raises(ContentError, match="the text title is not an"):
        load_texts(path)


def test_missing_key_is_an_error() -> None:
    with pytest.raises(KeyError):
        words().text("no.such.key")


def test_count_chooses_its_form() -> None:
    assert [words().count("word.gap", number) for number in (0, 1, 1234)] == ["0 gaps", "1 gap", "1,234 gaps"]


def test_blank_in_a_value_is_not_filled_in() -> None:
    assert words().text("seen.unreadable", reason="{n} {0.x}") == "could not be read: {n} {0.x}"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("not asked", "ikke spurt om"),
        ("10.0.0.1:22: the port is closed", "10.0.0.1:22: porten er lukket"),
        ("no answer in time; correct the address", "ikke noe svar i tide; rett adressen"),
        ("not reached: a: the port is closed", "ikke nådd: a: porten er lukket"),
        ("nothing came from the target for 60 s", "det kom ingenting fra systemet på 60 s"),
    ],
)
def test_known_phrase_is_said_in_norwegian(said: str, shown: str) -> None:
    assert words(Language.NB).phrase(said) == Phrase(shown, Language.NB)


@pytest.mark.parametrize("said", ["nobody knows this one", "x" * 1_000, "; " * 200, ": " * 200, ""])
def test_unknown_phrase_stays_english(said: str) -> None:
    assert words(Language.NB).phrase(said) == Phrase(said, Language.EN)


def test_phrase_stays_as_it_is_in_english() -> None:
    assert words().phrase("not asked") == Phrase("not asked", Language.EN)


def test_expectation_leaves_out_what_was_seen() -> None:
    assert words().expected(reason(KNOWN)) == "should allow no more than 0640"


def test_expectation_under_a_not_is_turned() -> None:
    assert words(Language.NB).expected(reason(KNOWN, negated=True)) == "ikke: skal ikke tillate mer enn 0640"


def test_expectation_of_nothing_is_said_in_words() -> None:
    given = reason(KNOWN, type="texts", operator="is_empty", expected=True)

    assert words().expected(given) == "should be empty"


def test_expectation_with_an_unknown_operator_is_still_shown() -> None:
    assert words().expected(reason(KNOWN, operator="approves", expected=("a", "b"))) == "approves a, b"


def test_expectation_on_a_field_of_unknown_type_is_still_shown() -> None:
    assert words().expected(reason(KNOWN, type="", expected="0640")) == "should allow no more than 0640"


@pytest.mark.parametrize("language", list(Language))
def test_every_operator_has_words_for_what_it_expects(language: Language) -> None:
    said = [
        words(language).expected(reason(KNOWN, operator=operator.name, type=field.value, expected="X"))
        for operator in OPERATORS.values()
        for field in operator.readings
    ]

    assert [text for text in said if "{" in text or not text] == []


@pytest.mark.parametrize(
    ("seen", "kind", "shown"),
    [
        (KNOWN, FieldType.MODE, SeenWords("0644", "")),
        (Seen(state=SeenState.KNOWN, value=""), FieldType.TEXT, SeenWords("", "(empty)")),
        (Seen(state=SeenState.KNOWN, value=()), FieldType.TEXTS, SeenWords("", "(nothing)")),
        (Seen(state=SeenState.KNOWN, value=("a", "b")), FieldType.TEXTS, SeenWords("a, b", "")),
        (
            Seen(state=SeenState.KNOWN, value=("a",) * 25),
            FieldType.TEXTS,
            SeenWords(", ".join("a" * 20), "… and 5 more"),
        ),
        (Seen(state=SeenState.KNOWN, value=("a",), omitted=4), FieldType.TEXTS, SeenWords("a", "… and 4 more")),
        (Seen(state=SeenState.KNOWN, value=("x" * 400,)), FieldType.TEXTS, SeenWords("x" * 300 + "…", "")),
        (Seen(state=SeenState.KNOWN, value="x" * 400), FieldType.TEXT, SeenWords("x" * 300, "… (100 more characters)")),
        (Seen(state=SeenState.KNOWN, value=False), FieldType.BOOLEAN, SeenWords("no", "")),
        (Seen(state=SeenState.KNOWN, value=0), FieldType.TIME, SeenWords("1\u00a0January 1970", "")),
        (Seen(state=SeenState.KNOWN, value=7), FieldType.INTEGER, SeenWords("7", "")),
        (Seen(state=SeenState.ABSENT), FieldType.TEXT, SeenWords("", "not there")),
        (Seen(state=SeenState.UNREADABLE, reason="denied"), FieldType.TEXT, SeenWords("", "could not be read: denied")),
        (
            Seen(state=SeenState.PARTIAL, value=("a",), reason="cut"),
            FieldType.TEXTS,
            SeenWords("a", "(seen only in part: cut)"),
        ),
        (Seen(state=SeenState.KNOWN), FieldType.TEXT, SeenWords("", "")),
    ],
)
def test_what_was_seen_is_said(seen: Seen, kind: FieldType, shown: SeenWords) -> None:
    assert words().seen(reason(seen, type=kind.value)) == shown


@pytest.mark.parametrize(
    ("share", "nb", "en"),
    [
        (Fraction(7, 8), "87,5\u00a0%", "87.5%"),
        (Fraction(1), "100\u00a0%", "100%"),
        (Fraction(0), "0\u00a0%", "0%"),
        (Fraction(9999, 10_000), "99,9\u00a0%", "99.9%"),
        (Fraction(1, 10_000), "0,1\u00a0%", "0.1%"),
        (Absent(), "–", "–"),
    ],
)
def test_percent(share: Fraction | Absent, nb: str, en: str) -> None:
    assert (format_percent(share, Language.NB), format_percent(share, Language.EN)) == (nb, en)


@pytest.mark.parametrize(
    ("number", "nb", "en"), [(1_234_567, "1\u00a0234\u00a0567", "1,234,567"), (-12, "−12", "-12"), (999, "999", "999")]
)
def test_integer(number: int, nb: str, en: str) -> None:
    assert (format_integer(number, Language.NB), format_integer(number, Language.EN)) == (nb, en)


@pytest.mark.parametrize(
    ("number", "nb", "en"),
    [
        (Fraction(11, 4), "2,8", "2.8"),
        (Fraction(12), "12", "12"),
        (Fraction(1, 4), "0,3", "0.3"),
        (Fraction(-1, 2), "−0,5", "−0.5"),
    ],
)
def test_decimal(number: Fraction, nb: str, en: str) -> None:
    assert (format_decimal(number, Language.NB), format_decimal(number, Language.EN)) == (nb, en)


def test_time_is_written_as_the_language_writes_it() -> None:
    oslo = timezone(timedelta(hours=1), "CET")

    assert [format_time(1_795_511_700, language, oslo) for language in Language] == [
        "24.\u00a0november 2026 kl.\u00a010.15 (CET)",
        "24.\u00a0november 2026 kl.\u00a010.15 (CET)",
        "24\u00a0November 2026, 10:15 (CET)",
    ]


@pytest.mark.parametrize("seconds", [2**53, -(2**53)])
def test_time_beyond_the_calendar_stays_a_number(seconds: int) -> None:
    shown = {format_time(seconds, Language.NB, UTC), format_date(seconds, Language.NB, UTC)}

    assert shown == {str(seconds)}


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (7, "7\u00a0s"),
        (125, "2\u00a0min 5\u00a0s"),
        (3_720, "1\u00a0t 2\u00a0min"),
        (63_072_000, "730\u00a0døgn 0\u00a0t"),
    ],
)
def test_duration(seconds: int, shown: str) -> None:
    assert format_duration(seconds, Language.NB) == shown
