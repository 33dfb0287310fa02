"""Access lists as text: whom they let do what, beside administrators and Windows itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.probes.sddl import FILE_WRITE, FOLDER_WRITE, find_writers, is_trusted, parse_sddl

_DOMAIN = "S-1-5-21-1004336348-1177238915-682003330"


@pytest.mark.parametrize(
    ("text", "writers"),
    [
        ("O:BAG:SYD:(A;;FA;;;BA)(A;;0x1200a9;;;BU)", ()),
        ("D:PAI(A;;0x1301bf;;;BU)", ("S-1-5-32-545",)),
        ("D:(A;;GW;;;WD)(A;;GA;;;SY)", ("S-1-1-0",)),
        ("D:(A;;2;;;AU)", ("S-1-5-11",)),
        ("D:(A;;WDWO;;;IU)", ("S-1-5-4",)),
        ("D:(D;;FA;;;WD)(A;;FR;;;WD)", ()),
        ("D:(A;OICIIO;FA;;;BU)", ()),
        ("D:(XA;;FA;;;BU;(@User.clearance > 1))", ("S-1-5-32-545",)),
        (f"D:(A;;FA;;;{_DOMAIN}-1203)(A;;FA;;;{_DOMAIN}-512)", (f"{_DOMAIN}-1203",)),
        ("D:(A;;FA;;;DA)(A;;FA;;;EA)(A;;FA;;;LA)(A;;FA;;;DU)", ("S-1-5-21-*-513",)),
        ("O:BAG:BA", ("S-1-1-0",)),
        ("D:NO_ACCESS_CONTROL", ("S-1-1-0",)),
        ("O:BAD:(A;;KA;;;BU)S:(AU;SAFA;FA;;;WD)", ("S-1-5-32-545",)),
        ("D:", ()),
    ],
)
def test_writers_of_a_file(text: str, writers: tuple[str, ...]) -> None:
    assert find_writers(text, FILE_WRITE) == writers


def test_whoever_may_only_add_folders_does_not_write_in_a_folder() -> None:
    assert find_writers("D:(A;CI;LC;;;BU)(A;CIIO;DC;;;BU)", FOLDER_WRITE) == ()


def test_whoever_may_add_files_writes_in_a_folder() -> None:
    assert find_writers("D:(A;OICI;DC;;;AU)", FOLDER_WRITE) == ("S-1-5-11",)


@pytest.mark.parametrize("text", ["nonsense", "Alle: Full kontroll", "D" * 200_000])
def test_what_is_no_list_says_nothing(text: str) -> None:
    assert parse_sddl(text) is None
    assert find_writers(text, FILE_WRITE) is None


def test_administrators_of_any_domain_are_trusted() -> None:
    sids = ["S-1-5-18", "S-1-5-32-544", f"{_DOMAIN}-512", f"{_DOMAIN}-500", "S-1-5-21-*-519"]
    assert [sid for sid in sids if not is_trusted(sid)] == []
    assert not is_trusted(f"{_DOMAIN}-1512")


@given(st.text(st.sampled_from("DOGSA:();0x1fBUWDSY-12345678 "), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    writers = find_writers(text, FILE_WRITE)
    assert writers is None or list(writers) == sorted(set(writers))
