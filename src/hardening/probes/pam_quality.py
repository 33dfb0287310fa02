"""Options of the modules that test new passwords, by the rules of libpwquality and of passwdqc.

libpwquality reads its drop-ins before its main file, and stops at the first line that it does not understand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hardening.probes.listing import Seen
from hardening.probes.pam_config import ARGUMENTS, EQUALS, PWQUALITY, WHOLE, Setting, read_lines
from hardening.probes.pam_files import PamFiles
from hardening.probes.shell import clean

_LONGEST_LINE = 1022
_UNSIGNED = re.compile(r"\s*([0-9]{1,9})")
_QUALITY_NUMBERS = {
    "minlen": 8,
    "difok": 1,
    "dcredit": 0,
    "ucredit": 0,
    "lcredit": 0,
    "ocredit": 0,
    "minclass": 0,
    "maxrepeat": 0,
    "maxclassrepeat": 0,
    "maxsequence": 0,
    "gecoscheck": 0,
    "dictcheck": 1,
    "usercheck": 1,
    "usersubstr": 0,
    "enforcing": 1,
    "retry": 1,
}
_QUALITY_TEXTS = frozenset({"badwords", "dictpath"})
_QUALITY_FLAGS = frozenset({"enforce_for_root", "local_users_only"})
_QUALITY_SWITCHES = frozenset({"dictcheck", "usercheck", "enforcing", "gecoscheck"})
_QUALITY_FOREIGN = ("debug", "type=", "difignore=", "reject_username", "authtok_type", "use_authtok", "use_first_pass")
_CREDITS = ("dcredit", "ucredit", "lcredit", "ocredit")
_SHORTEST_MINLEN, _MOST_CLASSES = 6, 4


def read_quality(option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    """Return an option of pam_pwquality; ``shortest`` is the length of the shortest password that it lets through."""
    folder = f"{PWQUALITY}.d"
    dropins = sorted((path for path in files.seen if path.startswith(f"{folder}/")), key=_bytes)
    # Any name in the folder tells whether the folder let us look.
    paths = (*dropins, f"{folder}/x.conf", PWQUALITY)
    problem = next((text for path in paths if (text := files.problem(path))), "")
    settings: dict[str, Setting] = {
        **{name: Setting(str(value)) for name, value in _QUALITY_NUMBERS.items()},
        **{name: Setting("0") for name in _QUALITY_FLAGS},
    }
    for path in (*dropins, PWQUALITY):
        if files.seen.get(path) is Seen.FILE and not _read_quality_file(path, files, settings):
            break
    if problem:
        settings = {name: Setting(fault=problem) for name in (*_QUALITY_NUMBERS, *_QUALITY_FLAGS)}
    for argument in arguments:
        if not argument.startswith(_QUALITY_FOREIGN):
            name, _, value = argument.partition("=")
            _set_quality(name, value, ARGUMENTS, settings)
    if option == "shortest":
        return _shortest_password(settings)
    found = settings.get(option, Setting())
    if option in _QUALITY_SWITCHES and found.value:
        return Setting("0" if int(found.value) == 0 else "1", found.place, found.given)
    return found


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _read_quality_file(path: str, files: PamFiles, settings: dict[str, Setting]) -> bool:
    for (number, line), (_, raw) in zip(read_lines(path, files), files.lines.get(path, []), strict=True):
        if len(raw) > _LONGEST_LINE:
            return False
        match = EQUALS.fullmatch(line)
        if match is not None and not _set_quality(match[1], match[2], f"{clean(path)}:{number}", settings):
            return False
    return True


def _set_quality(name: str, value: str, place: str, settings: dict[str, Setting]) -> bool:
    key = name.lower()
    if key in _QUALITY_FLAGS:
        settings[key] = Setting("1", place, given=True)
    elif key in _QUALITY_NUMBERS:
        match = WHOLE.fullmatch(value)
        if match is None:
            return False
        number = int(match[1])
        if key == "minlen":
            number = max(number, _SHORTEST_MINLEN)
        elif key == "minclass":
            number = min(number, _MOST_CLASSES)
        settings[key] = Setting(str(number), place, given=True)
    elif key not in _QUALITY_TEXTS:
        return False
    return True


def _shortest_password(settings: Mapping[str, Setting]) -> Setting:
    """Return the length of the shortest password: a positive credit shortens what ``minlen`` asks for."""
    minlen = settings["minlen"]
    faults = [settings[name].fault for name in ("minlen", *_CREDITS) if settings[name].fault]
    if faults:
        return Setting(fault=faults[0])
    credit = sum(max(int(settings[name].value), 0) for name in _CREDITS)
    return Setting(str(max(int(minlen.value) - credit, 1)), minlen.place, minlen.given)


def read_passwdqc(option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    """Return the shortest length that one of the five kinds of passwords may have, as ``shortest``."""
    del files
    minimum = Setting()
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name == "config":
            return Setting(fault="pam_passwdqc reads a file that was not asked for")
        if name == option or (name == "min" and option == "shortest"):
            minimum = Setting(value, ARGUMENTS, given=True)
    if option != "shortest":
        return minimum
    lengths = [int(text) for text in (minimum.value or "24,11,8,7").split(",") if _UNSIGNED.fullmatch(text)]
    return (
        Setting(str(min(lengths)), minimum.place, minimum.given) if lengths else Setting(fault="min= is not understood")
    )
