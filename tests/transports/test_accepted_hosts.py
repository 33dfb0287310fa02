"""New host keys by choice: kept in a file of our own, told apart, and nothing more than new ones."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from hardening.errors import ConnectError
from hardening.model.evidence import ABSENT
from hardening.transports.accepted_hosts import admit
from hardening.transports.host_files import HostFiles
from hardening.transports.known_hosts import HostKey, load_known_hosts
from tests.transports.test_known_hosts import RSA, A, B, key, line


def accept(folder: Path, shown: HostKey, *lines: str, address: str = "web-01") -> bool:
    """Meet a host whose keys a person has on file in ``lines``."""
    theirs, ours = folder / "known_hosts", folder / "state" / "known_hosts"
    theirs.write_text("".join(f"{text}\n" for text in lines))
    known = load_known_hosts([theirs, ours], address, 22, HostFiles())
    return admit(known, shown, ABSENT, ours)


def ours(folder: Path) -> Path:
    return folder / "state" / "known_hosts"


def refusal(folder: Path, shown: HostKey, *lines: str) -> str:
    with pytest.raises(ConnectError) as caught:
        accept(folder, shown, *lines)
    return caught.value.reason


def test_a_new_key_is_accepted_and_kept(tmp_path: Path) -> None:
    assert accept(tmp_path, A)
    assert ours(tmp_path).read_text() == f"web-01 ssh-ed25519 {A.base64}\n"


def test_the_file_is_ours_alone(tmp_path: Path) -> None:
    accept(tmp_path, A)
    assert [path.stat().st_mode & 0o777 for path in (ours(tmp_path), ours(tmp_path).parent)] == [0o600, 0o700]


def test_a_key_that_was_accepted_before_still_rests_on_that_alone(tmp_path: Path) -> None:
    accept(tmp_path, A)
    assert accept(tmp_path, A)
    assert len(ours(tmp_path).read_text().splitlines()) == 1


def test_a_key_that_a_person_has_on_file_rests_on_that(tmp_path: Path) -> None:
    assert not accept(tmp_path, A, line("web-01", A))
    assert not ours(tmp_path).exists()


def test_a_key_that_changed_since_it_was_accepted_is_refused(tmp_path: Path) -> None:
    accept(tmp_path, A)
    assert "has changed" in refusal(tmp_path, B)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (line("web-01", B), "has changed"),
        (line("web-01", RSA), "is not known"),
        ("web-01 ssh-dss AAAA", "is not known"),
        (line("*", A, "@revoked"), "is revoked"),
    ],
)
def test_only_a_host_of_which_nothing_is_known_is_new(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(tmp_path, A, text)
    assert not ours(tmp_path).exists()


def test_each_host_has_its_line(tmp_path: Path) -> None:
    accept(tmp_path, A)
    accept(tmp_path, B, address="web-02")
    assert [text.split()[0] for text in ours(tmp_path).read_text().splitlines()] == ["web-01", "web-02"]


def test_a_line_that_was_left_without_its_end_is_ended(tmp_path: Path) -> None:
    accept(tmp_path, A)
    ours(tmp_path).write_text(ours(tmp_path).read_text().rstrip())
    accept(tmp_path, B, address="web-02")
    assert len(ours(tmp_path).read_text().splitlines()) == 2


def test_what_another_visit_accepted_meanwhile_holds(tmp_path: Path) -> None:
    known = load_known_hosts([ours(tmp_path)], "web-01", 22, HostFiles())
    accept(tmp_path, B)
    with pytest.raises(ConnectError, match="has changed"):
        admit(known, A, ABSENT, ours(tmp_path))


def test_many_visits_at_once_lose_no_line(tmp_path: Path) -> None:
    def meet(number: int) -> None:
        known = load_known_hosts([ours(tmp_path)], f"host-{number}", 22, HostFiles())
        admit(known, key(chr(ord("a") + number)), ABSENT, ours(tmp_path))

    threads = [threading.Thread(target=meet, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = ours(tmp_path).read_text().splitlines()
    assert sorted(text.split()[0] for text in lines) == sorted(f"host-{number}" for number in range(20))


def test_a_key_that_cannot_be_kept_is_not_accepted(tmp_path: Path) -> None:
    ours(tmp_path).mkdir(parents=True)
    known = load_known_hosts([], "web-01", 22, HostFiles())
    with pytest.raises(ConnectError, match=r"the new host key cannot be kept \(Is a directory\)"):
        admit(known, A, ABSENT, ours(tmp_path))


def test_a_link_in_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    ours(tmp_path).parent.mkdir()
    ours(tmp_path).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConnectError, match="the new host key cannot be kept"):
        accept(tmp_path, A)
