"""Vaults that `ansible-vault` (ansible-core 2.19) encrypted with the password `hemmelig-vault`."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.cli.surroundings import read_values
from hardening.errors import SecretError
from hardening.secrets import Redactor, SecretResolver

WHOLE = """$ANSIBLE_VAULT;1.1;AES256
31623836366139656633666161386662313436656662393437313434663337363533303632643839
6237633335393032643635633132303234643836373733300a633036376233386634663865653365
66626130663864366261653633323638613538386232646130386165633430616534383462346361
6631633862313963390a346539626132646630646533363339393338353863373133313333326237
63373065623664323439353266373134383063326639303932303234386437336461633032616530
62653330333466373765653937636662383162626333623039366265633832653339303864376339
646663313065363362353839343566303533
"""
SINGLE = """plain: 1
sudo_password: !vault |
          $ANSIBLE_VAULT;1.1;AES256
          34356438386464636265623262613965646537653933326336386438643866353237363663636135
          3134353331616634393662303737626262363437326632390a653065336137356265313261653636
          63656234356637646233636437366661643861633735373264366461666231653538616630623231
          3535393462333830660a366263633962316433653263613962343134613963396431393633363165
          6365
after: it
"""


def resolve(path: Path, text: str, key: str, password: str = "hemmelig-vault", redactor: Redactor | None = None) -> str:  # noqa: S107
    path.write_text(text, encoding="utf-8")
    environ = {"HARDENING_ANSIBLE_VAULT_PASSWORD_FROM": "env:OPENS", "OPENS": password}
    resolver = SecretResolver(
        environ=environ, prompt=lambda _: "", read_values=read_values, redactor=redactor or Redactor()
    )
    return resolver(f"ansible-vault:{path}#{key}").reveal()


def test_value_of_an_encrypted_file_is_read(tmp_path: Path) -> None:
    assert resolve(tmp_path / "v.yml", WHOLE, "sudo_password") == "Sommer-2026! med åæø"


def test_encrypted_value_of_a_plain_file_is_read(tmp_path: Path) -> None:
    assert resolve(tmp_path / "v.yml", SINGLE, "sudo_password") == "hunter2-hunter2"


def test_header_with_an_id_is_read_alike(tmp_path: Path) -> None:
    named = WHOLE.replace("1.1;AES256", "1.2;AES256;prod")
    assert resolve(tmp_path / "v.yml", named, "sudo_password") == "Sommer-2026! med åæø"


def test_password_of_the_vault_is_redacted_like_what_is_in_it(tmp_path: Path) -> None:
    redactor = Redactor()
    resolve(tmp_path / "v.yml", SINGLE, "sudo_password", redactor=redactor)
    assert redactor.redact("hemmelig-vault opens hunter2-hunter2") == "[secret] opens [secret]"


def test_every_changed_byte_is_refused_before_anything_is_decrypted(tmp_path: Path) -> None:
    start = WHOLE.index("\n") + 1
    for at in range(start, len(WHOLE) - 1, 7):
        changed = WHOLE[:at] + ("0" if WHOLE[at] != "0" else "1") + WHOLE[at + 1 :]
        with pytest.raises(SecretError, match=r"was changed|is damaged"):
            resolve(tmp_path / "v.yml", changed, "sudo_password")


@pytest.mark.parametrize(
    ("text", "key", "password", "words"),
    [
        (WHOLE, "sudo_password", "wrong", "the vault password is wrong"),
        (WHOLE, "absent", "hemmelig-vault", "no text under the key absent"),
        (SINGLE, "absent", "hemmelig-vault", "this is no ansible-vault"),
        (WHOLE.replace("1.1", "1.0"), "x", "hemmelig-vault", "another version"),
        (WHOLE.replace("1623", "162x"), "x", "hemmelig-vault", "is damaged"),
    ],
)
def test_what_cannot_be_opened_says_why(tmp_path: Path, text: str, key: str, password: str, words: str) -> None:
    with pytest.raises(SecretError, match=words) as caught:
        resolve(tmp_path / "v.yml", text, key, password)
    assert (caught.value.__cause__, "Sommer" in str(caught.value)) == (None, False)


def test_vault_without_a_password_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "v.yml").write_text(WHOLE, encoding="utf-8")
    resolver = SecretResolver(environ={}, prompt=lambda _: "", read_values=read_values, redactor=Redactor())
    with pytest.raises(SecretError, match="needs HARDENING_ANSIBLE_VAULT_PASSWORD_FROM"):
        resolver(f"ansible-vault:{tmp_path}/v.yml#sudo_password")


def test_password_of_a_vault_is_not_in_a_vault(tmp_path: Path) -> None:
    environ = {"HARDENING_ANSIBLE_VAULT_PASSWORD_FROM": f"ansible-vault:{tmp_path}/v.yml#x"}
    resolver = SecretResolver(environ=environ, prompt=lambda _: "", read_values=read_values, redactor=Redactor())
    (tmp_path / "v.yml").write_text(WHOLE, encoding="utf-8")
    with pytest.raises(SecretError, match="needs HARDENING_ANSIBLE_VAULT_PASSWORD_FROM"):
        resolver(f"ansible-vault:{tmp_path}/v.yml#sudo_password")
