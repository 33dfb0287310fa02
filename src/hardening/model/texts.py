"""Words for people in the languages of the reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """A language that reports come in."""

    NB = "nb"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Texts:
    """One text in bokmål and English; nynorsk where somebody wrote it."""

    en: str
    nb: str
    nn: str = ""

    def in_language(self, language: Language) -> str:
        """Return the text in ``language``."""
        match language:
            case Language.NB:
                return self.nb
            case Language.EN:
                return self.en
