"""Rules, settings and aliases of sudoers, from its tokens; an entry that does not parse is told, and left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hardening.probes.sudo_tokens import TAGS, Kind, Token, tokenize

_NAMES = frozenset({Kind.WORD, Kind.ALIAS, Kind.ALL})
_COMMANDS = frozenset({Kind.COMMAND, Kind.ALIAS, Kind.ALL})
_OPPOSITES = {name: name.removeprefix("NO") for name in TAGS if name.startswith("NO")}


@dataclass(frozen=True, slots=True)
class Member:
    """One name, alias or command of a list; ``arguments`` is ``None`` where a command may have any."""

    kind: Kind
    text: str
    negated: bool = False
    arguments: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Commands of one rule with what they inherit: ``runas`` is ``None`` where sudo's default account is meant."""

    command: Member
    runas: tuple[Member, ...] | None
    groups: tuple[Member, ...]
    tags: tuple[str, ...]
    digested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who may run what on which hosts, as one part of an entry says it."""

    users: tuple[Member, ...]
    hosts: tuple[Member, ...]
    grants: tuple[Grant, ...]
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """One setting. ``scope`` is empty for all, else ``:`` user, ``@`` host, ``>`` target account, ``!`` command.

    ``operator`` is ``=``, ``+=``, ``-=``, or ``!`` for off; ``value`` is empty for a plain switch.
    """

    scope: str
    binding: tuple[Member, ...]
    name: str
    operator: str
    value: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Include:
    """A file or folder that is read where the entry stands."""

    path: str
    folder: bool
    line: int


@dataclass(slots=True)
class Sudoers:
    """Everything that was read, in order; ``aliases`` by kind and name, ``faults`` as ``file:line: why``."""

    rules: list[Rule] = field(default_factory=list)
    defaults: list[Default] = field(default_factory=list)
    aliases: dict[tuple[str, str], tuple[Member, ...]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class _SyntaxFaultError(Exception):
    """An entry that sudo would not understand either."""


def parse_entries(text: str, file: str, sudoers: Sudoers) -> Iterable[Include]:
    """Add the entries of one file to ``sudoers``; yields each include where it stands."""
    entry: list[Token] = []
    for token in tokenize(text):
        if token.kind is not Kind.END:
            entry.append(token)
            continue
        if entry and entry[0].kind is Kind.INCLUDE:
            yield Include(entry[0].text, entry[0].arguments == "dir", entry[0].line)
        elif entry:
            _take_entry(entry, file, sudoers)
        entry = []


def _take_entry(tokens: list[Token], file: str, sudoers: Sudoers) -> None:
    parser = _Parser(tokens, file, sudoers)
    wrong = next((token for token in tokens if token.kind is Kind.ERROR), None)
    if wrong is not None:
        sudoers.faults.append(f"{file}:{tokens[0].line}: not understood: {wrong.text[:40]}")
        return
    try:
        match tokens[0].kind:
            case Kind.DEFAULTS:
                sudoers.defaults += parser.parse_defaults()
            case Kind.DEFINITION:
                parser.parse_aliases()
            case _:
                sudoers.rules += parser.parse_rules()
    except _SyntaxFaultError as fault:
        sudoers.faults.append(f"{file}:{tokens[0].line}: not understood: {str(fault)[:40]}")


@dataclass(slots=True)
class _Parser:
    tokens: Sequence[Token]
    file: str
    sudoers: Sudoers
    position: int = 0

    def _peek(self) -> Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def _next(self) -> Token:
        token = self._peek()
        if token is None:
            msg = "the end of the line"
            raise _SyntaxFaultError(msg)
        self.position += 1
        return token

    def _sees(self, *texts: str) -> bool:
        token = self._peek()
        return token is not None and token.kind is Kind.PUNCTUATION and token.text in texts

    def _skip(self, text: str) -> bool:
        if self._sees(text):
            self.position += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._skip(text):
            token = self._peek()
            raise _SyntaxFaultError(token.text if token else "the end of the line")

    def _member(self, kinds: frozenset[Kind]) -> Member:
        negated = False
        while self._skip("!"):
            negated = not negated
        token = self._next()
        if token.kind not in kinds and not (kinds is _COMMANDS and token.text == "list"):
            raise _SyntaxFaultError(token.text)
        return Member(token.kind, token.text, negated, token.arguments)

    def _members(self, kinds: frozenset[Kind]) -> tuple[Member, ...]:
        found = [self._digested(kinds)[0]]
        while self._skip(","):
            found.append(self._digested(kinds)[0])
        return tuple(found)

    def _digested(self, kinds: frozenset[Kind]) -> tuple[Member, bool]:
        """Read a member of a list of commands with the digests in front of it."""
        digested = False
        while kinds is _COMMANDS and (token := self._peek()) is not None and token.kind is Kind.DIGEST:
            self.position += 1
            digested = True
            self._skip(",")
        return self._member(kinds), digested

    def parse_rules(self) -> list[Rule]:
        users = self._members(_NAMES)
        rules = [self._rule(users)]
        while self._skip(":"):
            rules.append(self._rule(users))
        if (token := self._peek()) is not None:
            raise _SyntaxFaultError(token.text)
        return rules

    def _rule(self, users: tuple[Member, ...]) -> Rule:
        line = self.tokens[0].line
        hosts = self._members(_NAMES)
        self._need("=")
        grants = [self._grant(None)]
        while self._skip(","):
            grants.append(self._grant(grants[-1]))
        return Rule(users=users, hosts=hosts, grants=tuple(grants), file=self.file, line=line)

    def _grant(self, before: Grant | None) -> Grant:
        runas, groups = (before.runas, before.groups) if before else (None, ())
        if self._skip("("):
            runas, groups = self._runas()
        while (token := self._peek()) is not None and token.kind is Kind.OPTION:
            self.position += 1
            self._need("=")
            self._next()
        tags = list(before.tags) if before else []
        while (token := self._peek()) is not None and token.kind is Kind.TAG:
            self.position += 1
            tags = [tag for tag in tags if _subject(tag) != _subject(token.text)] + [token.text]
        command, digested = self._digested(_COMMANDS)
        return Grant(command=command, runas=runas, groups=groups, tags=tuple(tags), digested=digested)

    def _runas(self) -> tuple[tuple[Member, ...], tuple[Member, ...]]:
        users: tuple[Member, ...] = ()
        groups: tuple[Member, ...] = ()
        if not self._sees(":", ")"):
            users = self._members(_NAMES)
        if self._skip(":") and not self._sees(")"):
            groups = self._members(_NAMES)
        self._need(")")
        return users, groups

    def parse_aliases(self) -> None:
        kind = self._next().text
        members = _COMMANDS if kind == "Cmnd" else _NAMES
        while True:
            token = self._next()
            if token.kind is not Kind.ALIAS:
                raise _SyntaxFaultError(token.text)
            self._need("=")
            found = self._members(members)
            if (kind, token.text) in self.sudoers.aliases:
                msg = f"{token.text} is already defined"
                raise _SyntaxFaultError(msg)
            self.sudoers.aliases[kind, token.text] = found
            if not self._skip(":"):
                break
        if (token_left := self._peek()) is not None:
            raise _SyntaxFaultError(token_left.text)

    def parse_defaults(self) -> list[Default]:
        head = self._next()
        binding: tuple[Member, ...] = ()
        if head.text:
            binding = self._members(_COMMANDS if head.text == "!" else _NAMES)
            self._need(";")
        found = [self._default(head, binding)]
        while self._skip(","):
            found.append(self._default(head, binding))
        if (token := self._peek()) is not None:
            raise _SyntaxFaultError(token.text)
        return found

    def _default(self, head: Token, binding: tuple[Member, ...]) -> Default:
        off = False
        while self._skip("!"):
            off = not off
        token = self._next()
        if token.kind is not Kind.WORD:
            raise _SyntaxFaultError(token.text)
        name, operator, value = token.text, "!" if off else "", ""
        if self._sees("=", "+=", "-="):
            operator = self._next().text
            value = self._next().text
        return Default(
            scope=head.text,
            binding=binding,
            name=name,
            operator=operator,
            value=value,
            file=self.file,
            line=head.line,
        )


def _subject(tag: str) -> str:
    return _OPPOSITES.get(tag, tag)
