"""The programs and redirections of a shell script, found with a small tokenizer.

It knows what our scripts use; whatever it does not know is an error, so that nothing passes unseen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_OPERATORS = re.compile(r"\|\||&&|;;|[;&|()\n]")
_REDIRECTION = re.compile(r"[0-9]*(?:>>|>&|<&|>\||<>|<<-?|>|<)")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_FUNCTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEYWORDS = {"if", "then", "elif", "else", "while", "until", "do", "!", "{"}
_ENDS = {"fi", "done", "esac", "}"}


class NotUnderstoodError(Exception):
    """The script holds something that must not pass as harmless."""


@dataclass(slots=True)
class Found:
    """What a script would start, with arguments, and where it would write."""

    commands: set[str] = field(default_factory=set)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)

    @property
    def programs(self) -> set[str]:
        """Every command word that is no function of the script."""
        return self.commands - self.functions


def find_commands(script: str) -> Found:
    """Return every command word and every redirection that is not from a file, to /dev/null or to a descriptor."""
    found = Found()
    _Walker(script, found).walk()
    return found


@dataclass(slots=True)
class _Walker:
    text: str
    found: Found
    position: int = 0
    cases: int = 0

    def walk(self) -> None:
        """Read the whole text as a list of commands."""
        start = True
        call: list[str] = []
        while (token := self._next()) is not None:
            kind, text = token
            if kind == "redirection":
                self._redirect(text)
            elif kind == "operator":
                start = self._operator(text, call)
                call = []
            elif start and text == "case":
                self._open_case()
            elif start and text == "for":
                self._skip_for()
            elif start and (text in _KEYWORDS or _ASSIGNMENT.fullmatch(text)):
                pass
            elif start and text in _ENDS:
                self.cases -= text == "esac"
                start = False
            else:
                call.append(text)
                start = False
                if len(call) == 1:
                    self.found.commands.add(text)
        self._finish(call)

    def _operator(self, text: str, call: list[str]) -> bool:
        if text == "(" and len(call) == 1 and _FUNCTION.fullmatch(call[0]):
            if self._next() != ("operator", ")"):
                msg = f"not understood: {call[0]}("
                raise NotUnderstoodError(msg)
            self.found.functions.add(call[0])
            self.found.commands.discard(call[0])
            return True
        self._finish(call)
        if text == ";;":
            self._skip_pattern()
        return True

    def _finish(self, call: list[str]) -> None:
        if call:
            self.found.calls.append(tuple(call))

    def _redirect(self, operator: str) -> None:
        token = self._next()
        target = token[1] if token else ""
        descriptor = operator[-1] == "&" and (target.isdigit() or target == "-")
        reading = operator.lstrip("0123456789") == "<"
        nowhere = operator.lstrip("0123456789") == ">" and target == "/dev/null"
        if not (descriptor or reading or nowhere):
            self.found.writes.add(operator + target)

    def _open_case(self) -> None:
        self.cases += 1
        while self._next() not in {("word", "in"), None}:
            pass
        self._skip_pattern()

    def _skip_pattern(self) -> None:
        """Skip to the end of a pattern of a case, or stop in front of its esac."""
        while True:
            before = self.position
            token = self._next()
            if token in {None, ("operator", ")")}:
                return
            if token == ("word", "esac"):
                self.position = before
                return

    def _skip_for(self) -> None:
        while True:
            before = self.position
            token = self._next()
            if token is None or token[0] == "operator" or token == ("word", "do"):
                self.position = before
                return

    def _next(self) -> tuple[str, str] | None:
        while self.position < len(self.text):
            if self.text[self.position] in " \t":
                self.position += 1
            elif self.text.startswith("\\\n", self.position):
                self.position += 2
            elif self.text[self.position] == "#":
                self.position = (self.text + "\n").index("\n", self.position)
            else:
                break
        else:
            return None
        for kind, expression in (("redirection", _REDIRECTION), ("operator", _OPERATORS)):
            match = expression.match(self.text, self.position)
            if match:
                self.position = match.end()
                return kind, match.group()
        start = self.position
        while self.position < len(self.text) and self.text[self.position] not in " \t\n;&|()<>":
            self._skip_piece()
        return "word", self.text[start : self.position]

    def _skip_piece(self) -> None:
        """Skip one letter, or a quoted piece; what is substituted in it is read as commands."""
        letter = self.text[self.position]
        if letter == "'":
            self.position = self._find("'", self.position + 1)
        elif letter == "\\":
            self.position += 2
        elif letter == '"':
            self.position += 1
            while self._peek() != '"':
                self._skip_in_quotes()
            self.position += 1
        else:
            self._skip_in_quotes()

    def _skip_in_quotes(self) -> None:
        if self._peek() == "\\":
            self.position += 2
        elif self._peek() == "`":
            msg = "backquotes are not understood"
            raise NotUnderstoodError(msg)
        elif self.text.startswith("$((", self.position):
            self._skip_balanced("$((", "))")
        elif self.text.startswith("$(", self.position):
            start = self.position + 2
            self._skip_balanced("$(", ")")
            _Walker(self.text[start : self.position - 1], self.found).walk()
        elif self.text.startswith("${", self.position):
            self.position += 2
            while self._peek() != "}":
                self._skip_piece()
            self.position += 1
        else:
            self.position += 1

    def _skip_balanced(self, opening: str, closing: str) -> None:
        self.position += len(opening)
        depth = 0
        while depth or not self.text.startswith(closing, self.position):
            letter = self._peek()
            if letter in "'\"\\$":
                self._skip_piece()
                continue
            depth += (letter == "(") - (letter == ")")
            self.position += 1
        self.position += len(closing)

    def _peek(self) -> str:
        if self.position >= len(self.text):
            msg = f"not understood: the end of {self.text[-40:]!r}"
            raise NotUnderstoodError(msg)
        return self.text[self.position]

    def _find(self, letter: str, position: int) -> int:
        found = self.text.find(letter, position)
        if found < 0:
            msg = f"not understood: {self.text[position - 1 : position + 40]!r}"
            raise NotUnderstoodError(msg)
        return found + 1
