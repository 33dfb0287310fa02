"""What kinds that ask Windows have in common: whole answers, guarded parts, and fields from the rows of an answer.

Scripts hold to what Windows PowerShell 5.1 allows in ConstrainedLanguage wherever that suffices: they
put out hashtables, convert to core types only, and call no methods of others. A script ends with a row that names its
step, so that an empty answer, as of a blocked tool, is never taken for one in which nothing was found. In a row, null
says that Windows has no such thing; a member that is missing, or of another type, makes its field unreadable.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.evidence import Absent, Field, Known, Unreadable
from hardening.model.step import Completed, LdapAnswer, NotRun, PowerShellStep
from hardening.probes.powershell import quote_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hardening.model.step import Answer

Row = dict[str, object]

ERROR = (
    'category = [int]{0}.CategoryInfo.Category; id = "$({0}.FullyQualifiedErrorId)"; hresult = {0}.Exception.HResult'
)
"""Members of a row that tell an error in numbers; to be formatted with the error record."""

ADMINISTRATOR = "needs an administrator whose rights UAC does not filter"
"""The right that most questions of a Windows server want."""

NOT_OFFERED = "this Windows does not offer what was asked"
"""How the reason begins where a command, a class or a namespace is not there, because a feature is not installed."""

MAX_REASON = 200

# Of System.Management.Automation.ErrorCategory.
_PERMISSION_DENIED, _SECURITY_ERROR = 18, 25
# E_ACCESSDENIED, WBEM_E_ACCESS_DENIED, ERROR_PRIVILEGE_NOT_HELD and COR_E_SECURITY.
_DENIED = {0x80070005, 0x80041003, 0x80070522, 0x8013150A}
# WBEM_E_INVALID_NAMESPACE and WBEM_E_INVALID_CLASS.
_MISSING = {0x8004100E, 0x80041010}
# Of an event log that may not be seen PowerShell says two things; the first has this name and no number.
_DENIED_IDS = (
    "AccessDenied",
    "UnauthorizedAccess",
    "SecurityException",
    "0x80041003",
    "0x80070005",
    "LogInfoUnavailable",
)
_CONSTRAINED = ("ConstrainedLanguage", "OnlyToCoreTypes")
_DEEPEST = 5
_UNKNOWN_IDS = ("CommandNotFoundException", "0x8004100e", "0x80041010")


def quote_list(items: Iterable[str]) -> str:
    """Return texts as a list of PowerShell."""
    return f"@({', '.join(map(quote_text, items))})"


def guard(part: str, body: str) -> str:
    """Return lines of which an error ends only this part: it becomes a row that ``trouble_of`` reads."""
    return f"""try {{
{body.strip()}
}} catch {{
@{{ trouble = {quote_text(part)}; {ERROR.format("$_")} }}
}}
"""


def build_step(
    name: str, body: str, *, output_limit: int = 1_000_000, writes: str = "", slow: bool = False
) -> PowerShellStep:
    """Return a step whose answer ``rows`` takes for whole."""
    script = f"{body.strip()}\n@{{ end = {quote_text(name)} }}\n"
    return PowerShellStep(name=name, script=script, output_limit=output_limit, writes=writes, slow=slow)


def rows(answers: Mapping[str, Answer], step: str, *, needs: str = ADMINISTRATOR) -> tuple[Row, ...] | Unreadable:
    """Return what a script put out, or why its probes are unreadable; ``needs`` is the right that a refusal lacks."""
    match answers.get(step, NotRun("the step was not asked")):
        case Completed(exit_status=0) as answer:
            return _whole_rows(answer, step)
        case Completed() as answer:
            return Unreadable(_describe_failure(answer.error_text, needs))
        case LdapAnswer():
            return Unreadable("a directory answered in place of PowerShell")
        case NotRun(reason):
            return Unreadable(clean_line(reason, MAX_REASON))


def _whole_rows(answer: Completed, step: str) -> tuple[Row, ...] | Unreadable:
    if answer.cut:
        return Unreadable("the output was cut")
    try:
        items = _tidy_json(json.loads(answer.text), 0)
    except (ValueError, RecursionError):
        return Unreadable("the answer is not the JSON that was asked for")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return Unreadable("the answer is not the list that was asked for")
    if not items or items[-1] != {"end": step}:
        return Unreadable("the answer has no end: PowerShell, or a program in its place, said nothing or not all")
    return tuple(items[:-1])


def _tidy_json(value: object, depth: int) -> object:
    """Return a JSON value whose texts can be stored; raises ``ValueError`` for one that is deeper than any of ours."""
    if depth > _DEEPEST:
        msg = "too deep"
        raise ValueError(msg)
    match value:
        case str():
            return tidy(value)
        case list():
            return [_tidy_json(item, depth + 1) for item in value]
        case dict():
            return {tidy(str(key)): _tidy_json(item, depth + 1) for key, item in value.items()}
        case _:
            return value


def _describe_failure(text: str, needs: str) -> str:
    try:
        error = json.loads(text)
    except (ValueError, RecursionError):
        error = {}
    if not isinstance(error, dict):
        error = {}
    return _describe(error, f"{error.get('type', '')} {error.get('id', '')}", needs)


def _describe(error: Mapping[str, object], name: str, needs: str) -> str:
    number = error.get("hresult")
    code = number & 0xFFFFFFFF if isinstance(number, int) else 0
    category = error.get("category")
    if code in _DENIED or category in (_PERMISSION_DENIED, _SECURITY_ERROR) or _has(name, _DENIED_IDS):
        return f"access denied: {needs}"
    if _has(name, _CONSTRAINED):
        return "PowerShell runs in ConstrainedLanguage here, which does not allow this question"
    if _has(name, _UNKNOWN_IDS) or code in _MISSING:
        return f"{NOT_OFFERED} ({clean_line(name.strip(), 100)})"
    return clean_line(f"PowerShell failed: {name.strip() or 'it did not say how'} ({code:#010x})", MAX_REASON)


def _has(name: str, parts: Sequence[str]) -> bool:
    return any(part.lower() in name.lower() for part in parts)


def troubles(found: Iterable[Row], *, needs: str = ADMINISTRATOR) -> dict[str, str]:
    """Return why guarded parts failed, by their name."""
    return {str(row["trouble"]): _describe(row, str(row.get("id", "")), needs) for row in found if row.get("trouble")}


def select(found: Iterable[Row], member: str) -> tuple[Row, ...]:
    """Return the rows that have a member, which is how a script tells its kinds of rows apart."""
    return tuple(row for row in found if member in row and "trouble" not in row)


def is_integer(value: object) -> bool:
    """Say whether a JSON value is a whole number, and not a boolean."""
    return isinstance(value, int) and not isinstance(value, bool)


def integer(row: Row, member: str, place: str) -> Field:
    """Return a whole number as a field."""
    value = row.get(member, "")
    if value is None:
        return Absent(place)
    if isinstance(value, int) and not isinstance(value, bool):
        return Known(value, place)
    return _unfit(row, member, "no whole number", place)


def boolean(row: Row, member: str, place: str) -> Field:
    """Return true or false as a field."""
    value = row.get(member, "")
    if value is None:
        return Absent(place)
    return Known(value, place) if isinstance(value, bool) else _unfit(row, member, "neither true nor false", place)


def text(row: Row, member: str, place: str) -> Field:
    """Return a text as a field."""
    value = row.get(member, 0)
    if value is None:
        return Absent(place)
    return Known(tidy(value), place) if isinstance(value, str) else _unfit(row, member, "no text", place)


def texts(row: Row, member: str, place: str) -> Field:
    """Return a list of texts as a field; PowerShell writes a list of one as that one."""
    value = row.get(member, 0)
    if value is None:
        return Absent(place)
    items = [value] if isinstance(value, str) else value
    if isinstance(items, list) and all(isinstance(item, str) for item in items):
        return Known(tuple(tidy(item) for item in items), place)
    return _unfit(row, member, "no list of texts", place)


def time(row: Row, member: str, place: str) -> Field:
    """Return whole seconds since 1970-01-01 UTC as a field; a time before that stands for none."""
    value = integer(row, member, place)
    return Absent(place) if isinstance(value, Known) and isinstance(value.value, int) and value.value <= 0 else value


def tidy(value: str) -> str:
    """Return text as it can be stored: without zero bytes and lone surrogates."""
    return value.replace("\0", "").encode("utf-8", "backslashreplace").decode()


def _unfit(row: Row, member: str, what: str, place: str) -> Unreadable:
    if member not in row:
        return Unreadable(f"the answer lacks {member}", place)
    return Unreadable(f"{member} is {what}: {clean_line(str(row[member]), 60)}", place)


EPOCH = "[long](({0}.ToUniversalTime() - [datetime]'1970-01-01').TotalSeconds)"
"""A DateTime as whole seconds since 1970-01-01 UTC; to be formatted with the expression."""
