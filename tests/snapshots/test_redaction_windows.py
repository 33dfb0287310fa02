"""Cleaned recordings of Windows: nobody is named, and what is judged is there."""

from __future__ import annotations

import json

import pytest

from hardening.model.step import Completed
from hardening.snapshots.cleaning import Vocabulary
from hardening.snapshots.redaction import redact_recording
from hardening.transports.recording import RecordedOf, Recording, StepKey

VOCABULARY = Vocabulary(judged=frozenset({"S-1-5-32-544"}), spoken=frozenset({"audit", "name", "Rapport"}))
DOMAIN = "S-1-5-21-3623811015-3361044348-30300820"
BYTES = b"".join(number.to_bytes(4, "little") for number in (3623811015, 3361044348, 30300820, 1105))
MACHINE = {"computer": "SRV-FAG-01", "account": "KOMMUNE\\olanor", "sid": f"{DOMAIN}-1105", "groups": ["S-1-5-32-544"]}


def redact(**items: object) -> dict[str, list[dict[str, object]]]:
    """Return what steps put out as a cleaned recording has it."""
    steps = {"windows_identification": [MACHINE], **items}
    names = {f"{number:064x}": name for number, name in enumerate(steps)}
    answers = {
        StepKey(digest, as_root=False): Completed(exit_status=0, stdout=json.dumps(steps[name]).encode())
        for digest, name in names.items()
    }
    recording = Recording(connection={}, answers=answers, names=names, source=RecordedOf.POWERSHELL)
    cleaned = redact_recording(recording, VOCABULARY)
    found = {}
    for digest, name in names.items():
        answer = cleaned.answers[StepKey(digest, as_root=False)]
        assert isinstance(answer, Completed)
        assert answer.stdout.isascii()
        found[name] = json.loads(answer.stdout)
    return found


def clean(value: object, member: str = "data", step: str = "some_step") -> object:
    """Return one value as a cleaned recording has it."""
    return redact(**{step: [{member: value}]})[step][0][member]


def test_the_computer_and_the_account_get_other_names() -> None:
    (machine,) = redact()["windows_identification"]
    assert (machine["computer"], machine["account"]) == ("host1", "host2\\user1")


def test_sids_keep_their_form_and_their_last_number() -> None:
    assert clean(f"{DOMAIN}-512") == "S-1-5-21-1000-1000-1-512"


def test_one_domain_is_one_domain_in_text_and_in_bytes() -> None:
    packed = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, *BYTES]
    cleaned = clean(packed)
    assert isinstance(cleaned, list)
    numbers = [int.from_bytes(bytes(cleaned[at : at + 4]), "little") for at in range(12, 28, 4)]
    assert numbers == [1000, 1000, 1, 1105]


@pytest.mark.parametrize("sid", ["S-1-5-32-544", "S-1-5-18", "S-1-5-80-956008885-3418522649", "S-1-1-0"])
def test_sids_of_windows_stay(sid: str) -> None:
    assert clean(sid) == sid


def test_a_security_descriptor_keeps_its_form() -> None:
    assert (
        clean(f"O:BAG:SYD:(A;;FA;;;{DOMAIN}-1203)(A;;FA;;;WD)")
        == "O:BAG:SYD:(A;;FA;;;S-1-5-21-1000-1000-1-1203)(A;;FA;;;WD)"
    )


def test_accounts_are_the_same_wherever_they_stand() -> None:
    cleaned = redact(
        windows_services=[{"service": "Arkiv", "account": ".\\svc-arkiv", "path": "C:\\Users\\svc-arkiv\\x.exe"}],
        local_accounts=[
            {"name": "svc-arkiv", "sid": f"{DOMAIN}-1007"},
            {"name": "Administrator", "sid": f"{DOMAIN}-500"},
        ],
    )
    (service,) = cleaned["windows_services"]
    named, administrator = cleaned["local_accounts"]
    assert service["account"] == f".\\{named['name']}"
    assert service["path"] == f"C:\\Users\\{named['name']}\\x.exe"
    assert (named["name"] == "svc-arkiv", administrator["name"]) == (False, "Administrator")


@pytest.mark.parametrize("account", ["LocalSystem", "NT AUTHORITY\\LocalService", "BUILTIN\\Administrators", "SYSTEM"])
def test_accounts_of_windows_stay(account: str) -> None:
    assert clean(account, "account") == account


def test_members_of_groups_are_not_named() -> None:
    assert clean("WinNT://KOMMUNE/SRV-FAG-01/kari", "path", "local_group_members") == "WinNT://host1/host2/user1"


def test_a_name_that_a_question_has_too_stays_in_other_places() -> None:
    cleaned = redact(windows_services=[{"account": ".\\audit", "path": "C:\\audit.exe"}])["windows_services"][0]
    assert (cleaned["account"] == ".\\audit", cleaned["path"]) == (True, "C:\\audit.exe")


@pytest.mark.parametrize("share", ["C$", "ADMIN$", "SYSVOL", "NETLOGON"])
def test_shares_of_windows_keep_their_names(share: str) -> None:
    assert clean(share, "share", "windows_shares") == share


def test_other_shares_get_other_names() -> None:
    assert clean("barnevern", "share", "windows_shares") == "share1"


def test_tasks_of_windows_keep_their_names() -> None:
    assert clean("\\Microsoft\\Windows\\Defrag\\ScheduledDefrag", "task", "windows_tasks") == (
        "\\Microsoft\\Windows\\Defrag\\ScheduledDefrag"
    )
    assert clean("\\Barnevern kopi", "task", "windows_tasks") == "\\task1"


def test_firewall_rules_are_not_named_by_people() -> None:
    rule = "v2.31|Action=Allow|RA4=10.1.2.3|App=C:\\x.exe|Name=Barnevern|"
    assert clean(rule, "text") == "v2.31|Action=Allow|RA4=10.0.0.1|App=C:\\x.exe|Name=rule|"
    assert clean("v2|Name=@FirewallAPI.dll,-28511|", "text") == "v2|Name=@FirewallAPI.dll,-28511|"


def test_a_renamed_administrator_is_still_renamed() -> None:
    assert clean('NewAdministratorName = "kommunesjef"') == 'NewAdministratorName = "user2"'
    assert clean('NewAdministratorName = "Administrator"') == 'NewAdministratorName = "Administrator"'


def test_the_text_of_a_notice_is_not_shown_but_is_there() -> None:
    row = {"name": "legalnoticetext", "type": "text", "data": "Kommunens eiendom"}
    assert redact(registry_value=[row])["registry_value"][0]["data"] == "redacted"


def test_an_empty_notice_stays_empty() -> None:
    row = {"name": "legalnoticetext", "type": "text", "data": ""}
    assert redact(registry_value=[row])["registry_value"][0]["data"] == ""


def test_hosts_mail_and_addresses_are_replaced() -> None:
    assert clean("http://wsus.kommune.no:8530 post@kommune.no 10.20.30.40") == (
        "http://host4.example:8530 mail1@host3.example 10.0.0.1"
    )


@pytest.mark.parametrize("text", ["10.0.20348.2700", "4.0.30319.42000", "{8A3F0A2C-1B2D-4C3E-9F00-112233445566}"])
def test_versions_and_guids_stay(text: str) -> None:
    assert clean(text) == text


def test_versions_that_look_like_addresses_stay() -> None:
    assert clean("10.1.2.3", "version") == "10.1.2.3"


def test_secrets_in_arguments_are_gone() -> None:
    assert "hemmelig" not in str(clean("sync.exe --password hemmelig1 --run"))


def test_numbers_and_null_stay() -> None:
    assert redact(smb_server=[{"smb1": False, "level": 3, "path": None}])["smb_server"] == [
        {"smb1": False, "level": 3, "path": None}
    ]


def test_cleaning_twice_is_cleaning_once() -> None:
    once = clean(f"{DOMAIN}-512")
    assert clean(once) == once


def test_text_that_is_no_json_is_cleaned_too() -> None:
    names = {"0" * 64: "windows_identification", "1" * 64: "other"}
    answers = {
        StepKey("0" * 64, as_root=False): Completed(exit_status=0, stdout=json.dumps([MACHINE]).encode()),
        StepKey("1" * 64, as_root=False): Completed(exit_status=0, stdout=b"SRV-FAG-01 says no"),
    }
    recording = Recording(connection={}, answers=answers, names=names, source=RecordedOf.POWERSHELL)
    answer = redact_recording(recording, VOCABULARY).answers[StepKey("1" * 64, as_root=False)]
    assert isinstance(answer, Completed)
    assert answer.stdout == b"host1 says no"
