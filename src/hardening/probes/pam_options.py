"""What an option of a PAM module is set to: arguments win over the module's own file, by each module's own rules.

The rules are those of the modules' sources: pam_faillock keeps the old value where it does not understand the new
one; what pam_modutil_search_key reads (login.defs, pwhistory.conf) counts where it stands first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hardening.probes.pam_config import (
    ARGUMENTS,
    FAILLOCK,
    LOGIN_DEFAULTS,
    LOGIN_DEFS,
    PWHISTORY,
    WHOLE,
    Setting,
    read_pairs,
    search_key,
)
from hardening.probes.pam_files import PamFiles
from hardening.probes.pam_quality import read_passwdqc, read_quality
from hardening.probes.shell import clean

_LONGEST_TIME = 604_800
_UNSIGNED_SHORT = 65_536


Reader = Callable[[str, Sequence[str], PamFiles], Setting]


_FAILLOCK_NUMBERS = {"deny": 3, "fail_interval": 900, "unlock_time": 600}
_FAILLOCK_FLAGS = frozenset({"even_deny_root", "audit", "silent", "no_log_info", "local_users_only", "nodelay"})
_HASHES = ("md5", "bigcrypt", "sha256", "sha512", "blowfish", "des", "gost_yescrypt", "yescrypt")
_UNIX_NUMBERS = {"minlen": "6", "remember": "", "rounds": ""}


def read_setting(module: str, option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    """Return what an option of a module comes to; an option of a module not known here is read from arguments."""
    return _READERS.get(module, _read_arguments)(option, arguments, files)


def read_uncalled(module: str, option: str, files: PamFiles) -> Setting:
    """Return what would hold if the module were called; of a umask, what useradd takes from login.defs without it."""
    if (module, option) != ("pam_umask", "umask"):
        return read_setting(module, option, (), files)
    if fault := files.problem(LOGIN_DEFS):
        return Setting(fault=fault)
    found = Setting()
    # Unlike PAM, the tools of shadow look for capitals and take the last line.
    for number, name, value in read_pairs(LOGIN_DEFS, files):
        if name == "UMASK":
            found = Setting(value, f"{LOGIN_DEFS}:{number}", given=True)
    return found


def _read_arguments(option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    del files
    found = Setting()
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if name == option:
            found = Setting(value if equals else "1", ARGUMENTS, given=True)
    return found


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
    for number, name, value in read_pairs(path, files):
        _set_faillock(name, value, f"{clean(path)}:{number}", settings)
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name != "conf":
            _set_faillock(name, value, ARGUMENTS, settings)
    if option == "root_unlock_time":
        return settings.get(option, settings["unlock_time"])
    return settings.get(option, Setting())


def _set_faillock(name: str, value: str, place: str, settings: dict[str, Setting]) -> None:
    if name in _FAILLOCK_FLAGS:
        settings[name] = Setting("1", place, given=True)
    elif name in _FAILLOCK_NUMBERS or name == "root_unlock_time":
        match = WHOLE.match(value)
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
        found = Setting(fault=fault) if fault else search_key(option, path, files) or found
    if option == "enforce_for_root" and found.given:
        found = Setting("1", found.place, given=True)
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if name.lower() == option:
            number = WHOLE.match(value)
            text = str(min(max(int(number[1]) if number else 0, 0), 400)) if equals else "1"
            found = Setting(value if option == "file" else text, ARGUMENTS, given=True)
    return found


# --- pam_unix


def _read_unix(option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    if option == "hash":
        return _read_hash(arguments, files)
    found = Setting(_UNIX_NUMBERS.get(option, "0"))
    for argument in arguments:
        if option in _UNIX_NUMBERS and argument.startswith(f"{option}="):
            value = argument.partition("=")[2]
            found = Setting(value, ARGUMENTS, given=True) if WHOLE.fullmatch(value) else found
        elif option not in _UNIX_NUMBERS and argument.startswith(option):
            found = Setting("1", ARGUMENTS, given=True)
    return found


def _read_hash(arguments: Sequence[str], files: PamFiles) -> Setting:
    """Return how a new password is hashed: the last scheme among the arguments, else login.defs, else DES."""
    fault = files.problem(LOGIN_DEFS)
    preset = None if fault else search_key("ENCRYPT_METHOD", LOGIN_DEFS, files)
    found = Setting(fault=fault) if fault else Setting("des")
    if preset is not None:
        name = next((name for name in _HASHES if preset.value.lower().startswith(name)), "")
        found = Setting(name, preset.place, given=True) if name else found
    for argument in arguments:
        name = next((name for name in _HASHES if argument.startswith(name)), "")
        found = Setting(name, ARGUMENTS, given=True) if name else found
    return found


# --- pam_umask


def _read_umask(option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    found = Setting()
    for argument in arguments:
        name, _, value = argument.partition("=")
        if option == "umask" and argument.lower().startswith("umask="):
            found = Setting(value, ARGUMENTS, given=True)
        elif option == "usergroups" and name.lower() in {"usergroups", "nousergroups"}:
            found = Setting(str(int(name.lower() == "usergroups")), ARGUMENTS, given=True)
    if option != "umask" or found.given:
        return found
    for path in (LOGIN_DEFS, LOGIN_DEFAULTS):
        if fault := files.problem(path):
            return Setting(fault=fault)
        if seen := search_key("UMASK", path, files):
            return seen
    return found


def _read_wheel(option: str, arguments: Sequence[str], files: PamFiles) -> Setting:
    found = _read_arguments(option, arguments, files)
    return Setting("wheel") if option == "group" and not found.given else found


_READERS: Mapping[str, Reader] = {
    "pam_pwquality": read_quality,
    "pam_passwdqc": read_passwdqc,
    "pam_faillock": _read_faillock,
    "pam_pwhistory": _read_history,
    "pam_unix": _read_unix,
    "pam_umask": _read_umask,
    "pam_wheel": _read_wheel,
}
