"""Which host keys are accepted, and what is said about the others."""

from __future__ import annotations

import base64
import hmac
from pathlib import Path

import pytest

from hardening.errors import ConnectError
from hardening.transports.host_files import HostFile, HostFiles, parse_host_file
from hardening.transports.known_hosts import HostKey, KnownHosts, load_known_hosts, name_host, require_known


def key(letter: str, kind: str = "ssh-ed25519") -> HostKey:
    """Return a key whose bytes have the form of a real one."""
    name = kind.encode()
    return HostKey(kind, len(name).to_bytes(4, "big") + name + letter.encode() * 32)


A, B, RSA = key("a"), key("b"), key("r", "ssh-rsa")


def line(names: str, shown: HostKey, marker: str = "") -> str:
    return f"{marker} {names} {shown.type} {shown.base64} a comment with spaces".strip()


def hashed(name: str) -> str:
    salt = b"s" * 20
    digest = hmac.digest(salt, name.encode(), "sha1")
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


def known(tmp_path: Path, *lines: str, address: str = "web-01", port: int = 22) -> KnownHosts:
    file = tmp_path / "known_hosts"
    file.write_text("".join(f"{text}\n" for text in lines))
    return load_known_hosts([file], address, port, HostFiles())


def verdict(hosts: KnownHosts, shown: HostKey) -> str:
    """Return the words of the refusal, or nothing if the key is accepted."""
    try:
        require_known(hosts, shown)
    except ConnectError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "names",
    [
        "web-01",
        "WEB-01",
        "db-01,web-01",
        "web-01,10.0.0.1",
        "web-*",
        "web-0?",
        "*",
        "*,!db-01",
        hashed("web-01"),
    ],
)
def test_a_key_is_accepted_for_the_names_on_its_line(tmp_path: Path, names: str) -> None:
    assert verdict(known(tmp_path, line(names, A)), A) == ""


@pytest.mark.parametrize(
    "names",
    [
        "db-01",
        "web-011",
        "web",
        "[web-01]:22",
        "[web-01]:2222",
        "web-*,!web-01",
        "!web-01",
        "web-0[1]",
        "|1|not base64|x",
        "|1|",
        hashed("db-01"),
    ],
)
def test_a_key_is_not_accepted_for_other_names(tmp_path: Path, names: str) -> None:
    assert verdict(known(tmp_path, line(names, A)), A).startswith("the host key of web-01 is not known")


@pytest.mark.parametrize("names", ["[web-01]:2222", hashed("[web-01]:2222"), "[web-*]:2222"])
def test_a_port_of_its_own_has_a_name_of_its_own(tmp_path: Path, names: str) -> None:
    assert verdict(known(tmp_path, line(names, A), port=2222), A) == ""


def test_a_key_of_the_usual_port_is_not_that_of_another(tmp_path: Path) -> None:
    assert verdict(known(tmp_path, line("web-01", A), port=2222), A).startswith(
        "the host key of [web-01]:2222 is not known"
    )


def test_an_ipv6_address_is_found(tmp_path: Path) -> None:
    assert verdict(known(tmp_path, line("fd77::1:1", A), address="FD77::1:1"), A) == ""


def test_an_unknown_key_is_named_with_its_fingerprint(tmp_path: Path) -> None:
    assert f"is not known: ssh-ed25519 {A.fingerprint}" in verdict(known(tmp_path), A)


def test_an_unknown_key_comes_with_the_way_to_check_and_the_line_to_add(tmp_path: Path) -> None:
    assert verdict(known(tmp_path), A).endswith(
        "compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the server itself, "
        f"then add to {tmp_path / 'known_hosts'}: web-01 ssh-ed25519 {A.base64}"
    )


@pytest.mark.parametrize(
    ("kind", "file"),
    [("ssh-rsa", "ssh_host_rsa_key"), ("ecdsa-sha2-nistp256", "ssh_host_ecdsa_key")],
)
def test_the_file_to_compare_with_is_that_of_the_type(tmp_path: Path, kind: str, file: str) -> None:
    assert f"/etc/ssh/{file}.pub" in verdict(known(tmp_path), key("x", kind))


def test_the_line_to_add_is_accepted_once_it_is_added(tmp_path: Path) -> None:
    words = verdict(known(tmp_path, port=2222), A)
    assert verdict(known(tmp_path, words.rpartition(": ")[2], port=2222), A) == ""


def test_a_changed_key_is_named_with_both_fingerprints_and_its_line(tmp_path: Path) -> None:
    words = verdict(known(tmp_path, "# comment", line("web-01", A)), B)
    assert words.startswith(
        f"the host key of web-01 has changed: ssh-ed25519 {B.fingerprint} instead of {A.fingerprint} "
        f"({tmp_path / 'known_hosts'}:2); somebody may stand in between"
    )


def test_a_key_of_another_type_is_unknown_not_changed(tmp_path: Path) -> None:
    words = verdict(known(tmp_path, line("web-01", A)), RSA)
    assert f"(known is only ssh-ed25519 in {tmp_path / 'known_hosts'}:1)" in words


def test_each_of_several_keys_of_one_type_is_accepted(tmp_path: Path) -> None:
    assert verdict(known(tmp_path, line("web-01", A), line("web-01", B)), B) == ""


def test_a_revoked_key_is_refused_although_it_is_known(tmp_path: Path) -> None:
    words = verdict(known(tmp_path, line("web-01", A), line("web-01", A, "@revoked")), A)
    assert words.startswith(f"the host key of web-01 is revoked ({tmp_path / 'known_hosts'}:2)")


def test_a_key_revoked_for_all_hosts_is_refused(tmp_path: Path) -> None:
    assert "is revoked" in verdict(known(tmp_path, line("*", A, "@revoked"), line("web-01", A)), A)


def test_a_revoked_key_does_not_harm_another_key(tmp_path: Path) -> None:
    assert verdict(known(tmp_path, line("*", A, "@revoked"), line("web-01", B)), B) == ""


def test_a_revoked_key_is_no_type_to_ask_for(tmp_path: Path) -> None:
    assert known(tmp_path, line("*", RSA, "@revoked"), line("web-01", A)).types == ("ssh-ed25519",)


def test_an_authority_does_not_keep_the_other_lines_from_loading(tmp_path: Path) -> None:
    assert verdict(known(tmp_path, line("*", B, "@cert-authority"), line("web-01", A)), A) == ""


def test_a_key_certified_by_a_revoked_authority_is_refused(tmp_path: Path) -> None:
    hosts = known(tmp_path, line("*", B, "@revoked"), line("web-01", A))
    with pytest.raises(ConnectError, match="the certificate authority of web-01 is revoked"):
        require_known(hosts, A, B)


def test_a_key_certified_by_another_authority_is_accepted(tmp_path: Path) -> None:
    assert require_known(known(tmp_path, line("*", B, "@revoked"), line("web-01", A)), A, RSA).key == A


def test_of_a_revoked_authority_nothing_is_said(tmp_path: Path) -> None:
    hosts = known(tmp_path, line("*", B, "@cert-authority"), line("*", B, "@revoked"))
    assert "certificate" not in verdict(hosts, A)


def test_a_revoked_key_alone_makes_no_host_known(tmp_path: Path) -> None:
    assert known(tmp_path, line("*", A, "@revoked")).is_new


def test_an_authority_is_no_host_key(tmp_path: Path) -> None:
    assert "host certificates are not checked" in verdict(known(tmp_path, line("*", A, "@cert-authority")), A)


@pytest.mark.parametrize(
    "text",
    [
        "web-01",
        "web-01 ssh-ed25519",
        "web-01 ssh-ed25519 §§§",
        "web-01 ssh-ed25519 AAAA",
        f"web-01 ssh-rsa {A.base64}",
        f"@strange web-01 ssh-ed25519 {A.base64}",
        "@revoked",
        "\x00\xff",
        "|1|x",
    ],
)
def test_a_malformed_line_accepts_nothing_and_breaks_nothing(tmp_path: Path, text: str) -> None:
    assert verdict(known(tmp_path, text, line("web-01", B)), B) == ""
    assert verdict(known(tmp_path, text), A).startswith("the host key of web-01 is not known")


def test_a_malformed_line_for_the_host_is_named(tmp_path: Path) -> None:
    assert f"(no key can be read in {tmp_path / 'known_hosts'}:1)" in verdict(known(tmp_path, "web-01 ssh-rsa §"), A)


def test_a_missing_file_knows_nothing(tmp_path: Path) -> None:
    assert load_known_hosts([tmp_path / "missing"], "web-01", 22, HostFiles()).keys == ()


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConnectError, match=r"the known host keys cannot be read \(Is a directory\)"):
        load_known_hosts([tmp_path], "web-01", 22, HostFiles())


def test_all_files_count(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(line("db-01", B))
    second.write_text(line("web-01", A))
    assert verdict(load_known_hosts([first, second], "web-01", 22, HostFiles()), A) == ""


def test_types_are_those_to_ask_for_first(tmp_path: Path) -> None:
    assert known(tmp_path, line("web-01", RSA), line("web-01", A), line("web-01", B)).types == (
        "ssh-rsa",
        "ssh-ed25519",
    )


def test_a_name_is_written_as_openssh_writes_it() -> None:
    assert (name_host("Web-01", 22), name_host("Web-01", 2222)) == ("web-01", "[web-01]:2222")


def test_a_fingerprint_is_that_of_openssh() -> None:
    blob = base64.b64decode("AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl")
    assert HostKey("ssh-ed25519", blob).fingerprint == "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"


LINES = 50_000


def test_a_file_of_many_plain_names_is_searched_by_its_index(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text("".join(f"{line(f'h{number}', A)}\n" for number in range(LINES)) + f"{line('web-01', B)}\n")
    files = HostFiles()
    assert load_known_hosts([file], "web-01", 22, files).keys[0].line == LINES + 1
    assert files.load(file).to_try == []


def test_many_hashed_names_are_tried_each(tmp_path: Path) -> None:
    lines = [line(hashed(f"h{number}"), A) for number in range(LINES)]
    found = known(tmp_path, *lines, line(hashed("web-01"), B))
    assert [(each.key, each.line) for each in found.keys] == [(B, LINES + 1)]


def test_a_large_file_is_read_once_for_many_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "known_hosts"
    file.write_text("".join(f"{line(f'h{number}', A)}\n" for number in range(LINES)))
    read = []

    def parse(content: bytes) -> HostFile:
        read.append(len(content))
        return parse_host_file(content)

    monkeypatch.setattr("hardening.transports.host_files.parse_host_file", parse)
    files = HostFiles()
    assert [len(load_known_hosts([file], f"h{number}", 22, files).keys) for number in range(100)] == [1] * 100
    assert len(read) == 1
