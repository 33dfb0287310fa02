"""Values of directory attributes: times in both forms, intervals, numbers; and what is none of them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.model.evidence import Absent, Field, Known, Unreadable
from hardening.model.step import LdapEntry
from hardening.probes.ldap_attributes import FIELDS, READINGS, field_name
from hardening.probes.ldap_values import VALUE_TYPES, filetime_of, parse_generalized_time, read_attribute


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("19700101000000Z", 0),
        ("20250102030405.0Z", 1735787045),
        ("20250102030405Z", 1735787045),
        ("202501020304Z", 1735787040),
        ("2025010203Z", 1735786800),
        ("20250102040405+0100", 1735787045),
        ("20250102020405-01", 1735787045),
        ("20250102030405,123Z", 1735787045),
    ],
)
def test_generalized_time_is_read(text: str, seconds: int) -> None:
    assert parse_generalized_time(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "2025", "20251302030405Z", "20250230030405Z", "20250102250405Z", "20250102030405", "２０250102030405Z"]
)
def test_other_text_is_no_time(text: str) -> None:
    assert parse_generalized_time(text) is None


@given(st.datetimes(dt.datetime(1601, 1, 2), dt.datetime(9999, 12, 31)))  # noqa: DTZ001 - both of no zone
def test_generalized_time_of_any_day_comes_back(moment: dt.datetime) -> None:
    seconds = int(moment.replace(microsecond=0, tzinfo=dt.UTC).timestamp())
    assert parse_generalized_time(f"{moment:%Y%m%d%H%M%S}.0Z".rjust(17, "0")) == seconds


@given(st.integers(1, 2**39))
def test_filetime_counts_from_1601(seconds: int) -> None:
    assert filetime_of(str((seconds + 11_644_473_600) * 10_000_000).encode()) == seconds


def read(value: bytes, reading: str) -> Field:
    return read_attribute(LdapEntry("CN=x", {"a": (value,)}), "a", reading)


@pytest.mark.parametrize(
    ("value", "reading", "field"),
    [
        (b"-36288000000000", "interval", Known(3_628_800, "CN=x")),
        (b"0", "interval", Known(0, "CN=x")),
        (b"-9223372036854775808", "interval", Absent("CN=x")),
        (b"0", "time", Absent("CN=x")),
        (b"9223372036854775807", "time", Absent("CN=x")),
        (b"133800000000000000", "time", Known(1_735_526_400, "CN=x")),
        (b"TRUE", "boolean", Known(value=True, place="CN=x")),
        (b"FALSE", "boolean", Known(value=False, place="CN=x")),
        (b"yes", "boolean", Unreadable("a is no boolean: yes", "CN=x")),
        (b"\xff\xfe", "text", Known("\\xff\\xfe", "CN=x")),
        (b"12x", "integer", Unreadable("a is no integer: 12x", "CN=x")),
        (b"-2147483646", "integer", Known(-2_147_483_646, "CN=x")),
        (b"\x01\x01\x00\x00\x00\x00\x00\x05\x0b\x00\x00\x00", "sids", Known(("S-1-5-11",), "CN=x")),
        (b"\x01\x02", "sids", Known(("0102",), "CN=x")),
        (bytes(16), "guid", Known("00000000-0000-0000-0000-000000000000", "CN=x")),
        (bytes(15), "guid", Unreadable("a is no guid: ", "CN=x")),
    ],
)
def test_a_value_is_read_by_its_type(value: bytes, reading: str, field: Field) -> None:
    seen = read(value, reading)
    if isinstance(seen, Unreadable) and isinstance(field, Unreadable) and field.reason.endswith(": "):
        assert seen.reason.startswith(field.reason)
    else:
        assert seen == field


@given(st.binary(max_size=30), st.sampled_from(sorted(VALUE_TYPES)))
def test_no_value_breaks_a_reader(value: bytes, reading: str) -> None:
    assert isinstance(read(value, reading), Known | Absent | Unreadable)


def test_an_attribute_that_is_not_there_is_absent() -> None:
    assert read_attribute(LdapEntry("CN=x", {}), "cn", "text") == Absent("CN=x")


def test_every_attribute_of_the_table_has_a_field_and_a_reading() -> None:
    assert {field_name(name) for name in READINGS} == set(FIELDS)
    assert set(READINGS.values()) <= set(VALUE_TYPES)
