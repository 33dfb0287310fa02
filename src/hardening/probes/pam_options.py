"""What an option of a PAM module is set to: arguments win over the module's own file, by each module's own rules.

The rules are those of the modules' sources: libpwquality reads its drop-ins before its main file and stops at the
first line that it does not understand; pam_faillock keeps the old value there; what pam_modutil_search_key reads
(login.defs, pwhistory.conf) counts where it stands first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hardening.probes.listing import Seen, Source
from hardening.probes.pam_files import PamFiles
from hardening.probes.shell import clean

PWQUALITY = "/etc/security/pwquality.conf"
FAILLOCK = "/etc/security/faillock.conf"
PWHISTORY = "/etc/security/pwhistory.conf"
LOGIN_DEFS = "/etc/login.defs"
LOGIN_DEFAULTS = "/etc/default/login"

CONFIGURATION = (
    Source(PWQUALITY),
    Source(f"{PWQUALITY}.d/*.conf", pattern=True),
    Source(FAILLOCK),
    Source(PWHISTORY),
    Source(LOGIN_DEFS),
    Source(LOGIN_DEFAULTS),
)
_ARGUMENTS = "module arguments"
_DEFAULT = "default of the module"
_LONGEST_LINE = 1022
_LONGEST_TIME = 604_800
_UNSIGNED_SHORT = 65_536
_SPACE = " \t\r\n\f\v"


@dataclass(frozen=True, slots=True)
class Setting:
    """The effective value of an option; ``fault`` says why it cannot be told. ``given`` is false for a default."""

    value: str = ""
    place: str = _DEFAULT
    given: bool = False
    fault: str = ""


Reader = Callable[[str, Sequence[str], PamFiles], Setting]

_EQUALS = re.compile(r"([^\s=]+)(?:\s*=\s*|\s+|$)(.*)")
_WHOLE = re.compile(r"\s*([+-]?[0-9]{1,9})")
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

_FAILLOCK_NUMBERS = {"deny": 3, "fail_interval": 900, "unlock_time": 600}
_FAILLOCK_FLAGS = frozenset({"even_deny_root", "audit", "silent", "no_log_info", "local_users_only", "nodelay"})
_HASHES = ("md5", "bigcrypt", "sha256", "sha512", "blowfish", "des", "gost_yescrypt", "yescrypt")
_UNIX_NUMBERS = {"minlen": "6", "remember": "", "rounds": ""}


def read_setting(module: str, option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    """Return what an option of a module comes to; an option of a module not known here is read from arguments."""
    return _READERS.get(module, _read_arguments)(option, arguments, files)


def _read_arguments(option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    del files
    found = Setting()
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if name == option:
            found = Setting(value if equals else "1", _ARGUMENTS, given=True)
    return found


def _lines(path: str, files: PamFiles) -> Iterator[tuple[int, str]]:
    for number, line in files.lines.get(path, []):
        yield number, line.partition("#")[0].strip(_SPACE)


def _pairs(path: str, files: PamFiles) -> Iterator[tuple[int, str, str]]:
    for number, line in _lines(path, files):
        match = _EQUALS.fullmatch(line)
        if match is not None:
            yield number, match[1], match[2]


# --- pam_pwquality


def _read_quality(option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    folder = f"{PWQUALITY}.d"
    dropins = sorted((path for path in files.seen if path.startswith(f"{folder}/")), key=_bytes)
    problem = next((text for path in (*dropins, PWQUALITY) if (text := files.problem(path))), "")
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
            _set_quality(name, value, _ARGUMENTS, settings)
    if option == "shortest":
        return _shortest_password(settings)
    found = settings.get(option, Setting())
    if option in _QUALITY_SWITCHES and found.value:
        return Setting("0" if int(found.value) == 0 else "1", found.place, found.given)
    return found


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _read_quality_file(path: str, files: PamFiles, settings: dict[str, Setting]) -> bool:
    for (number, line), (_, raw) in zip(_lines(path, files), files.lines.get(path, []), strict=True):
        if len(raw) > _LONGEST_LINE:
            return False
        match = _EQUALS.fullmatch(line)
        if match is not None and not _set_quality(match[1], match[2], f"{clean(path)}:{number}", settings):
            return False
    return True


def _set_quality(name: str, value: str, place: str, settings: dict[str, Setting]) -> bool:
    key = name.lower()
    if key in _QUALITY_FLAGS:
        settings[key] = Setting("1", place, given=True)
    elif key in _QUALITY_NUMBERS:
        match = _WHOLE.fullmatch(value)
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


def _read_passwdqc(option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    """Return the shortest length that one of the five kinds of passwords may have, as ``shortest``."""
    if option != "shortest":
        return _read_arguments(option, arguments, files)
    if any(argument.startswith("config=") for argument in arguments):
        return Setting(fault="pam_passwdqc reads a file that was not asked for")
    found = _read_arguments("min", arguments, files)
    lengths = [int(text) for text in (found.value or "24,11,8,7").split(",") if _UNSIGNED.fullmatch(text)]
    return Setting(str(min(lengths)), found.place, found.given) if lengths else Setting(fault="min= is not understood")


# --- pam_faillock


def _read_faillock(option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    named = [argument.removeprefix("conf=") for argument in arguments if argument.startswith("conf=")]
    path = named[-1] if named else FAILLOCK
    fault = files.problem(path)
    if not fault and path not in files.seen and named:
        fault = f"pam_faillock reads {clean(path)}, which was not asked for"
    settings = {name: Setting(str(value)) for name, value in _FAILLOCK_NUMBERS.items()}
    settings |= {name: Setting("0") for name in _FAILLOCK_FLAGS}
    if fault:
        settings = dict.fromkeys((*settings, "root_unlock_time"), Setting(fault=fault))
    for number, name, value in _pairs(path, files):
        _set_faillock(name, value, f"{clean(path)}:{number}", settings)
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name != "conf":
            _set_faillock(name, value, _ARGUMENTS, settings)
    if option == "root_unlock_time":
        return settings.get(option, settings["unlock_time"])
    return settings.get(option, Setting())


def _set_faillock(name: str, value: str, place: str, settings: dict[str, Setting]) -> None:
    if name in _FAILLOCK_FLAGS:
        settings[name] = Setting("1", place, given=True)
    elif name in _FAILLOCK_NUMBERS or name == "root_unlock_time":
        match = _WHOLE.match(value)
        number = int(match[1]) if match else -1
        if name.endswith("unlock_time") and value == "never":
            settings[name] = Setting("0", place, given=True)
        elif match is not None and name == "deny":
            settings[name] = Setting(str(number % _UNSIGNED_SHORT), place, given=True)
        elif match is not None and 0 <= number <= _LONGEST_TIME:
            settings[name] = Setting(str(number), place, given=True)
    elif name in {"dir", "admin_group"}:
        settings[name] = Setting(value, place, given=True)


# --- pam_pwhistory


def _read_history(option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    named = [argument.removeprefix("conf=") for argument in arguments if argument.startswith("conf=")]
    path = named[-1] if named else PWHISTORY
    fault = files.problem(path)
    if not fault and named and path not in files.seen:
        fault = f"pam_pwhistory reads {clean(path)}, which was not asked for"
    defaults = {"remember": "10", "retry": "1", "enforce_for_root": "0"}
    found = Setting(defaults.get(option, ""))
    if files.history not in {"", "0", "1"}:
        fault = f"whether pam_pwhistory reads {PWHISTORY} could not be seen"
    # Before Linux-PAM 1.5.3 the module knows no file, though somebody may have written one.
    if fault or files.history != "1":
        found = Setting(fault=fault) if fault else _search(option, path, files) or found
    if option == "enforce_for_root" and found.given:
        found = Setting("1", found.place, given=True)
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if name.lower() == option:
            number = _WHOLE.match(value)
            text = str(min(max(int(number[1]) if number else 0, 0), 400)) if equals else "1"
            found = Setting(value if option == "file" else text, _ARGUMENTS, given=True)
    return found


def _search(key: str, path: str, files: PamFiles) -> Setting | None:
    """Find a key as pam_modutil_search_key does: the first line counts, and case does not."""
    for number, name, value in _pairs(path, files):
        if name.lower() == key.lower():
            return Setting(value, f"{clean(path)}:{number}", given=True)
    return None


# --- pam_unix


def _read_unix(option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    if option == "hash":
        return _read_hash(arguments, files)
    found = Setting(_UNIX_NUMBERS.get(option, "0"))
    for argument in arguments:
        if option in _UNIX_NUMBERS and argument.startswith(f"{option}="):
            value = argument.partition("=")[2]
            found = Setting(value, _ARGUMENTS, given=True) if _WHOLE.fullmatch(value) else found
        elif option not in _UNIX_NUMBERS and argument.startswith(option):
            found = Setting("1", _ARGUMENTS, given=True)
    return found


def _read_hash(arguments: Sequence[str], files: PamFiles) -> Setting:
    """Return how a new password is hashed: the last scheme among the arguments, else login.defs, else DES."""
    fault = files.problem(LOGIN_DEFS)
    preset = None if fault else _search("ENCRYPT_METHOD", LOGIN_DEFS, files)
    found = Setting(fault=fault) if fault else Setting("des")
    if preset is not None:
        name = next((name for name in _HASHES if preset.value.lower().startswith(name)), "")
        found = Setting(name, preset.place, given=True) if name else found
    for argument in arguments:
        name = next((name for name in _HASHES if argument.startswith(name)), "")
        found = Setting(name, _ARGUMENTS, given=True) if name else found
    return found


# --- pam_umask


def _read_umask(option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    found = Setting()
    for argument in arguments:
        name, _, value = argument.partition("=")
        if option == "umask" and argument.lower().startswith("umask="):
            found = Setting(value, _ARGUMENTS, given=True)
        elif option == "usergroups" and name.lower() in {"usergroups", "nousergroups"}:
            found = Setting(str(int(name.lower() == "usergroups")), _ARGUMENTS, given=True)
    if option != "umask" or found.given:
        return found
    for path in (LOGIN_DEFS, LOGIN_DEFAULTS):
        if fault := files.problem(path):
            return Setting(fault=fault)
        if seen := _search("UMASK", path, files):
            return seen
    return found


def _read_wheel(option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    found = _read_arguments(option, arguments, files)
    return Setting("wheel") if option == "group" and not found.given else found


_READERS: Mapping[str, Reader] = {
    "pam_pwquality": _read_quality,
    "pam_passwdqc": _read_passwdqc,
    "pam_faillock": _read_faillock,
    "pam_pwhistory": _read_history,
    "pam_unix": _read_unix,
    "pam_umask": _read_umask,
    "pam_wheel": _read_wheel,
}
