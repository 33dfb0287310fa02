"""Numbers and times as a language writes them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, tzinfo
from fractions import Fraction
from typing import TYPE_CHECKING

from hardening.model.texts import Language

if TYPE_CHECKING:
    from hardening.model.evidence import Absent

NO_BREAK = "\u00a0"
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_NORWEGIAN = "januar februar mars april mai juni juli august september oktober november desember".split()  # noqa: SIM905
_MONTHS = {
    Language.NB: _NORWEGIAN,
    Language.NN: _NORWEGIAN,
    Language.EN: (
        "January February March April May June July August September October November December".split()  # noqa: SIM905
    ),
}


def format_integer(number: int, language: Language) -> str:
    """Return a whole number with its thousands set apart."""
    match language:
        case Language.NB | Language.NN:
            return f"{number:,}".replace(",", NO_BREAK).replace("-", "−")
        case Language.EN:
            return f"{number:,}"


def format_decimal(number: Fraction, language: Language) -> str:
    """Return a number with at most one decimal."""
    tenths = math.floor(abs(number) * 10 + Fraction(1, 2))
    whole, rest = divmod(tenths, 10)
    sign = "−" if number < 0 else ""
    return f"{sign}{format_integer(whole, language)}{_point(language)}{rest}" if rest else f"{sign}{whole}"


def format_percent(share: Fraction | Absent, language: Language) -> str:
    """Return a share of one; neither 0 nor 100 unless it is exactly that, a dash if there is none."""
    if not isinstance(share, Fraction):
        return "–"
    tenths = round(share * 1000)
    if 0 < share < 1:
        tenths = min(max(tenths, 1), 999)
    whole, rest = divmod(tenths, 10)
    number = f"{whole}{_point(language)}{rest}" if rest else str(whole)
    match language:
        case Language.NB | Language.NN:
            return f"{number}{NO_BREAK}%"
        case Language.EN:
            return f"{number}%"


def format_date(seconds: int, language: Language, zone: tzinfo) -> str:
    """Return the day of a time; a time outside of the years 1 to 9999 stays a number."""
    moment = _moment(seconds, zone)
    return _day(moment, language) if moment else str(seconds)


def format_time(seconds: int, language: Language, zone: tzinfo) -> str:
    """Return the day, the minute and the time zone; a time outside of the years 1 to 9999 stays a number."""
    moment = _moment(seconds, zone)
    if not moment:
        return str(seconds)
    match language:
        case Language.NB | Language.NN:
            return f"{_day(moment, language)} kl.{NO_BREAK}{moment:%H.%M} ({moment.tzname()})"
        case Language.EN:
            return f"{_day(moment, language)}, {moment:%H:%M} ({moment.tzname()})"


def format_duration(seconds: int, language: Language) -> str:
    """Return a length of time in its two largest units."""
    hour = {Language.NB: "t", Language.NN: "t", Language.EN: "h"}[language]
    day = {Language.NB: "døgn", Language.NN: "døgn", Language.EN: "d"}[language]
    if seconds < _MINUTE:
        return f"{seconds}{NO_BREAK}s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE}{NO_BREAK}min {seconds % _MINUTE}{NO_BREAK}s"
    if seconds < _DAY:
        return f"{seconds // _HOUR}{NO_BREAK}{hour} {seconds % _HOUR // _MINUTE}{NO_BREAK}min"
    return f"{seconds // _DAY}{NO_BREAK}{day} {seconds % _DAY // _HOUR}{NO_BREAK}{hour}"


def _moment(seconds: int, zone: tzinfo) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return None


def _day(moment: datetime, language: Language) -> str:
    month = _MONTHS[language][moment.month - 1]
    match language:
        case Language.NB | Language.NN:
            return f"{moment.day}.{NO_BREAK}{month} {moment.year}"
        case Language.EN:
            return f"{moment.day}{NO_BREAK}{month} {moment.year}"


def _point(language: Language) -> str:
    match language:
        case Language.NB | Language.NN:
            return ","
        case Language.EN:
            return "."
