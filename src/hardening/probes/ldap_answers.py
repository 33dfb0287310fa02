"""What a directory's answer is worth: complete, partial, or nothing that a verdict may rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.evidence import Field, Known, Partial, Record, Unreadable
from hardening.model.step import Completed, LdapAnswer, NotRun

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.model.step import Answer

SUCCESS = 0
NO_SUCH_OBJECT = 32
_RESULTS = {
    1: "operationsError: the server wants a login first, or failed",
    2: "protocolError",
    3: "the server's time limit was reached",
    4: "the server's size limit was reached",
    8: "the server demands a stronger login",
    10: "the server only refers to another one",
    11: "an administrative limit was reached",
    13: "the server demands encryption",
    32: "the object does not exist, or this account may not see it",
    34: "the server does not understand the name",
    48: "the server wants another way of login",
    49: "the name or the password is wrong",
    50: "this account has no right to read it",
    51: "the server is busy",
    52: "the server is not available",
    53: "the server refuses to do it",
    80: "the server failed",
}


def found(answers: Mapping[str, Answer], step: str) -> LdapAnswer | Unreadable:
    """Return the answer to a search that succeeded, at least in part (`cut`), or why its probes are unreadable.

    A base that does not exist is unreadable too: directories say the same of one that we may not see.
    """
    match answers.get(step, NotRun("the step was not asked")):
        case LdapAnswer() as answer if answer.result == SUCCESS or (answer.cut and answer.entries):
            return answer
        case LdapAnswer() as answer:
            return Unreadable(describe_result(answer))
        case Completed():
            return Unreadable("a shell answered in place of a directory")
        case NotRun(reason):
            return Unreadable(clean_line(reason, 200))


def describe_result(answer: LdapAnswer) -> str:
    """Return in one line what a result that is no success means."""
    words = clean_line(answer.message, 120)
    meaning = _RESULTS.get(answer.result, "the server refused")
    return f"{meaning} (result {answer.result}{f': {words}' if words else ''})"


def record_field(records: tuple[Record, ...], answer: LdapAnswer, place: str) -> Field:
    """Return records as a field: partial where entries are missing."""
    return Partial(records, answer.cut, place) if answer.cut else Known(records, place)
