"""Every word of a report that is not a value: texts by key, phrases of the scanner, comparisons, numbers and times."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING

from hardening.documents.parse import load_document
from hardening.documents.scalars import Dialect
from hardening.errors import ContentError
from hardening.model.evidence import Absent, FieldType
from hardening.model.operators import OPERATORS
from hardening.model.place import Place, Problem
from hardening.model.texts import Language, Texts
from hardening.report import numbers
from hardening.report.target_values import SeenState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo
    from fractions import Fraction
    from pathlib import Path

    from hardening.model.check import Constant
    from hardening.report.target_values import ReasonEntry, Seen, ToldEntry

TEXTS_FILE = "texts.yaml"
PHRASES_FILE = "phrases.yaml"

# Values beyond this are cut where people read; the JSON report and the snapshot hold more.
LONGEST_PHRASE = 500
DEEPEST_PHRASE = 4
MOST_REMEMBERED = 5_000
SHOWN_CHARACTERS = 300
SHOWN_ITEMS = 20


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of the scanner about trouble, and the language that they are in."""

    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class SeenWords:
    """What was seen: ``value`` comes from the target (empty if there is none), ``note`` is ours."""

    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one language; times are shown in ``zone``."""

    language: Language
    zone: tzinfo
    texts: Mapping[str, Texts]
    phrases: Sequence[tuple[re.Pattern[str], Texts]] = ()
    _said: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def text(self, key: str, **values: str | int) -> str:
        """Return the text of a key with ``{name}`` filled in; raises ``KeyError`` for a missing key."""
        words = self.texts[key].in_language(self.language)
        return words.format(**{name: self._fill(value) for name, value in values.items()})

    def count(self, key: str, number: int, **values: str | int) -> str:
        """Return ``<key>.one`` or ``<key>.other`` with ``{n}`` filled in."""
        return self.text(f"{key}.{'one' if number == 1 else 'other'}", n=number, **values)

    def of(self, texts: Texts) -> str:
        """Return a text of the content in this language."""
        return texts.in_language(self.language)

    def _fill(self, value: str | int) -> str:
        return self.integer(value) if isinstance(value, int) else value

    def integer(self, number: int) -> str:
        """Return a whole number."""
        return numbers.format_integer(number, self.language)

    def decimal(self, number: Fraction) -> str:
        """Return a number with at most one decimal."""
        return numbers.format_decimal(number, self.language)

    def percent(self, share: Fraction | Absent) -> str:
        """Return a share of one in percent."""
        return numbers.format_percent(share, self.language)

    def time(self, seconds: int) -> str:
        """Return a day with its minute."""
        return numbers.format_time(seconds, self.language, self.zone)

    def date(self, seconds: int) -> str:
        """Return a day."""
        return numbers.format_date(seconds, self.language, self.zone)

    def day(self, seconds: int) -> str:
        """Return a day of UTC, such as one that somebody wrote in a file."""
        return numbers.format_date(seconds, self.language, UTC)

    def duration(self, seconds: int) -> str:
        """Return a length of time."""
        return numbers.format_duration(seconds, self.language)

    def phrase(self, text: str) -> Phrase:
        """Return words of the scanner in this language where it is known how to say them, else as they are."""
        if self.language is Language.EN or len(text) > LONGEST_PHRASE:
            return Phrase(text, Language.EN)
        if text not in self._said:
            if len(self._said) >= MOST_REMEMBERED:
                self._said.clear()
            self._said[text] = self._say(text, DEEPEST_PHRASE)
        said = self._said[text]
        return Phrase(said, self.language) if said else Phrase(text, Language.EN)

    def _say(self, text: str, depth: int) -> str:
        """Return a phrase, or phrases joined by ``; `` or after ``where: ``, in this language; empty if unknown."""
        if not depth:
            return ""
        for pattern, phrase in self.phrases:
            if found := pattern.fullmatch(text):
                parts = {name: self._say(part, depth - 1) or part for name, part in found.groupdict().items()}
                return phrase.in_language(self.language).format(**parts)
        for mark in ("; ", ": "):
            head, found_mark, rest = text.partition(mark)
            said = self._say(rest, depth - 1) if found_mark else ""
            first = self._say(head, depth - 1) if said and mark == "; " else head
            if said and first:
                return f"{first}{mark}{said}"
        return ""

    def expected(self, reason: ReasonEntry) -> str:
        """Return what a comparison asked for, without what was seen."""
        words = self._comparison(reason)
        clause, comma, rest = words.rpartition(", ")
        asked = clause if comma and "{actual}" in rest else words
        said = asked.format(expected=self.constant(reason.expected), actual="")
        return self.text("expected.negated", words=said) if reason.negated else said

    def seen(self, reason: ReasonEntry) -> SeenWords:
        """Return what a comparison saw."""
        seen = reason.seen
        match seen.state:
            case SeenState.ABSENT:
                return SeenWords("", self.text("seen.absent"))
            case SeenState.UNREADABLE:
                return SeenWords("", self.text("seen.unreadable", reason=self.phrase(seen.reason).text))
            case SeenState.PARTIAL:
                value, more = self._value(seen, reason.type)
                part = self.text("seen.partial", reason=self.phrase(seen.reason).text)
                return SeenWords(value, f"{more} {part}".strip())
            case SeenState.KNOWN:
                return SeenWords(*self._value(seen, reason.type))

    def told(self, reason: ReasonEntry) -> str:
        """Return what else there is to know of the record of a comparison; empty if nothing is.

        That something is absent says nothing of a record of which all is: a group never logs on.
        """
        is_known = any(told.seen.state is SeenState.KNOWN for told in reason.told)
        shown = (told for told in reason.told if is_known or told.seen.state is not SeenState.ABSENT)
        return ", ".join(filter(None, map(self._tell, shown)))

    def _tell(self, told: ToldEntry) -> str:
        match told.seen.state, told.seen.value:
            case SeenState.KNOWN, bool() as value:
                return self._word(f"told.{told.field}.{'true' if value else 'false'}")
            case SeenState.KNOWN, int() as value:
                return self._word(f"told.{told.field}.at", day=self.date(value))
            case SeenState.ABSENT, _:
                return self._word(f"told.{told.field}.absent")
            case _:
                return self._word(f"told.{told.field}.unseen")

    def _word(self, key: str, **values: str) -> str:
        """Return a text that need not be there: a report may be older or newer than these words."""
        return self.text(key, **values) if key in self.texts else ""

    def constant(self, value: Constant) -> str:
        """Return a value from the content, in words where it is no text."""
        if isinstance(value, bool):
            return self.text("value.true" if value else "value.false")
        if isinstance(value, tuple):
            return ", ".join(value) or self.text("value.nothing")
        return str(value) or self.text("value.empty")

    def _comparison(self, reason: ReasonEntry) -> str:
        operator = OPERATORS.get(reason.operator)
        types = (
            [FieldType(reason.type)] if reason.type in set(FieldType) else list(operator.readings) if operator else []
        )
        if operator and types and types[0] in operator.readings:
            return self.of(operator.wording(types[0], reason.expected))
        return f"{reason.operator} {{expected}}"

    def _value(self, seen: Seen, field_type: str) -> tuple[str, str]:
        value = seen.value
        if isinstance(value, Absent):
            return "", ""
        if isinstance(value, int) and not isinstance(value, bool) and field_type == FieldType.TIME:
            return self.date(value), ""
        if isinstance(value, tuple):
            shown = [self._cut(item) for item in value[:SHOWN_ITEMS]]
            left_out = seen.omitted + len(value) - len(shown)
            return ", ".join(shown), self.text("value.more", n=left_out) if left_out else self._nothing(value)
        if isinstance(value, str):
            left_out = seen.omitted + max(0, len(value) - SHOWN_CHARACTERS)
            more = self.text("value.longer", n=left_out) if left_out else ""
            return value[:SHOWN_CHARACTERS], more if value else self.text("value.empty")
        return self.constant(value), ""

    def _nothing(self, items: tuple[str, ...]) -> str:
        return "" if items else self.text("value.nothing")

    def _cut(self, item: str) -> str:
        return item if len(item) <= SHOWN_CHARACTERS else f"{item[:SHOWN_CHARACTERS]}…"


def load_wording(folder: Path, language: Language, zone: tzinfo) -> Wording:
    """Return the words of a language from the texts in ``folder``; raises ``ContentError``."""
    texts = load_texts(folder / TEXTS_FILE)
    phrases = load_texts(folder / PHRASES_FILE)
    return Wording(language, zone, texts, tuple((_pattern(text.en), text) for text in phrases.values()))


def load_texts(path: Path) -> Mapping[str, Texts]:
    """Return the texts of a file by key; raises ``ContentError`` for one that lacks a language."""
    document = load_document(path, Dialect.CONTENT)
    texts, problems = {}, []
    for key, words in document.data.items() if isinstance(document.data, dict) else ():
        if isinstance(words, dict) and {"en", "nb"} <= set(words) <= {"en", "nb", "nn"}:
            texts[key] = Texts(**{name: str(text) for name, text in words.items()})
        else:
            problems.append(Problem(Place(str(path)), f"the text {key} is not an {{en, nb}}", "give both languages"))
    if problems:
        raise ContentError(problems)
    return texts


def _pattern(words: str) -> re.Pattern[str]:
    """Return the form of a phrase: ``{name}`` stands for any text."""
    parts = re.split(r"\{(\w+)\}", words)
    forms = (f"(?P<{part}>.+?)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    return re.compile("".join(forms), re.DOTALL)
