"""What a described server puts out for each step, in the form of real answers.

Steps that name what they ask (keys, groups, logs) are read by means of this module's own, so that a server answers
whatever a check asks of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from hardening.model.sid import parse_sid
from hardening.model.step import Answer, Completed, PowerShellStep
from hardening.probes.windows_identification import STEP as IDENTIFICATION
from tests.app.windows.languages import Language
from tests.app.windows.state import ADMINISTRATORS, DOMAIN_SID, MACHINE_SID, Registry, Server, Value

Row = dict[str, object]

_MACHINE = "HKEY_LOCAL_MACHINE\\"
_TABLE = re.compile(r"^\$asked = @\{\n(.*?)^\}$", re.MULTILINE | re.DOTALL)
_ENTRY = re.compile(r"^'((?:[^']|'')+)' = @\((.*)\)$", re.MULTILINE)
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_LOOP = re.compile(r"^foreach \(\$(?:group|log) in @\((.*?)\)\) \{$", re.MULTILINE)
_GUID_TAIL = "69AE-11D9-BED3-505054503030"
_DAY = 86400
_SECRET = re.compile("password|secret", re.IGNORECASE)


def answer_steps(server: Server, language: Language, steps: Iterable[PowerShellStep]) -> dict[str, Answer]:
    """Return what a server answers, by the names of the steps."""
    answers: dict[str, Answer] = {IDENTIFICATION.name: _answer(IDENTIFICATION.name, [_identify(server, language)])}
    for step in steps:
        if step.name in _REPLIES:
            answers[step.name] = _answer(step.name, list(_REPLIES[step.name](server, language, step)))
    if server.build < 17763:
        answers["exploit_protection"] = _fail("CommandNotFoundException", -2146233087, language.unknown)
    return answers


def refuse_steps(language: Language, steps: Iterable[PowerShellStep]) -> dict[str, Answer]:
    """Return what an account without rights gets."""
    return {step.name: _fail("UnauthorizedAccessException", -2147024891, language.denied) for step in steps}


def _answer(step: str, rows: list[Row]) -> Completed:
    return Completed(exit_status=0, stdout=json.dumps([*rows, {"end": step}]).encode("ascii"), milliseconds=20)


def _fail(kind: str, hresult: int, words: str) -> Completed:
    told = {"type": f"System.{kind}", "hresult": hresult, "id": kind, "message": words}
    return Completed(exit_status=1, stdout=b"", stderr=json.dumps(told).encode("ascii"), milliseconds=20)


def _identify(server: Server, language: Language) -> Row:
    return {
        "product": language.product,
        "edition": "ServerStandard",
        "build": str(server.build),
        "revision": server.revision,
        "installation": "Server",
        "type": server.product,
        "computer": language.computer,
        "architecture": "AMD64",
        "powershell": f"5.1.{server.build}.1",
        "language_mode": "FullLanguage",
        "account": "EXAMPLE\\audit",
        "time": server.time,
        "domain_role": server.role,
        "sid": f"{DOMAIN_SID}-1105",
        "groups": [ADMINISTRATORS],
        "denied": [],
    }


def _asked(step: PowerShellStep) -> Iterator[tuple[str, list[str]]]:
    table = _TABLE.search(step.script)
    for entry in _ENTRY.finditer(table[1] if table else ""):
        yield entry[1].replace("''", "'"), [name.replace("''", "'") for name in _TEXT.findall(entry[2])]


def _find_key(server: Server, key: str) -> Mapping[str, Value] | None:
    registry: Registry = {
        **server.registry,
        r"SOFTWARE\Microsoft\Windows NT\CurrentVersion": {
            "CurrentBuildNumber": str(server.build),
            "UBR": server.revision,
            "EditionID": "ServerStandard",
        },
        r"SYSTEM\CurrentControlSet\Control\ProductOptions": {"ProductType": server.product},
    }
    wanted = key.removeprefix(_MACHINE).lower()
    return next((values for name, values in registry.items() if name.lower() == wanted), None)


def _missing(part: str) -> Row:
    return {"trouble": part, "category": 13, "id": "PathNotFound,GetItemPropertyCommand", "hresult": -2146233087}


def _registry(server: Server, _: Language, step: PowerShellStep) -> Iterator[Row]:
    for key, names in _asked(step):
        values = _find_key(server, key)
        if values is None:
            yield _missing(key)
            continue
        by_name = {name.lower(): value for name, value in values.items()}
        for name in names:
            if name.lower() in by_name:
                yield {"key": key, "name": name, **_typed(name, by_name[name.lower()])}
        yield {"read": key}


def _typed(name: str, value: Value) -> Row:
    match value:
        case int():
            return {"type": "dword", "data": value - (1 << 32) if value >= 1 << 31 else value}
        case str():
            return {"type": "text", "data": "set" if _SECRET.search(name) else value}
        case tuple():
            return {"type": "texts", "data": list(value)}


def _subkeys(server: Server, _: Language, step: PowerShellStep) -> Iterator[Row]:
    for key, names in _asked(step):
        above = key.removeprefix(_MACHINE).lower() + "\\"
        children = sorted(name for name in server.registry if name.lower().startswith(above))
        if not children:
            yield _missing(key)
            continue
        for child in children:
            values = {name.lower(): value for name, value in server.registry[child].items()}
            for name in names:
                typed = _typed(name, values[name.lower()]) if name.lower() in values else {"type": None, "data": None}
                yield {"key": key, "child": child[len(above) :].split("\\")[0], "name": name, **typed}
        yield {"read": key}


def _export(server: Server, language: Language, _: PowerShellStep) -> Iterator[Row]:
    names = {f"{MACHINE_SID}-501": language.guest}
    rights = {
        right: ",".join(names.get(sid, f"*{sid}") for sid in sids) for right, sids in server.rights.items() if sids
    }
    lines = ["[Unicode]", "Unicode=yes", "[System Access]"]
    lines += [f"{key} = {value}" for key, value in server.policy.items()]
    lines += [f'NewGuestName = "{language.guest}"', "[Privilege Rights]"]
    lines += [f"{right} = {accounts}" for right, accounts in rights.items()]
    lines += ["[Version]", 'signature="$CHICAGO$"', "Revision=1"]
    yield {"status": 0}
    yield {"lines": lines}
    yield {"name": language.guest, "sid": f"{MACHINE_SID}-501"}


def _audit(server: Server, language: Language, _: PowerShellStep) -> Iterator[Row]:
    head = "Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,Exclusion Setting,Setting Value"
    numbers = {f"{number:04X}" for number in (*range(0x9210, 0x921D), *range(0x921D, 0x924A))}
    lines = [
        f"{language.computer},System,{language.subcategory} {number},{{0CCE{number}-{_GUID_TAIL}}},"
        f"{language.audit[server.audit.get(number, 0)]},,{server.audit.get(number, 0)}"
        for number in sorted(numbers)
    ]
    yield {"status": 0}
    yield {"lines": [head, *lines]}


def _services(server: Server, language: Language, _: PowerShellStep) -> Iterator[Row]:
    for name, (start, state, path) in server.services.items():
        account = language.local_service if "LocalService" in path else "LocalSystem"
        yield {"service": name, "start": start, "state": state, "path": path, "account": account}
    yield from _programs(server)


def _programs(server: Server) -> Iterator[Row]:
    for program, (file, folder) in server.programs.items():
        yield {"program": program, "file": file, "folder": folder}


def _features(server: Server, _: Language, __: PowerShellStep) -> Iterator[Row]:
    for name, state in server.features.items():
        yield {"name": name, "state": state}


def _accounts(server: Server, language: Language, _: PowerShellStep) -> Iterator[Row]:
    yield {"role": server.role}
    if server.role >= 4:
        return
    for name, rid, enabled in (("Administrator", 500, True), (language.guest, 501, server.guest_enabled)):
        yield {
            "name": name,
            "sid": f"{MACHINE_SID}-{rid}",
            "disabled": not enabled,
            "locked": False,
            "password_required": True,
            "password_expires": False,
        }


def _members(server: Server, language: Language, step: PowerShellStep) -> Iterator[Row]:
    loop = _LOOP.search(step.script)
    for group in _TEXT.findall(loop[1] if loop else ""):
        for sid in server.administrators if group == ADMINISTRATORS else ():
            known = {f"{DOMAIN_SID}-512": language.domain_admins, f"{MACHINE_SID}-500": "Administrator"}.get(sid)
            orphaned = sid.startswith("S-1-5-21-9-9-9-")
            name = sid if orphaned else f"EXAMPLE/{known or 'gruppe'}"
            data = parse_sid(sid)
            yield {
                "of": group,
                "sid": None if orphaned or data is None else list(data),
                "path": f"WinNT://{name}",
                "class": "Group" if known == language.domain_admins else "User",
            }
        yield {"group": group, "found": True}


def _updates(server: Server, _: Language, __: PowerShellStep) -> Iterator[Row]:
    yield {"update": "KB5031364", "time": server.time - server.update_age_days * _DAY}
    yield {"update": "KB5012170", "time": server.time - 400 * _DAY}
    yield {"told": "updates"}
    yield {"servicing": server.reboot_pending, "update": False, "files": 0, "waiting": True}


def _profiles(server: Server, _: Language, __: PowerShellStep) -> Iterator[Row]:
    for name in ("Domain", "Private", "Public"):
        yield {
            "profile": name,
            "enabled": int(server.firewall_on),
            "inbound": 4 if server.firewall_on else 2,
            "outbound": 2,
            "local_rules": 0 if name == "Public" and server.firewall_log else 1,
            "local_ipsec": 0 if name == "Public" and server.firewall_log else 1,
            "log_dropped": int(server.firewall_log),
            "log_allowed": int(server.firewall_log),
            "log_size": 16384 if server.firewall_log else 4096,
            "log_file": r"%systemroot%\system32\LogFiles\Firewall\pfirewall.log",
        }


def _rules(server: Server, language: Language, _: PowerShellStep) -> Iterator[Row]:
    rules = {"WINRM-HTTP-In": "Protocol=6|Profile=Domain|LPort=5985|RA4=10.20.0.0/255.255.0.0", **server.firewall_rules}
    for name, text in rules.items():
        rule = f"v2.31|Action=Allow|Active=TRUE|Dir=In|{text}|App=System|Name={language.rule}|"
        yield {"rule": name, "from": "local", "text": rule}
    yield {"read": "local"}
    yield _missing("policy")


def _defender(server: Server, _: Language, __: PowerShellStep) -> Iterator[Row]:
    yield dict(server.defender)
    yield dict(server.preference)


def _volumes(server: Server, _: Language, __: PowerShellStep) -> Iterator[Row]:
    for drive, kind, protection, conversion, method in server.volumes:
        yield {
            "drive": drive,
            "type": kind,
            "system": drive == "C:",
            "protection": protection,
            "conversion": conversion,
            "method": method,
        }


def _smb_server(server: Server, _: Language, __: PowerShellStep) -> Iterator[Row]:
    yield {
        "smb1": server.smb1,
        "smb2": True,
        "signing": server.smb_signing,
        "encrypt": False,
        "reject": True,
        "shares": True,
        "audit": False,
    }


def _smb_client(server: Server, _: Language, __: PowerShellStep) -> Iterator[Row]:
    newest = server.build >= 26100
    yield {
        "signing": server.client_signing,
        "guest": server.client_guest,
        "encrypt": False if newest else None,
        "ntlm": False if newest else None,
    }


def _isolation(server: Server, _: Language, __: PowerShellStep) -> Iterator[Row]:
    yield {
        "status": 2 if server.isolated else 0,
        "configured": list(server.isolated) or [0],
        "running": list(server.isolated) or [0],
        "integrity": server.application_control,
        "available": [1, 2, 3] if server.isolated else [0],
    }


def _mitigations(server: Server, _: Language, __: PowerShellStep) -> Iterator[Row]:
    names = ("dep", "sehop", "bottom_up", "entropy", "force", "cfg", "heap")
    yield dict.fromkeys(names, server.mitigations)


def _logs(server: Server, _: Language, step: PowerShellStep) -> Iterator[Row]:
    loop = _LOOP.search(step.script)
    for log in _TEXT.findall(loop[1] if loop else ""):
        if log not in server.logs:
            yield _missing(log)
            continue
        size, text = server.logs[log]
        yield {"log": log, "enabled": True, "mode": 0, "size": size, "file": 69632, "records": 10, "sddl": text}


def _winrm(server: Server, _: Language, __: PowerShellStep) -> Iterator[Row]:
    for item, value in server.winrm.items():
        yield {"item": item, "value": value, "source": ""}
    for number, (transport, port) in enumerate(server.listeners):
        yield {
            "listener": f"Listener_{number}",
            "Address": "*",
            "Transport": transport,
            "Port": port,
            "Enabled": "true",
            "CertificateThumbprint": "",
        }
    yield {"told": "listeners"}


def _tasks(server: Server, _: Language, __: PowerShellStep) -> Iterator[Row]:
    for name, (user, program) in server.tasks.items():
        yield {"task": name, "state": 3, "user": user, "group": "", "logon": 5, "level": 1, "programs": [program]}
        if program.startswith("D:"):
            yield {"program": program, "file": "O:BAD:(A;;FA;;;BA)(A;;0x1301bf;;;BU)", "folder": "O:BAD:(A;;FA;;;BA)"}


def _shares(server: Server, _: Language, __: PowerShellStep) -> Iterator[Row]:
    yield {"share": "IPC$", "path": None, "special": True, "encrypt": False, "sddl": None, "type": 3}
    for name, (path, text) in server.shares.items():
        special = name.endswith("$")
        yield {"share": name, "path": path, "special": special, "encrypt": False, "sddl": text, "type": 0}


def _setup(server: Server, _: Language, __: PowerShellStep) -> Iterator[Row]:
    for file, held in server.setup_files.items():
        yield {"file": file, "password": held}


def _software(_: Server, __: Language, ___: PowerShellStep) -> Iterator[Row]:
    yield {"program": "Agent", "version": "4.2.0", "publisher": "Example"}
    yield {"read": ""}
    yield {"read": "\\WOW6432Node"}


_REPLIES: Mapping[str, Callable[[Server, Language, PowerShellStep], Iterator[Row]]] = {
    **dict.fromkeys(("registry_value", "tls_protocols", "tls_ciphers", "laps", "windows_support"), _registry),
    "registry_subkeys": _subkeys,
    "security_export": _export,
    "audit_subcategory": _audit,
    "windows_services": _services,
    "windows_feature": _features,
    "local_accounts": _accounts,
    "local_group_members": _members,
    "windows_updates": _updates,
    "firewall_profiles": _profiles,
    "windows_firewall_rules": _rules,
    "defender": _defender,
    "bitlocker_volumes": _volumes,
    "smb_server": _smb_server,
    "smb_client": _smb_client,
    "device_guard": _isolation,
    "exploit_protection": _mitigations,
    "event_log": _logs,
    "winrm_config": _winrm,
    "windows_tasks": _tasks,
    "windows_shares": _shares,
    "setup_files": _setup,
    "windows_software": _software,
}
