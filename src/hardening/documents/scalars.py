"""What a bare word in YAML means: in content the same to every parser, in a site's files the text that stands there."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

# Every word that some version of YAML, or some parser, turns into something other than text.
_TURNED = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_DIGITS = 18
BLANK = "…"


class Dialect(Enum):
    """Which rule bare words follow: that of content, below, or that of a site, where they stay text.

    In a foreign file, which another program reads, they stay text as well, and tags stand for nothing.
    """

    CONTENT = "content"
    SITE = "site"
    FOREIGN = "foreign"


class BareWordError(Exception):
    """A bare word that not every parser reads alike; the message is what is wrong, ``remedy`` what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(what)


# The same few words make up most of any file: half of the time to read one goes without this.
@lru_cache(maxsize=4096)
def read_bare(word: str) -> str | int | bool:
    """Return what an unquoted ``word`` of content means; raises ``BareWordError`` for anything ambiguous."""
    if word[:1].isalpha() or word.startswith("/"):
        if word.lower() not in _TURNED:
            return word
        if word in {"true", "false"}:
            return word == "true"
    elif _INTEGER.fullmatch(word) and len(word) <= _DIGITS:
        return int(word)
    raise BareWordError(*_refusal(word))


def _refusal(word: str) -> tuple[str, str]:
    if not word:
        return "there is no value here", 'write one, or "" for empty text'
    if word.startswith(BLANK):
        return f"this blank ({BLANK}) is not filled in", "replace it"
    if word.lower() in _TURNED:
        return f"{word} without quotes means different things to different parsers", _advice(word)
    return f"{word} needs quotes", f'write "{word}": bare are only true, false, whole numbers and words'


def _advice(word: str) -> str:
    lower = word.lower()
    if lower in {"true", "false"}:
        return f'write {lower} for the truth value, or "{word}" for the text'
    if lower == "null":
        return f'leave the key out, or write "{word}" for the text'
    truth = "true" if lower in {"yes", "on", "y"} else "false"
    return f'write "{word}" for the text, or {truth} for the truth value'
