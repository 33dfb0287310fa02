"""How libpam reads one line of its files: continuation, comments, brackets, types and control fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

NumberedLines = Sequence[tuple[int, str]]

TYPES = ("auth", "account", "password", "session")
INCLUDES = frozenset({"include", "substack"})

SUCCESS, IGNORE = "success", "ignore"
_CODES = (
    *("success", "open_err", "symbol_err", "service_err", "system_err", "buf_err", "perm_denied", "auth_err"),
    *("cred_insufficient", "authinfo_unavail", "user_unknown", "maxtries", "new_authtok_reqd", "acct_expired"),
    *("session_err", "cred_unavail", "cred_expired", "cred_err", "no_module_data", "conv_err", "authtok_err"),
    *("authtok_recover_err", "authtok_lock_busy", "authtok_disable_aging", "try_again", "ignore", "abort"),
    *("authtok_expired", "module_unknown", "bad_item", "conv_again", "incomplete", "default"),
)
_WORDS = {
    "required": {SUCCESS: "ok", "new_authtok_reqd": "ok", IGNORE: "ignore", "default": "bad"},
    "requisite": {SUCCESS: "ok", "new_authtok_reqd": "ok", IGNORE: "ignore", "default": "die"},
    "optional": {SUCCESS: "ok", "new_authtok_reqd": "ok", "default": "ignore"},
    "sufficient": {SUCCESS: "done", "new_authtok_reqd": "done", "default": "ignore"},
}
_PAIR = re.compile(rf"\s*({'|'.join(_CODES)})\s*=\s*(ignore|done|die|bad|ok|reset|[0-9]{{1,9}})")
_BLANKS = " \t\n"


@dataclass(frozen=True, slots=True)
class Control:
    """What a return value of a module does to its stack: by name of the value, or ``default``; a number jumps."""

    text: str
    actions: Mapping[str, str]

    def action(self, code: str) -> str:
        """Return the action for a return value."""
        return self.actions.get(code, self.actions["default"])


@dataclass(frozen=True, slots=True, kw_only=True)
class PamLine:
    """One line with all its fields; ``fault`` says why libpam makes it fail always.

    ``type`` is empty for ``@include``. ``control`` of an include is ``include``, ``substack`` or ``@include``, and
    ``module`` then is the name of the file.
    """

    number: int
    type: str
    control: Control
    module: str
    arguments: tuple[str, ...] = ()
    fault: str = ""

    @property
    def is_include(self) -> bool:
        """Whether the line stands for the lines of another file."""
        return self.control.text in INCLUDES or self.control.text == "@include"


ALWAYS_BAD = Control("", MappingProxyType({"default": "bad"}))


def parse_pam_lines(lines: NumberedLines) -> list[PamLine]:
    """Return the lines of one file that say something."""
    return [_parse_line(number, text) for number, text in _join(lines)]


def parse_control(text: str) -> Control:
    """Read a control field without its brackets; what libpam does not understand makes everything bad."""
    known = _WORDS.get(text.lower())
    if known is not None:
        return Control(text.lower(), MappingProxyType(known))
    if text.lower() in INCLUDES:
        return Control(text.lower(), ALWAYS_BAD.actions)
    actions: dict[str, str] = {}
    position = 0
    while text[position:].strip():
        match = _PAIR.match(text, position)
        if match is None or match[2].strip("0") == "" or match.end() == position:
            return Control(f"[{text}]", ALWAYS_BAD.actions)
        # A default only fills what is still open; anything else replaces what was given before.
        if match[1] != "default" or "default" not in actions:
            actions[match[1]] = match[2]
        position = match.end()
    return Control(f"[{text}]", MappingProxyType({"default": "bad", **actions}))


def _join(lines: NumberedLines) -> list[tuple[int, str]]:
    """Put continued lines together; a comment ends a line even where a backslash stands in front of its end."""
    joined: list[tuple[int, str]] = []
    pending = ""
    first = 0
    for number, line in lines:
        first = first if pending else number
        content, comment, _ = line.lstrip(" \t").partition("#")
        stripped = line.rstrip(_BLANKS)
        if stripped.endswith("\\") and not comment:
            pending += content.rstrip(_BLANKS)[:-1] + " "
            continue
        text = pending + content
        pending = ""
        if text.strip(_BLANKS):
            joined.append((first, text))
    # A file that ends in a backslash: libpam gives up on it, which the caller sees as a line without a type.
    return [*joined, (first, pending)] if pending.strip() else joined


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    position = 0
    while True:
        while position < len(text) and text[position] in _BLANKS:
            position += 1
        if position >= len(text):
            return found
        end = position
        if text[position] == "[":
            token, end = _bracketed(text, position + 1)
        else:
            while end < len(text) and text[end] not in _BLANKS:
                end += 1
            token = text[position:end]
        found.append(token)
        position = end + 1


def _bracketed(text: str, position: int) -> tuple[str, int]:
    token = ""
    while position < len(text) and text[position] != "]":
        if text[position] == "\\" and text[position + 1 : position + 2] == "]":
            position += 1
        token += text[position]
        position += 1
    return token, position


def _parse_line(number: int, text: str) -> PamLine:
    kind, *rest = _tokens(text) or [""]
    if kind.lower() == "@include":
        name = rest[0] if rest else ""
        return PamLine(number=number, type="", control=Control("@include", ALWAYS_BAD.actions), module=name)
    type_name = kind.removeprefix("-").lower()
    control = parse_control(rest[0]) if rest else ALWAYS_BAD
    fault = ""
    if type_name not in TYPES:
        # libpam takes such a line for one of auth, the most sensitive type, and lets it fail.
        type_name, fault = "auth", f"not a type: {kind[:40]}"
    elif not rest:
        fault = "no control"
    elif len(rest) == 1:
        fault = "no module"
    return PamLine(
        number=number,
        type=type_name,
        control=control,
        module=rest[1] if len(rest) > 1 else "",
        arguments=tuple(rest[2:]),
        fault=fault,
    )
