"""The words of a sudoers file, as sudo's own lexer parts them: what ``#`` and ``:`` mean depends on the place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    ALIAS = "alias"
    ALL = "all"
    TAG = "tag"
    OPTION = "option"
    COMMAND = "command"
    DIGEST = "digest"
    PUNCTUATION = "punctuation"
    DEFAULTS = "defaults"
    DEFINITION = "definition"
    INCLUDE = "include"
    END = "end"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the line where it begins; ``arguments`` are those of a command, ``None`` where any may be given."""

    kind: Kind
    text: str
    line: int
    arguments: str | None = None


TAGS = (
    *("NOPASSWD", "PASSWD", "NOEXEC", "EXEC", "NOINTERCEPT", "INTERCEPT", "NOSETENV", "SETENV", "NOLOG_OUTPUT"),
    *("LOG_OUTPUT", "NOLOG_INPUT", "LOG_INPUT", "NOMAIL", "MAIL", "NOFOLLOW", "FOLLOW"),
)
_OPTIONS = (
    *("TIMEOUT", "NOTBEFORE", "NOTAFTER", "CWD", "CHROOT", "ROLE", "TYPE", "APPARMOR_PROFILE", "LIMITPRIVS", "PRIVS"),
)
_CONTINUED = r"\\[ \t]*\r?\n"
_BLANKS = re.compile(rf"(?:[ \t\r]|{_CONTINUED})+")
_COMMENT = re.compile(r"#(?:-(?![0-9])|(?![0-9-]))[^\n]*")
_INCLUDE = re.compile(r"@include(dir)?|#include(dir)?(?=[ \t])")
_INCLUDED = re.compile(r"[ \t]*(?:\"([^\"\n]*)\"|((?:\\[ \t]|[^\s\"])(?:\\[ \t]|\S)*))")
_DEFAULTS = re.compile(r"Defaults(?=[:@>! \t\\]|$)([:@>!]?)", re.MULTILINE)
_DEFINITION = re.compile(r"(Host|Cmnd|Cmd|User|Runas)_Alias(?=[ \t\\])")
_STRING = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_WORD = re.compile(r"(?:[^#>!=:,() \t\r\n\\\"]|\\[^\t\n])+")
_ID = re.compile(r"%?:?#-?[0-9]+")
_FOREIGN_GROUP = re.compile(r"%:(?:[^#>!=:,() \t\r\n\\\"]|\\[^\t\n])+")
_OPTION_VALUE = re.compile(r"(?:\\.|[^\s,:=#\\\"()!>])+")
_ADDRESS = re.compile(r"(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]*(?:/[0-9A-Fa-f:]+)?(?=[ \t,=\n]|$)")
_TAG = re.compile(rf"({'|'.join(TAGS)})[ \t]*:")
_OPTION = re.compile(rf"({'|'.join(_OPTIONS)})(?=[ \t]*=)")
_ALIAS = re.compile(r"[A-Z][A-Z0-9_]*")
_DIGEST = re.compile(r"(sha(?:224|256|384|512))[ \t]*:[ \t]*([0-9A-Za-z+/=]+)")
_PATH = re.compile(r"/(?:\\[,:= \t#]|[^,:=\\ \t\r\n#])+|sudoedit(?=[ \t\n]|$)")
_REGEX = re.compile(r"\^(?:[^#\r\n$]|\\[#$])*\$")
_PATTERN = re.compile(r"[ \t]+(\^(?:\\[^\r\n]|[^#\\\r\n$])*\$)")
# A sign of equality inside a longer word is part of it; alone it ends the command, which is then no longer understood.
_ORDINARY = r"[^#\\:, \t\r\n]"
_ARGUMENTS = re.compile(rf"(?:\\[^\n \t]|{_CONTINUED}|\\[ \t]|=(?={_ORDINARY})|(?<={_ORDINARY})=|[^#\\:,=\n])*")
_SETTING = re.compile(r"[a-z_]+")
_VALUE = re.compile(r"(?:[^#!=, \t\r\n\\\"]|\\[^\r\n])(?:[^#=, \t\r\n\\\"]|\\[^\r\n])*")


def tokenize(text: str) -> Iterator[Token]:
    """Yield the tokens of a file; each entry ends in ``END``, also where it holds an ``ERROR``."""
    return _Lexer(text).run()


def join_lines(lines: Sequence[tuple[int, str]]) -> str:
    """Return the text of a file from its numbered lines."""
    return "".join(f"{line}\n" for _, line in lines)


def unescape(text: str) -> str:
    """Return a word without the backslashes that protected its letters."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


@dataclass(slots=True)
class _Lexer:
    text: str
    position: int = 0
    line: int = 1

    def run(self) -> Iterator[Token]:
        while self.position < len(self.text):
            yield from self._entry()

    def _take(self, match: re.Match[str]) -> str:
        self.position = match.end()
        self.line += match.group().count("\n")
        return match.group()

    def _skip_blanks(self) -> None:
        match = _BLANKS.match(self.text, self.position)
        if match:
            self._take(match)

    def _at_end(self) -> bool:
        """Go over blanks and a comment; say whether the entry is over."""
        self._skip_blanks()
        comment = _COMMENT.match(self.text, self.position)
        if comment:
            self.position = comment.end()
        return self.position >= len(self.text) or self.text[self.position] == "\n"

    def _end(self) -> Token:
        token = Token(Kind.END, "", self.line)
        self.position += 1
        self.line += 1
        return token

    def _entry(self) -> Iterator[Token]:
        include = _INCLUDE.match(self.text, self.position)
        if include is None or include.group().startswith("@"):
            self._skip_blanks()
            include = _INCLUDE.match(self.text, self.position)
            if include is not None and include.group().startswith("#"):
                include = None
        if include is not None:
            yield self._include(include)
        elif match := _DEFAULTS.match(self.text, self.position):
            yield Token(Kind.DEFAULTS, match[1], self.line)
            self._take(match)
            yield from self._defaults(match[1])
        elif match := _DEFINITION.match(self.text, self.position):
            yield Token(Kind.DEFINITION, match[1].replace("Cmd", "Cmnd"), self.line)
            self._take(match)
            yield from self._words()
        else:
            yield from self._words()
        yield self._end()

    def _include(self, match: re.Match[str]) -> Token:
        line = self.line
        self._take(match)
        name = _INCLUDED.match(self.text, self.position)
        folder = "dir" if match[1] or match[2] else ""
        end = self.text.find("\n", self.position)
        self.position = end if end >= 0 else len(self.text)
        if name is None:
            return Token(Kind.ERROR, "an include without a path", line)
        return Token(Kind.INCLUDE, name[1] if name[1] is not None else unescape(name[2]), line, folder)

    def _words(self) -> Iterator[Token]:
        before = [Kind.END, Kind.END]
        while not self._at_end():
            token = self._option_value() if before == [Kind.OPTION, Kind.PUNCTUATION] else self._word()
            before = [before[1], token.kind]
            yield token
            if token.kind is Kind.ERROR:
                self._recover()

    def _recover(self) -> None:
        end = self.text.find("\n", self.position)
        self.position = end if end >= 0 else len(self.text)

    def _option_value(self) -> Token:
        match = _OPTION_VALUE.match(self.text, self.position)
        return Token(Kind.WORD, unescape(self._take(match)), self.line) if match else self._word()

    def _word(self) -> Token:
        line = self.line
        for expression, kind in ((_TAG, Kind.TAG), (_OPTION, Kind.OPTION), (_DIGEST, Kind.DIGEST)):
            match = expression.match(self.text, self.position)
            if match:
                self._take(match)
                return Token(kind, match[1], line)
        for expression in (_PATH, _REGEX):
            match = expression.match(self.text, self.position)
            if match:
                return self._command(self._take(match), line)
        match = _STRING.match(self.text, self.position)
        if match:
            self._take(match)
            return Token(Kind.WORD, unescape(re.sub(_CONTINUED + "[ \t]*", "", match[1])), line)
        for expression in (_FOREIGN_GROUP, _ADDRESS, _ID, _WORD):
            match = expression.match(self.text, self.position)
            if match:
                word = self._take(match)
                kind = Kind.ALL if word == "ALL" else Kind.ALIAS if _ALIAS.fullmatch(word) else Kind.WORD
                return Token(kind, unescape(word), line)
        letter = self.text[self.position]
        self.position += 1
        return Token(Kind.PUNCTUATION if letter in "(),=:!" else Kind.ERROR, letter, line)

    def _command(self, path: str, line: int) -> Token:
        if path.endswith("/"):
            return Token(Kind.COMMAND, unescape(path), line)
        match = _PATTERN.match(self.text, self.position) or _ARGUMENTS.match(self.text, self.position)
        arguments = self._take(match) if match else ""
        text = re.sub(r"\\([:\\,= \t#])", r"\1", " ".join(re.sub(_CONTINUED, " ", arguments).split()))
        return Token(Kind.COMMAND, unescape(path), line, text or None)

    def _defaults(self, scope: str) -> Iterator[Token]:
        if scope:
            yield from self._binding()
        while not self._at_end():
            line = self.line
            letter = self.text[self.position]
            if match := _SETTING.match(self.text, self.position):
                yield Token(Kind.WORD, self._take(match), line)
                yield from self._assignment()
            elif letter in ",!":
                self.position += 1
                yield Token(Kind.PUNCTUATION, letter, line)
            else:
                yield Token(Kind.ERROR, letter, line)
                self._recover()

    def _binding(self) -> Iterator[Token]:
        """Yield the list that a setting is for; blanks end it unless a comma or ``!`` stands beside them."""
        expects = True
        while not self._at_end():
            token = self._word_of_binding()
            yield token
            if token.kind is Kind.ERROR:
                self._recover()
                return
            expects = token.kind is Kind.PUNCTUATION
            if not expects and not self._comma_follows():
                yield Token(Kind.PUNCTUATION, ";", self.line)
                return

    def _word_of_binding(self) -> Token:
        match = _PATH.match(self.text, self.position)
        if match:
            line = self.line
            return Token(Kind.COMMAND, unescape(self._take(match)), line)
        return self._word()

    def _comma_follows(self) -> bool:
        blanks = _BLANKS.match(self.text, self.position)
        after = blanks.end() if blanks else self.position
        return self.text[after : after + 1] == ","

    def _assignment(self) -> Iterator[Token]:
        self._skip_blanks()
        match = re.compile(r"[+-]?=").match(self.text, self.position)
        if match is None:
            return
        line = self.line
        yield Token(Kind.PUNCTUATION, self._take(match), line)
        self._skip_blanks()
        string = _STRING.match(self.text, self.position)
        word = _VALUE.match(self.text, self.position)
        if string:
            self._take(string)
            yield Token(Kind.WORD, re.sub(_CONTINUED + "[ \t]*", "", string[1]).replace('\\"', '"'), line)
        elif word:
            yield Token(Kind.WORD, unescape(self._take(word)), line)
        else:
            yield Token(Kind.ERROR, "no value", line)
            self._recover()
