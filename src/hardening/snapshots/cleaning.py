"""Replacing what names a site in texts from a target, so that what is judged stays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hardening.snapshots.pseudonyms import Pseudonyms
from hardening.snapshots.site_patterns import (
    ACCOUNT,
    ADDRESS4,
    ADDRESS6,
    BELOW_HOME,
    CARD,
    CERTIFIED_NAME,
    COMMENT,
    DOMAIN,
    DOMAIN_IN_URL,
    FINGERPRINT,
    HASH,
    HEX6,
    HOLDER,
    HOLDER_NAMES,
    HOST_NAMES,
    KEY,
    LAST_COMMENT,
    LISTED,
    LOGIN_IN_URL,
    MACHINE,
    MAIL,
    MEMBERS,
    NO_SECRET,
    PACKED4,
    PACKED6,
    PEOPLE,
    PRIVATE,
    QUOTED_COMMENT,
    RANDOM,
    SECRET,
    SUDOERS,
    SYSTEM,
    UUID,
    VENDORS,
    VERSIONED,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

FIRST_PERSON = 1000
NOBODY = 65534

REDACTED = "redacted"

CERTIFIED = "tls_listeners"
"""The step whose answer tells what certificates say."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words that say nothing about a site. ``judged`` are those that checks compare with: they stay everywhere.

    ``spoken`` are those that questions and their parsers are made of: a name among them is replaced only where it
    stands as a name.
    """

    judged: frozenset[str]
    spoken: frozenset[str]


class Cleaner:
    """Replaces what names a site, in any text of one recording."""

    def __init__(self, texts: Iterable[str], vocabulary: Vocabulary) -> None:
        whole = "\0\n".join(texts)
        self._vocabulary = vocabulary
        self._pseudonyms = Pseudonyms(whole)
        system = {match[1] or match[3] for match in SYSTEM.finditer(whole) if not _is_person(match[2] or match[4])}
        people = dict.fromkeys(self._find_people(whole, system))
        hosts = dict.fromkeys(self._find_hosts(whole))
        self._names = {name: self._pseudonyms.word("user", name) for name in people}
        self._hosts = {name.lower(): self._pseudonyms.word("host", name.lower()) for name in hosts}
        plain = [name for name in self._names if name not in vocabulary.spoken]
        self._anywhere = _match_words([*plain, *(name for name in self._hosts if name not in vocabulary.spoken)])

    def clean(self, text: str, step: str = "") -> str:
        """Return a text, of a step if it is one's, without what names the site."""
        if not text:
            return text
        text = PRIVATE.sub(REDACTED, text)
        if step == CERTIFIED:
            text = HOLDER.sub(lambda match: f"{match[1]}CN={self._pseudonyms.word('holder', match[2])}", text)
            text = HOLDER_NAMES.sub(self._clean_certified, text)
        text = COMMENT.sub(r"\1\2", text)
        text = LAST_COMMENT.sub("#", text)
        text = QUOTED_COMMENT.sub(lambda match: f'{match[1]}"{REDACTED}"' if match[1] else f"/* {REDACTED} */", text)
        text = HASH.sub(rf"\1{REDACTED}", text)
        text = LOGIN_IN_URL.sub(REDACTED, text)
        text = SECRET.sub(self._clean_secret, text)
        text = KEY.sub(lambda match: self._pseudonyms.blob(match[0]), text)
        text = FINGERPRINT.sub(lambda match: self._pseudonyms.blob(match[0]), text)
        text = RANDOM.sub(lambda match: self._pseudonyms.word("random", match[0]), text)
        text = self._clean_numbers(text, step)
        text = MAIL.sub(self._clean_mail, text)
        for pattern in (DOMAIN, DOMAIN_IN_URL):
            text = pattern.sub(lambda match: self._clean_domain(match[1]), text)
        return self._clean_names(text)

    def _clean_certified(self, match: re.Match[str]) -> str:
        return " names: " + CERTIFIED_NAME.sub(self._clean_certified_name, match[1])

    def _clean_certified_name(self, match: re.Match[str]) -> str:
        if match[1] == "IP Address:":
            # Those of IPv4 are replaced like everywhere else.
            return f"{match[1]}{self._pseudonyms.address(match[2]) if ':' in match[2] else match[2]}"
        return f"{match[1]}{self._pseudonyms.word('host', match[2].lower())}.example"

    def _clean_numbers(self, text: str, step: str) -> str:
        names = self._pseudonyms
        text = UUID.sub(lambda match: names.digits("uuid", match[0]), text)
        text = CARD.sub(lambda match: f"02:00:00:00:{names.number('card', match[0]) % 65536:04x}"[:14] + ":01", text)
        text = HEX6.sub(lambda match: names.packed(bytes.fromhex(match[0])).hex(), text)
        text = PACKED4.sub(lambda match: names.packed(bytes.fromhex(match[1])[::-1])[::-1].hex().upper() + ":", text)
        text = PACKED6.sub(lambda match: _swap(names.packed(_swap(bytes.fromhex(match[1])))).hex().upper() + ":", text)
        text = MACHINE.sub(lambda match: names.digits("machine", match[0]), text)
        if not step.startswith(VERSIONED):
            text = ADDRESS4.sub(lambda match: self._clean_address(match[0]), text)
        return ADDRESS6.sub(lambda match: names.address(match[0]), text)

    def _clean_address(self, text: str) -> str:
        return text if text in self._vocabulary.spoken else self._pseudonyms.address(text)

    def _clean_secret(self, match: re.Match[str]) -> str:
        value = (match["line"] or match["word"]).strip("\"' ")
        if NO_SECRET.fullmatch(value) or value in self._vocabulary.judged:
            return match[0]
        return f"{match['key'] or match['tight']}{REDACTED}"

    def _clean_domain(self, domain: str) -> str:
        if VENDORS.fullmatch(domain) or domain in self._vocabulary.spoken:
            return domain
        return f"{self._pseudonyms.word('host', domain.lower())}.example"

    def _clean_mail(self, match: re.Match[str]) -> str:
        if VENDORS.fullmatch(match[2]) or match[0] in self._vocabulary.spoken:
            return match[0]
        return f"{self._pseudonyms.word('mail', match[1])}@{self._clean_domain(match[2])}"

    def _clean_names(self, text: str) -> str:
        text = BELOW_HOME.sub(self._clean_path, text)
        for pattern, has_number in PEOPLE:
            text = pattern.sub(partial(self._clean_person, has_number=has_number), text)
        for pattern in HOST_NAMES:
            text = pattern.sub(lambda match: _put(match, self._hosts.get(match["name"].lower(), match["name"])), text)
        return self._anywhere.sub(lambda match: self._names.get(match[0]) or self._hosts[match[0].lower()], text)

    def _clean_person(self, match: re.Match[str], *, has_number: bool) -> str:
        if has_number and not _is_person(match["id"]):
            return match[0]
        return _put(match, self._names.get(match["name"], match["name"]))

    def _clean_path(self, match: re.Match[str]) -> str:
        parts = match[2].split("/")[1:]
        return match[1] + "".join(f"/{self._clean_file(part)}" for part in parts)

    def _clean_file(self, name: str) -> str:
        if name.startswith(".") or name in self._vocabulary.spoken:
            return name
        return self._pseudonyms.word("file", name)

    def _find_people(self, whole: str, system: set[str]) -> Iterable[str]:
        for pattern, has_number in PEOPLE:
            for match in pattern.finditer(whole):
                if not has_number or _is_person(match["id"]):
                    yield from self._new({match["name"]}, system)
        for match in MEMBERS.finditer(whole):
            yield from self._new(match[1].split(","), system)
        for match in LISTED.finditer(whole):
            words = (match[1] or match[2]).replace(",", " ").split()
            yield from self._new((word.partition("@")[0] for word in words), system)
        for match in SUDOERS.finditer(whole):
            yield from self._new({match[1]}, system)

    def _new(self, names: Iterable[str], system: set[str]) -> Iterable[str]:
        known = system | self._vocabulary.judged
        return [name for name in names if re.fullmatch(ACCOUNT, name) and name not in known and not name.isdigit()]

    def _find_hosts(self, whole: str) -> Iterable[str]:
        for pattern in HOST_NAMES:
            for match in pattern.finditer(whole):
                for name in (match["name"], match["name"].partition(".")[0]):
                    if name.lower() not in {"localhost", "(none)"}:
                        yield name


def _is_person(number: str) -> bool:
    return FIRST_PERSON <= int(number[:12]) != NOBODY


def _put(match: re.Match[str], name: str) -> str:
    """Return a match with another name in it."""
    start = match.start()
    return match[0][: match.start("name") - start] + name + match[0][match.end("name") - start :]


def _swap(data: bytes) -> bytes:
    """Return the four words of a packed IPv6 address as the kernel prints them, each from its end; its own inverse."""
    return b"".join(data[at : at + 4][::-1] for at in range(0, len(data), 4))


def _match_words(words: Iterable[str]) -> re.Pattern[str]:
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    if not ordered:
        return re.compile(r"(?!)")
    return re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(map(re.escape, ordered))})(?![A-Za-z0-9_])")
