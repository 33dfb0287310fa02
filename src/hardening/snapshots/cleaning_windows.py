"""Replacing what names a site in answers of PowerShell: JSON whose texts are cleaned one by one.

Names of accounts are those that stand where accounts stand; names of computers and domains are those before them. SIDs
keep their form and their last number, so that what is judged by it stays. GUIDs stay: most of them name what Windows
and its policies are made of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hardening.snapshots.cleaning import REDACTED, Cleaner
from hardening.snapshots.site_patterns import ADDRESS4, ADDRESS6, DOMAIN, DOMAIN_IN_URL, LOGIN_IN_URL, MAIL, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hardening.snapshots.cleaning import Vocabulary

_ACCOUNT_MEMBERS = frozenset({"account", "user", "principal", "owner", "author", "runas"})
_NAMED = {"local_accounts": frozenset({"name"}), "local_group_members": frozenset({"name"})}
"""Steps in which members of another name hold names of accounts."""

_NOTICES = frozenset({"legalnoticetext", "legalnoticecaption"})
_OWN_TASK = re.compile(r"\\(?!Microsoft\\)(?:[^\\]+\\)*[^\\]+")
_WELL_KNOWN = frozenset(
    (
        *("administrator", "guest", "gjest", "gast", "defaultaccount", "wdagutilityaccount", "krbtgt"),
        *("system", "localsystem", "localservice", "networkservice", "users", "administrators", "interactive"),
        *("public", "default", "all", "everyone"),
    )
)
_SYSTEM_DOMAINS = frozenset(
    ("nt authority", "builtin", "nt service", "iis apppool", "font driver host", "window manager")
)
_SYSTEM_SHARES = re.compile(r"(?:[A-Z]|ADMIN|IPC|print|FAX)\$|NETLOGON|SYSVOL", re.IGNORECASE)
_QUALIFIED = re.compile(r"([^\\/@:]{1,64})\\([^\\/:]{1,256})")
_WINNT = re.compile(r"WinNT://(.+)")
_PROFILE = re.compile(r"(?<=[A-Za-z]:\\Users\\)[^\\\"]+", re.IGNORECASE)
_DOMAIN_SID = re.compile(r"\bS-1-5-21-(\d{1,10}-\d{1,10}-\d{1,10})(?=-|\b)")
_SID_BYTES = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0]
_FIRST, _LAST = 12, 24
# A user right in an export is called after a token, and holds none.
_RIGHT = re.compile(r"Se[A-Za-z]+(?:Privilege|Right) = ")
_RULE_NAME = re.compile(r"(\|Name=)[^|@][^|]*(\|)")
_NEW_NAME = re.compile(r'((?:NewAdministratorName|NewGuestName) = )"([^"]*)"')


class WindowsCleaner(Cleaner):
    """Replaces what names a site in the answers of one Windows server."""

    def __init__(self, texts: Iterable[tuple[str, str]], vocabulary: Vocabulary) -> None:
        """Learn from all texts of a recording, each with the name of its step."""
        texts = list(texts)
        super().__init__((text for _, text in texts), vocabulary)
        self._people_here: dict[str, str] = {}
        self._places_here: dict[str, str] = {}
        for step, text in texts:
            for member, value in _list_strings(_parse(text)):
                self._learn(step, member, value)
        names = {**self._places_here, **self._people_here}
        spoken = {word.lower() for word in vocabulary.spoken}
        plain = sorted((name for name in names if name not in spoken), key=lambda name: (-len(name), name))
        pattern = "|".join(map(re.escape, plain)) or "(?!)"
        self._words = re.compile(rf"(?<![A-Za-z0-9_])(?:{pattern})(?![A-Za-z0-9_])", re.IGNORECASE)
        self._all = names

    def _learn(self, step: str, member: str, value: str) -> None:
        """Remember the names of accounts, computers and domains that stand where such names stand."""
        if member == "computer":
            self._add_place(value)
        if member in _NAMED.get(step, ()):
            self._add_person(value)
        elif match := _WINNT.fullmatch(value):
            *places, name = match[1].split("/")
            for place in places:
                self._add_place(place)
            self._add_person(name)
        elif member in _ACCOUNT_MEMBERS:
            if match := _QUALIFIED.fullmatch(value):
                self._add_place(match[1])
                self._add_person(match[2])
            elif match := MAIL.fullmatch(value):
                self._add_person(match[1])
            elif "\\" not in value and "/" not in value and " " not in value:
                self._add_person(value)
        for match in _PROFILE.finditer(value):
            self._add_person(match[0])

    def _add_place(self, name: str) -> None:
        if name and name != "." and name.lower() not in _SYSTEM_DOMAINS:
            self._places_here.setdefault(name.lower(), self._pseudonyms.word("host", name.lower()))

    def _add_person(self, name: str) -> None:
        name = name.removesuffix("$")
        if (
            name
            and name.lower() not in _WELL_KNOWN
            and name not in self._vocabulary.judged
            and not name.startswith("S-1-")
        ):
            self._people_here.setdefault(name.lower(), self._pseudonyms.word("user", name.lower()))

    def clean(self, text: str, step: str = "") -> str:
        """Return JSON, or any other text, without what names the site."""
        data = _parse(text)
        if data is None:
            return self._clean_text(text, "", step)
        return json.dumps(self._clean_data(data, "", step), ensure_ascii=True, separators=(",", ":"))

    def _clean_data(self, data: object, member: str, step: str) -> object:
        match data:
            case str():
                return self._clean_text(data, member, step)
            case dict():
                notice = str(data.get("name", "")).lower() in _NOTICES
                return {
                    key: REDACTED if notice and key == "data" and value else self._clean_data(value, str(key), step)
                    for key, value in data.items()
                }
            case list():
                if data[:_FIRST] == _SID_BYTES and len(data) >= _LAST and _are_bytes(data):
                    return [*data[:_FIRST], *self._clean_domain_bytes(bytes(data[_FIRST:_LAST])), *data[_LAST:]]
                return [self._clean_data(item, member, step) for item in data]
            case _:
                return data

    def _clean_text(self, text: str, member: str, step: str) -> str:
        if not text or "version" in member:
            return text
        if step == "windows_shares" and member == "share" and not _SYSTEM_SHARES.fullmatch(text):
            return self._pseudonyms.word("share", text.lower())
        if step == "windows_tasks" and member in {"task", "path", "name"} and _OWN_TASK.fullmatch(text):
            return f"\\{self._pseudonyms.word('task', text)}"
        if member in (_ACCOUNT_MEMBERS | _NAMED.get(step, frozenset())) and text.lower() in self._people_here:
            return self._people_here[text.lower()]
        text = _NEW_NAME.sub(self._clean_new_name, text)
        text = _RULE_NAME.sub(r"\1rule\2", text)
        text = LOGIN_IN_URL.sub(REDACTED, text)
        if not _RIGHT.match(text):
            text = SECRET.sub(self._clean_secret, text)
        text = _DOMAIN_SID.sub(lambda match: "S-1-5-21-" + self._clean_sid(match[1]), text)
        text = MAIL.sub(self._clean_mail, text)
        for pattern in (DOMAIN, DOMAIN_IN_URL):
            text = pattern.sub(lambda match: self._clean_domain(match[1]), text)
        text = ADDRESS4.sub(lambda match: self._clean_address(match[0]), text)
        text = ADDRESS6.sub(lambda match: self._pseudonyms.address(match[0]), text)
        text = _PROFILE.sub(lambda match: self._people_here.get(match[0].lower(), match[0]), text)
        return self._words.sub(lambda match: self._all[match[0].lower()], text)

    def _clean_new_name(self, match: re.Match[str]) -> str:
        name = match[2]
        if name.lower() in _WELL_KNOWN:
            return match[0]
        return f'{match[1]}"{self._pseudonyms.word("user", name.lower())}"'

    def _clean_sid(self, numbers: str) -> str:
        packed = b"".join((int(number) & 0xFFFFFFFF).to_bytes(4, "little") for number in numbers.split("-"))
        fresh = self._clean_domain_bytes(packed)
        return "-".join(str(int.from_bytes(bytes(fresh[at : at + 4]), "little")) for at in range(0, len(fresh), 4))

    def _clean_domain_bytes(self, packed: bytes) -> list[int]:
        """Return the three numbers of a domain as others, the same for the same domain."""
        number = self._pseudonyms.number("domain", packed.hex())
        return list(b"".join(value.to_bytes(4, "little") for value in (1000, 1000, number)))


def _parse(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _list_strings(data: object, member: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text with the member that it stands in."""
    match data:
        case str():
            yield member, data
        case dict():
            for key, value in data.items():
                yield from _list_strings(value, str(key))
        case list():
            for item in data:
                yield from _list_strings(item, member)
        case _:
            return


def _are_bytes(data: list[object]) -> bool:
    return all(isinstance(item, int) and 0 <= item < 256 for item in data)  # noqa: PLR2004 - a byte
