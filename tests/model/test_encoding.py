"""Evidence as JSON and back."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardening.model.encoding import decode_evidence, encode_evidence
from hardening.model.evidence import Absent, Evidence, Field, Known, Partial, Record, Unreadable

texts = st.text(st.characters(codec="utf-8") | st.characters(categories=["Cs"]), max_size=8)
names = st.text(max_size=8)
RECORD: Record = {"name": Known("a"), "uid": Absent()}
lists = st.lists(texts, max_size=3).map(tuple)


def fields(records: st.SearchStrategy[tuple[Evidence, ...]]) -> st.SearchStrategy[Field]:
    values = texts | st.integers() | st.booleans() | lists | records
    return st.one_of(
        st.builds(Known, values, texts),
        st.builds(Absent, texts),
        st.builds(Unreadable, texts, texts),
        st.builds(Partial, lists | records, texts, texts),
    )


evidences = st.recursive(
    st.dictionaries(names, fields(st.just(())), max_size=4),
    lambda inner: st.dictionaries(names, fields(st.lists(inner, max_size=3).map(tuple)), max_size=4),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(evidence=evidences)
def test_decoding_undoes_encoding(evidence: Evidence) -> None:
    assert decode_evidence(json.loads(json.dumps(encode_evidence(evidence)))) == evidence


@pytest.mark.parametrize(
    ("field", "data"),
    [
        (Known("yes"), "yes"),
        (Known(7), 7),
        (Known(value=True), True),
        (Known(("a", "b")), ["a", "b"]),
        (Known(()), []),
        (Known("yes", "/etc/x:1"), {"v": "yes", "at": "/etc/x:1"}),
        (Absent(), {"absent": True}),
        (Absent("/etc/x"), {"absent": True, "at": "/etc/x"}),
        (Unreadable("refused"), {"unreadable": "refused"}),
        (Unreadable("refused", "/etc/x"), {"unreadable": "refused", "at": "/etc/x"}),
        (Partial(("a",), "cut"), {"v": ["a"], "partial": "cut"}),
        (Known((RECORD,)), [{"name": "a", "uid": {"absent": True}}]),
    ],
)
def test_the_form_of_a_field(field: Field, data: object) -> None:
    assert encode_evidence({"field": field}) == {"field": data}


def test_a_number_and_a_truth_are_not_mixed_up() -> None:
    assert decode_evidence({"field": True}) != decode_evidence({"field": "true"})


def test_fields_are_in_order_of_name() -> None:
    assert list(encode_evidence({"b": Known(1), "a": Known(2)})) == ["a", "b"]


def nested(depth: int) -> object:
    return {"deep": [nested(depth - 1)]} if depth else {}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([], "evidence: an object is expected"),
        ("text", "evidence: an object is expected"),
        ({1: "a"}, "evidence: a field's name is not text"),
        ({"mode": None}, "evidence.mode: text, a whole number, true, false or a list is expected"),
        ({"mode": 1.5}, "evidence.mode: text, a whole number, true, false or a list is expected"),
        ({"mode": {}}, "evidence.mode: no field has the keys at"),
        ({"mode": {"at": "x"}}, "evidence.mode: no field has the keys at"),
        ({"mode": {"absent": False}}, "evidence.mode: no field has the keys absent"),
        ({"mode": {"absent": True, "v": 1}}, "evidence.mode: no field has the keys absent, v"),
        ({"mode": {"v": 1, "at": 2}}, "evidence.mode.at: text is expected"),
        ({"mode": {"unreadable": 1}}, "evidence.mode.unreadable: text is expected"),
        ({"files": {"v": "a", "partial": "cut"}}, "evidence.files: only a list can be partial"),
        ({"files": {"v": [], "partial": 1}}, "evidence.files.partial: text is expected"),
        ({"files": ["a", 1]}, "evidence.files[0]: an object is expected"),
        (
            {"files": [{"mode": None}]},
            "evidence.files[0].mode: text, a whole number, true, false or a list is expected",
        ),
    ],
)
def test_what_is_no_evidence_is_refused_with_its_path(data: object, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        decode_evidence(data)


def test_records_nested_without_end_are_refused() -> None:
    with pytest.raises(ValueError, match="records are nested too deeply"):
        decode_evidence(nested(50))
