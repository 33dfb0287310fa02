"""Cleaned recordings: what names a site is gone, what is judged is there, and equal things stay equal."""

from __future__ import annotations

import base64
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.model.evidence import Known, Partial, Unreadable
from hardening.model.step import Completed, NotRun
from hardening.snapshots.cleaning import Vocabulary
from hardening.snapshots.pseudonyms import Pseudonyms
from hardening.snapshots.redaction import redact_recording
from hardening.transports.recording import Recording, StepKey, encode_recording

VOCABULARY = Vocabulary(
    judged=frozenset({"root", "shadow", "public", "wheel"}),
    spoken=frozenset({"root", "shadow", "public", "wheel", "audit", "openssh.com", "umask", "per"}),
)
ACCOUNTS = """\
P:1:root:x:0:0:/root:/bin/bash
P:20:sshd:x:105:65534:/run/sshd:/usr/sbin/nologin
P:31:olanor:x:1001:1001:/home/olanor:/bin/bash
P:32:per:x:1002:1002:/home/per:/bin/bash
G:1:root:0:
G:2:wheel:10:olanor,karihansen
G:3:okonomi:1010:per
S:31:olanor:yescrypt:19000:0:99999:7:::
E
"""
KEY = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(range(200, 232))).decode("ascii")
RSA = base64.b64encode(
    b"\0\0\0\x07ssh-rsa\0\0\0\x03\x01\0\x01\0\0\x01\x01\0" + bytes([200]) + bytes(range(255))
).decode("ascii")


def record(**outputs: str) -> Recording:
    """Return a recording of steps with these outputs; two underscores in a name stand for a dot."""
    names = {f"{number:064x}": name.replace("__", ".") for number, name in enumerate(outputs)}
    answers = {
        StepKey(digest, as_root=True): Completed(exit_status=0, stdout=text.encode("utf-8", "surrogateescape"))
        for digest, text in zip(names, outputs.values(), strict=True)
    }
    return Recording(connection={}, answers=answers, names=names)


def redact(**outputs: str) -> dict[str, str]:
    """Return the outputs as a cleaned recording has them."""
    recording = record(**outputs)
    cleaned = redact_recording(recording, VOCABULARY)
    texts = {}
    for (digest, name), given_name in zip(recording.names.items(), outputs, strict=True):
        answer = cleaned.answers[StepKey(digest, as_root=True)]
        assert isinstance(answer, Completed), name
        texts[given_name] = answer.text
    return texts


def clean(text: str, **more: str) -> str:
    """Return one output as a cleaned recording has it."""
    return redact(some_step=text, **more)["some_step"]


def test_people_get_numbers_and_the_system_keeps_its_names() -> None:
    assert redact(accounts=ACCOUNTS)["accounts"] == (
        "P:1:root:x:0:0:/root:/bin/bash\n"
        "P:20:sshd:x:105:65534:/run/sshd:/usr/sbin/nologin\n"
        "P:31:user1:x:1001:1001:/home/user1:/bin/bash\n"
        "P:32:user2:x:1002:1002:/home/user2:/bin/bash\n"
        "G:1:root:0:\n"
        "G:2:wheel:10:user1,user4\n"
        "G:3:user3:1010:per\n"
        "S:31:user1:yescrypt:19000:0:99999:7:::\n"
        "E\n"
    )


def test_a_person_has_one_name_in_all_steps() -> None:
    outputs = redact(accounts=ACCOUNTS, sudo_rules="Hweb\0=\0/etc/sudoers:9:olanor ALL=(ALL:ALL) ALL\n")
    assert outputs["sudo_rules"].endswith("/etc/sudoers:9:user1 ALL=(ALL:ALL) ALL\n")


def test_a_name_that_is_a_word_of_ours_goes_only_where_it_is_a_name() -> None:
    text = "uid=1002(per) one limit per user\n41ed:1002:1002:2:60:0:per:per:/home/per/.ssh\n"
    expected = "uid=1002(user1) one limit per user\n41ed:1002:1002:2:60:0:user1:user1:/home/user1/.ssh\n"
    assert clean(text) == expected


def test_a_pseudonym_is_no_name_that_is_there() -> None:
    assert clean("1001 olanor\nuser1 is a group of theirs\n").startswith("1001 someuser1\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AllowUsers olanor kari@10.1.2.3\n", "AllowUsers user1 user2@10.0.0.1\n"),
        ("4 Match Group innsyn\n", "4 Match Group user1\n"),
        ("/etc/sudoers.d/x:1:%drift ALL=(ALL) ALL\n", "/etc/sudoers.d/x:1:%user1 ALL=(ALL) ALL\n"),
    ],
)
def test_names_in_rules_are_found_without_an_account(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_the_host_has_one_name_everywhere() -> None:
    outputs = redact(identification="uname=Linux web-01 6.1.0 x86_64\n", other="http://web-01:80 WEB-01.kommune.no\n")
    assert outputs == {
        "identification": "uname=Linux host1 6.1.0 x86_64\n",
        "other": "http://host1:80 host2.example\n",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("server ntp.kommune.no iburst", "server host1.example iburst"),
        ("https://intra.kommune.no/path", "https://host1.example/path"),
        ("drift@kommune.no", "mail1@host1.example"),
        ("chacha20-poly1305@openssh.com", "chacha20-poly1305@openssh.com"),
        ("deb http://deb.debian.org/debian bookworm main", "deb http://deb.debian.org/debian bookworm main"),
        ("/etc/rc.local", "/etc/rc.local"),
        ("pam_unix.so sshd.service conf.d", "pam_unix.so sshd.service conf.d"),
    ],
)
def test_domains_of_the_site_are_replaced(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1 0.0.0.0:22 255.255.255.0 203.0.113.1", "127.0.0.1 0.0.0.0:22 255.255.255.0 203.0.113.1"),
        ("10.20.30.40 172.16.9.9 192.168.1.7:53", "10.0.0.1 172.16.0.1 192.168.0.1:53"),
        ("10.20.0.0/16 0.0.0.0/0", "10.1.0.0/16 0.0.0.0/0"),
        ("193.213.112.4", "192.88.99.1"),
        ("::1 :: [fe80::1234:5678]:22", "::1 :: [fe80::1]:22"),
        ("2a01:79c::53/128", "2002:c058:6300::1/128"),
        ("fd12:3456:789a::1", "fd00::1"),
        ("version 9.18.24.1-1", "version 9.18.24.1-1"),
        ("02:42:ac:11:00:02", "02:00:00:00:00:01"),
        ("UUID=2f1c9a1e-7d4b-4c0e-9a57-6a0b7f6f8f11", "UUID="),
        ("   1: 0114130A:0016 00000000:0000 0A", "   1: 0100000A:0016 00000000:0000 0A"),
        ("=ipv6 fd770000000000000000000000010001 eth0", "=ipv6 fd000000000000000000000000000001 eth0"),
    ],
)
def test_addresses_stay_of_their_kind(text: str, expected: str) -> None:
    cleaned = clean(text)
    assert (cleaned.startswith(expected), len(cleaned) >= len(expected)) == (True, True), cleaned


def test_versions_of_packages_are_no_addresses() -> None:
    line = "package|bind9|install ok installed|1.2.3.4\n"
    assert redact(packages=line)["packages"] == line


@pytest.mark.parametrize("key", [KEY, RSA])
def test_a_key_becomes_another_of_its_type_and_size(key: str) -> None:
    (cleaned,) = (word for word in clean(f"ssh-x {key} ola\n").split() if word.startswith("AAAA"))
    before, after = base64.b64decode(key), base64.b64decode(cleaned)
    assert (len(after), after[:20], after == before) == (len(before), before[:20], False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password = Sommer 2026!", "password = redacted"),
        ("bind_token=abc123DEF", "bind_token=redacted"),
        ("mysqldump --password Sommer2026 db", "mysqldump --password redacted db"),
        ("rocommunity hemmelig 10.0.0.9", "rocommunity redacted 10.0.0.1"),
        ("rocommunity public", "rocommunity public"),
        ("PasswordAuthentication = no", "PasswordAuthentication = no"),
        ("ftp://ola:Sommer@files.kommune.no/x", "ftp://mail1@host1.example/x"),
        ("olax:$6$saltsalt$abcdefghijklmnop:1", "olax:$6$redacted:1"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nnext", "redacted\nnext"),
        ("x Zm9vYmFyMTIzNDU2Nzg5MEFCQ0RFRkdISUpL y", "x random1 y"),
        ("password requisite pam_pwquality.so retry=3", "password requisite pam_pwquality.so retry=3"),
        ("passwd: files systemd", "passwd: files systemd"),
    ],
)
def test_what_looks_like_a_secret_goes(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/etc/a.conf:3:# call Ola on 555\n/etc/a.conf:4:key 1\n", "/etc/a.conf:3:#\n/etc/a.conf:4:key 1\n"),
        ("12:  ; old\n", "12:  ;\n"),
        ("key = value # ask Kari\n", "key = value #\n"),
        ("#includedir /etc/sudoers.d\n#1000 ALL=(ALL) ALL\n", "#includedir /etc/sudoers.d\n#1000 ALL=(ALL) ALL\n"),
        ('tcp dport 22 accept comment "for Ola" # handle 4\n', 'tcp dport 22 accept comment "redacted" # handle 4\n'),
        ("-A INPUT -m comment --comment ola -j ACCEPT\n", '-A INPUT -m comment --comment "redacted" -j ACCEPT\n'),
    ],
)
def test_comments_are_emptied_and_lines_keep_their_numbers(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_files_below_a_home_lose_their_names() -> None:
    assert clean("/home/olanor/Sykemelding/.netrc\n") == "/home/user1/file1/.netrc\n"


def test_bytes_that_are_no_text_survive() -> None:
    assert clean("a\udcffb \udc80\n") == "a\udcffb \udc80\n"


def test_what_is_said_beside_the_answers_is_cleaned_too() -> None:
    recording = replace(
        record(accounts=ACCOUNTS),
        refused="olanor may not",
        remedy="ask karihansen",
        connection={
            "host_key_fingerprint": Known("SHA256:" + "a" * 43, "as 10.9.8.7 said"),
            "banners": Known(("welcome to web.kommune.no",)),
            "parts": Partial(("10.9.8.7",), "olanor", "here"),
            "kex": Unreadable("no"),
            "encrypted": Known(value=True),
        },
    )
    cleaned = redact_recording(recording, VOCABULARY)
    fingerprint = cleaned.connection["host_key_fingerprint"]
    assert isinstance(fingerprint, Known)
    assert fingerprint.value != "SHA256:" + "a" * 43
    assert (cleaned.refused, cleaned.remedy, fingerprint.place) == ("user1 may not", "ask user4", "as 10.0.0.1 said")
    assert cleaned.connection["banners"] == Known(("welcome to host1.example",))
    assert cleaned.connection["parts"] == Partial(("10.0.0.1",), "user1", "here")


def test_a_step_that_did_not_run_stays_one() -> None:
    key = StepKey("0" * 64, as_root=False)
    recording = Recording(connection={}, answers={key: NotRun("no answer from 10.9.8.7")}, names={key.digest: "x"})
    assert redact_recording(recording, VOCABULARY).answers[key] == NotRun("no answer from 10.0.0.1")


def test_equal_recordings_are_cleaned_alike() -> None:
    recording = record(accounts=ACCOUNTS, other="10.1.1.1 olanor ntp.kommune.no")
    cleaned = [encode_recording(redact_recording(recording, VOCABULARY)) for _ in range(2)]
    assert cleaned[0] == cleaned[1]


@given(st.ip_addresses(v=4))
def test_an_address_keeps_what_can_be_told_of_it(address: IPv4Address) -> None:
    other = ip_address(Pseudonyms("").address(str(address)))
    kinds = [(each.is_private, each.is_global, each.is_loopback, each.is_multicast) for each in (address, other)]
    assert kinds[0] == kinds[1]


@given(st.ip_addresses(v=6).filter(lambda address: address.is_global and not address.is_multicast))
def test_a_public_ipv6_address_stays_public(address: IPv6Address) -> None:
    assert ip_address(Pseudonyms("").address(str(address))).is_global


@given(st.lists(st.ip_addresses(v=4, network="10.0.0.0/8").map(str), unique=True, max_size=50))
def test_different_addresses_stay_different(addresses: list[str]) -> None:
    names = Pseudonyms("")
    assert len({names.address(f"{address}/32") for address in addresses}) == len(addresses)


@given(st.binary(max_size=300))
def test_any_blob_keeps_its_size(data: bytes) -> None:
    text = base64.b64encode(data).decode("ascii")
    assert len(Pseudonyms("").blob(text)) == len(text)


CERTIFICATE = """\
 subject=CN=fagsystem,O=Storvik kommune
 issuer={issuer}
 names: DNS:fagsystem.storvik, email:per@storvik, IP Address:10.1.2.3, IP Address:FD00:0:0:0:0:0:0:7
"""


def test_nobody_stands_in_a_certificate() -> None:
    text = redact(tls_listeners=CERTIFICATE.format(issuer="CN=Storvik CA"))["tls_listeners"]
    words = ("fagsystem", "Storvik", "storvik", "10.1.2.3", "FD00:0:0:0:0:0:0:7")
    assert [word for word in words if word in text] == []


@pytest.mark.parametrize(("issuer", "is_own"), [("CN=fagsystem,O=Storvik kommune", True), ("CN=Storvik CA", False)])
def test_a_certificate_stays_self_signed_or_not(issuer: str, *, is_own: bool) -> None:
    text = redact(tls_listeners=CERTIFICATE.format(issuer=issuer))["tls_listeners"]
    subject, given = (line.partition("=")[2] for line in text.splitlines()[:2])
    assert (subject == given) == is_own
