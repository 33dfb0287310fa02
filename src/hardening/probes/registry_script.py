"""Registry values as one script asks for them, and how the answer is read: every key once, whatever the questions.

The registry provider is used in place of .NET, so that the script works in ConstrainedLanguage as well. The 32-bit view
is asked by the path under which 64-bit programs see it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.model.clean import clean_line
from hardening.model.evidence import Absent, Field, Known, Unreadable
from hardening.probes.powershell import quote_text
from hardening.probes.windows_answers import ADMINISTRATOR, ERROR, Row, quote_list, select, tidy, troubles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PATH_PATTERN = r"(?:HKLM|HKU)(?:\\[ -\[\]-~]+)+"
"""A key below a hive: printable ASCII between backslashes. HKCU would be the scanning account's own."""
NAME_PATTERN = r"[ -~]{1,255}"

WITHHELD = "password|passwd|passphrase|pwd|secret|credential|token|privatekey"
"""Names of which only numbers leave the target: any other content becomes `set`, as Winlogon's DefaultPassword does."""

_HIVES = {"HKLM": "HKEY_LOCAL_MACHINE", "HKU": "HKEY_USERS"}
_SOFTWARE = re.compile(r"(HKLM\\SOFTWARE)(?=\\|$)", re.IGNORECASE)
_BITS = {"dword": 32, "qword": 64}

# One row a value and one a key; a key that is not there, or is refused, has a row that says so (13 and 18 of
# ErrorCategory); so has one with a value that PowerShell cannot read, of which the others would suffer. Numbers come as
# signed ones. Of a name that no value has, PowerShell says nothing.
_SCRIPT = r"""foreach ($key in ($asked.Keys | Sort-Object)) {
$item = $null
try { $item = Get-ItemProperty -LiteralPath "Registry::$key" -ErrorAction Stop }
catch {
@{ trouble = $key; %s }
continue
}
foreach ($name in $asked[$key]) {
if ($null -eq $item) { continue }
$value = $item.$name
if ($null -eq $value) { continue }
if ($value -is [int]) { @{ key = $key; name = $name; type = 'dword'; data = $value } }
elseif ($value -is [long]) { @{ key = $key; name = $name; type = 'qword'; data = $value } }
elseif ("$value" -and $name -match 'WITHHELD') { @{ key = $key; name = $name; type = 'text'; data = 'set' } }
elseif ($value -is [byte[]]) {
$bytes = @($value | Select-Object -First 4096 | ForEach-Object { [int]$_ })
@{ key = $key; name = $name; type = 'binary'; data = $bytes }
}
elseif ($value -is [string[]]) { @{ key = $key; name = $name; type = 'texts'; data = @($value) } }
else { @{ key = $key; name = $name; type = 'text'; data = "$value" } }
}
@{ read = $key }
}
""".replace("%s", ERROR.format("$_")).replace("WITHHELD", WITHHELD)
_NOT_FOUND = 13


@dataclass(frozen=True, slots=True)
class RegistryName:
    """A value in the registry: its key in the short form, and its name."""

    key: str
    name: str

    @property
    def place(self) -> str:
        """How evidence names it."""
        return f"{self.key}!{self.name}"


@dataclass(frozen=True, slots=True)
class RegistryData:
    """What a value holds: `dword`, `qword`, `text`, `texts` or `binary`."""

    type: str
    data: int | str | tuple[str, ...] | bytes


def in_view(path: str, view: str) -> str:
    """Return the key under which a 64-bit program sees the given view of a path."""
    return _SOFTWARE.sub(r"\1\\WOW6432Node", path) if view == "32" else path


def build_registry_script(asked: Iterable[RegistryName]) -> str:
    """Return the script that reads some values, each key once."""
    names: dict[str, dict[str, str]] = defaultdict(dict)
    spelled: dict[str, str] = {}
    for value in sorted(asked, key=lambda value: (value.key, value.name)):
        key = spelled.setdefault(value.key.lower(), value.key)
        names[key].setdefault(value.name.lower(), value.name)
    lines = "\n".join(f"{quote_text(full_key(key))} = {quote_list(names[key].values())}" for key in sorted(names))
    return f"$asked = @{{\n{lines}\n}}\n{_SCRIPT}"


def full_key(key: str) -> str:
    """Return a key as the registry provider spells it."""
    hive, _, rest = key.partition("\\")
    return f"{_HIVES[hive.upper()]}\\{rest}"


class RegistryAnswer:
    """What a script of ``build_registry_script`` put out."""

    def __init__(self, found: Sequence[Row], *, needs: str = ADMINISTRATOR) -> None:
        self._read = {str(row["read"]).lower() for row in select(found, "read")}
        self._missing = {
            str(row["trouble"]).lower() for row in found if "trouble" in row and row.get("category") == _NOT_FOUND
        }
        self._refused = {key.lower(): reason for key, reason in troubles(found, needs=needs).items()}
        self._values: dict[tuple[str, str], Row] = {
            (str(row["key"]).lower(), str(row.get("name", "")).lower()): row for row in select(found, "key")
        }

    def find(self, value: RegistryName) -> RegistryData | Absent | Unreadable:
        """Return a value; absent where Windows has no such value or no such key."""
        key, place = full_key(value.key).lower(), value.place
        if key in self._missing:
            return Absent(place)
        if key in self._refused:
            return Unreadable(self._refused[key], place)
        if key not in self._read:
            return Unreadable("the answer does not speak of this key", place)
        row = self._values.get((key, value.name.lower()))
        return Absent(place) if row is None else read_data(row, place)


def read_data(row: Mapping[str, object], place: str) -> RegistryData | Unreadable:
    """Return what a row says that a value holds."""
    kind, data = row.get("type"), row.get("data")
    match kind, data:
        case "dword" | "qword", int() if not isinstance(data, bool):
            return RegistryData(str(kind), data % (1 << _BITS[str(kind)]))
        case "text", str():
            return RegistryData("text", tidy(data))
        case "texts", str():
            return RegistryData("texts", (tidy(data),))
        case "texts", list() if all(isinstance(item, str) for item in data):
            return RegistryData("texts", tuple(tidy(item) for item in data))
        case "binary", int() if data in range(256):
            return RegistryData("binary", bytes([data]))
        case "binary", list() if all(isinstance(item, int) and item in range(256) for item in data):
            return RegistryData("binary", bytes(data))
        case _:
            return Unreadable(f"the value is not of its type: {clean_line(str(data), 60)}", place)


def number_of(found: RegistryData | Absent | Unreadable, place: str) -> Field:
    """Return a value as a whole number: a number of the registry, or text that is one, as some settings are kept."""
    if not isinstance(found, RegistryData):
        return found
    match found.data:
        case int() as number:
            return Known(number, place)
        case str() as text if re.fullmatch(r"[+-]?[0-9]{1,19}", text.strip(), re.ASCII):
            return Known(int(text), place)
        case _:
            return Unreadable(f"no number: the value is {found.type}", place)


def text_of(found: RegistryData | Absent | Unreadable, place: str) -> Field:
    """Return a value as text: numbers in decimal, bytes in hexadecimal, several texts with line breaks between."""
    if not isinstance(found, RegistryData):
        return found
    match found.data:
        case str() as text:
            return Known(text, place)
        case int() as number:
            return Known(str(number), place)
        case bytes() as data:
            return Known(data.hex(), place)
        case tuple() as items:
            return Known("\n".join(items), place)


def texts_of(found: RegistryData | Absent | Unreadable, place: str) -> Field:
    """Return a value as a list; a single text is a list of one, and one that is empty a list of none."""
    if not isinstance(found, RegistryData):
        return found
    match found.data:
        case str() | tuple() as data:
            items = (data,) if isinstance(data, str) else data
            return Known(tuple(item for item in items if item), place)
        case _:
            return Unreadable(f"no texts: the value is {found.type}", place)
