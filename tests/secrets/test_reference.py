"""From a reference to the secret it names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hardening.errors import SecretError
from hardening.secrets import Redactor, Secret, SecretResolver, is_reference, resolve_secret

PASSWORD = "Sommer-2026!"


def no_prompt(label: str) -> str:
    pytest.fail(f"asked for {label}")


def no_values(text: str) -> dict[str, object]:
    pytest.fail(f"asked for the values of {text}")


def resolve(reference: str, **environ: str) -> str:
    return resolve_secret(reference, environ=environ, prompt=no_prompt, read_values=no_values).reveal()


def secret_file(tmp_path: Path, content: bytes = PASSWORD.encode(), mode: int = 0o600) -> str:
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return f"file:{path}"


def refusal(reference: str, **environ: str) -> str:
    with pytest.raises(SecretError) as caught:
        resolve(reference, **environ)
    return str(caught.value)


def test_a_variable_is_read_from_the_environment() -> None:
    assert resolve("env:AUDIT", AUDIT=PASSWORD) == PASSWORD


def test_a_variable_that_is_not_set_is_named() -> None:
    assert refusal("env:AUDIT") == "env:AUDIT: the variable is not set; set AUDIT where the scan is started"


def test_an_empty_secret_is_refused() -> None:
    assert refusal("env:AUDIT", AUDIT="") == "env:AUDIT: the secret is empty; put the secret there"


@pytest.mark.parametrize("value", ["two\nlines", "two\rlines", "nul\0"])
def test_a_secret_of_more_than_one_line_is_refused(value: str) -> None:
    assert "more than one line" in refusal("env:AUDIT", AUDIT=value)


@pytest.mark.parametrize("content", [b"Sommer-2026!", b"Sommer-2026!\n", b"Sommer-2026!\r\n"])
def test_the_line_feed_at_the_end_of_a_file_is_not_part_of_the_secret(tmp_path: Path, content: bytes) -> None:
    assert resolve(secret_file(tmp_path, content)) == PASSWORD


def test_spaces_are_part_of_a_secret(tmp_path: Path) -> None:
    assert resolve(secret_file(tmp_path, b" a b \n")) == " a b "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    assert f"open to group or others (mode {mode:04o}); run chmod 0600 on it" in refusal(
        secret_file(tmp_path, mode=mode)
    )


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_a_file_of_ones_own_is_read(tmp_path: Path, mode: int) -> None:
    assert resolve(secret_file(tmp_path, mode=mode)) == PASSWORD


def test_a_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = secret_file(tmp_path)
    owner = Path(reference.removeprefix("file:")).stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if owner == 0:
        os.chown(reference.removeprefix("file:"), 12345, -1)
    assert "who could change it; make it your own with chown" in refusal(reference)


def test_a_file_of_root_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = secret_file(tmp_path)
    status = os.stat_result((0o100600, 1, 1, 1, 0, 0, 12, 0, 0, 0))
    monkeypatch.setattr(os, "fstat", lambda _: status)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert resolve(reference) == PASSWORD


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert refusal(f"file:{tmp_path}/missing").startswith(
        f"file:{tmp_path}/missing: cannot be opened (No such file or directory)"
    )


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "not a regular file" in refusal(f"file:{tmp_path}")


def test_a_pipe_is_refused_without_waiting_for_its_other_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "not a regular file" in refusal(f"file:{tmp_path}/pipe")


def test_a_path_that_cannot_exist_is_refused() -> None:
    assert "cannot be opened" in refusal("file:nul\0byte")


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    assert "larger than 64 kB" in refusal(secret_file(tmp_path, b"x" * 65_537))


def test_a_file_that_is_no_text_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="not text in UTF-8") as caught:
        resolve(secret_file(tmp_path, b"Sommer\xff"))
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


def test_a_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret_file(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve("file:~/secret") == PASSWORD


@pytest.mark.parametrize(("reference", "label"), [("prompt:", "secret"), ("prompt:sudo on web-01", "sudo on web-01")])
def test_a_person_is_asked_with_the_label(reference: str, label: str) -> None:
    labels: list[str] = []

    def ask(shown: str) -> str:
        labels.append(shown)
        return PASSWORD

    secret = resolve_secret(reference, environ={}, prompt=ask, read_values=no_values)
    assert (secret, labels) == (Secret(PASSWORD), [label])


@pytest.mark.parametrize("text", ["Sommer-2026!", "vault:x", "cred:../etc", "cred:", "env:", "file:", "ENV:X", ""])
def test_what_is_no_reference_is_refused_and_not_repeated(text: str) -> None:
    assert refusal(text) == (
        "a secret is given by reference: write env:NAME, file:PATH, cred:NAME, ansible-vault:PATH#KEY, "
        "vault:MOUNT/PATH#KEY or prompt: where the secret is wanted"
    )


@pytest.mark.parametrize(
    ("text", "expected"), [("env:A", True), ("file:a", True), ("prompt:", True), ("env:", False), ("secret", False)]
)
def test_a_reference_is_known_by_its_form(text: str, *, expected: bool) -> None:
    assert is_reference(text) is expected


def test_a_resolver_asks_once_for_each_reference() -> None:
    labels: list[str] = []

    def ask(shown: str) -> str:
        labels.append(shown)
        return PASSWORD

    resolver = SecretResolver(environ={}, prompt=ask, read_values=no_values, redactor=Redactor())
    assert (resolver("prompt:a"), resolver("prompt:a"), labels) == (Secret(PASSWORD), Secret(PASSWORD), ["a"])


def test_what_a_resolver_resolved_is_redacted() -> None:
    redactor = Redactor()
    SecretResolver(environ={"AUDIT": PASSWORD}, prompt=no_prompt, read_values=no_values, redactor=redactor)("env:AUDIT")
    assert redactor.redact(f"login with {PASSWORD}") == "login with [secret]"


def test_a_credential_of_systemd_is_read_from_its_folder(tmp_path: Path) -> None:
    # systemd hands it over readable by an ACL, which shows as the mode of the group.
    (tmp_path / "sudo").write_text(f"{PASSWORD}\n")
    (tmp_path / "sudo").chmod(0o440)
    assert resolve("cred:sudo", CREDENTIALS_DIRECTORY=str(tmp_path)) == PASSWORD


def test_a_credential_without_systemd_is_refused() -> None:
    assert "LoadCredential=sudo:PATH" in refusal("cred:sudo")


@pytest.mark.parametrize("name", [".", ".."])
def test_a_credential_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    assert "passed on no credentials" in refusal(f"cred:{name}", CREDENTIALS_DIRECTORY=str(tmp_path))
