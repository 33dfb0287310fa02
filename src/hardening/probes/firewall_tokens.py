"""The text of nft as tokens, with blocks and statements."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class TokenReader:
    """Tokens and a position in them; past the end stands an empty token."""

    tokens: list[str]
    at: int = 0

    @property
    def now(self) -> str:
        """The next token."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        """Take the next token."""
        token = self.now
        self.at += 1
        return token

    def skip_ends(self) -> None:
        """Pass over ends of lines and statements."""
        while self.now in {"\n", ";"}:
            self.at += 1

    def take_block(self) -> list[str]:
        """Take what stands between this ``{`` and its ``}``."""
        start, depth = self.at + 1, 0
        while self.at < len(self.tokens):
            depth += {"{": 1, "}": -1}.get(self.take(), 0)
            if not depth:
                break
        return self.tokens[start : self.at - 1]

    def take_statement(self) -> list[str]:
        """Take up to the end of the line or a semicolon; blocks in between belong to it."""
        start = self.at
        while self.now not in {"", "\n", ";"}:
            if self.now == "{":
                self.take_block()
            else:
                self.at += 1
        return self.tokens[start : self.at]
