"""How known_hosts files are read: seldom, and without trying every line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from hardening.transports import host_files
from hardening.transports.host_files import HostFiles, parse_host_file
from hardening.transports.known_hosts import load_known_hosts
from tests.transports.test_known_hosts import A, B, hashed, line

MANY = 25_000


@pytest.fixture
def parsed() -> Iterator[list[int]]:
    """Count the bytes of each file that is parsed."""
    sizes: list[int] = []

    def parse(content: bytes) -> host_files.HostFile:
        sizes.append(len(content))
        return parse_host_file(content)

    with patch.object(host_files, "parse_host_file", parse):
        yield sizes


def test_fifty_thousand_lines_are_read_once_for_a_hundred_hosts(tmp_path: Path, parsed: list[int]) -> None:
    path, files = tmp_path / "known_hosts", HostFiles()
    path.write_text("".join(f"{line(f'host-{number}', A)}\n" for number in range(2 * MANY)))
    found = [load_known_hosts([path], f"host-{number}", 22, files).keys[0].line for number in range(100)]
    assert (found, len(parsed)) == (list(range(1, 101)), 1)


def test_of_plain_names_only_the_right_lines_are_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    names = [f"host-{number}" for number in range(MANY)]
    path.write_text("".join(f"{line(name, A)}\n" for name in names) + f"{line('web-*', B)}\n{line('web-01', B)}\n")
    with patch.object(host_files, "_is_about", wraps=host_files._is_about) as tried:
        load_known_hosts([path], "web-01", 22, HostFiles())
    assert tried.call_count == 1


def test_a_hashed_name_is_found_among_fifty_thousand_lines(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    others = [f"{line(hashed('other'), A)}\n"] * MANY + [f"{line('other', A)}\n"] * MANY
    path.write_text("".join(others) + line(hashed("web-01"), B))
    assert load_known_hosts([path], "web-01", 22, HostFiles()).keys[0].line == 2 * MANY + 1


def test_lines_are_found_in_the_order_of_the_file() -> None:
    text = "\n".join([line("web-*", A), line("web-01", B), line(hashed("web-01"), A)])
    assert [found.number for found in parse_host_file(text.encode()).lines_about(b"web-01")] == [1, 2, 3]


def test_a_name_that_stands_twice_in_a_line_counts_once() -> None:
    found = parse_host_file(line("web-01,WEB-01", A).encode()).lines_about(b"web-01")
    assert len(found) == 1


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path, files = tmp_path / "known_hosts", HostFiles()
    path.write_text(line("web-01", A))
    before = load_known_hosts([path], "web-01", 22, files).keys[0].key
    path.write_text(line("web-01", B))
    os.utime(path, ns=(1, 1))
    assert (before, load_known_hosts([path], "web-01", 22, files).keys[0].key) == (A, B)
