"""Words for people in the languages of the reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """A language that reports come in."""

    NB = "nb"
    NN = "nn"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Texts:
    """One text in bokmål and English; nynorsk where somebody wrote it."""

    en: str
    nb: str
    nn: str = ""

    def in_language(self, language: Language) -> str:
        """Return the text in ``language``; bokmål where there is no nynorsk."""
        match language:
            case Language.NB:
                return self.nb
            case Language.NN:
                return self.nn or self.nb
            case Language.EN:
                return self.en
