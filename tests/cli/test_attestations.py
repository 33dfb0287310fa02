"""Attestations: what named persons answer where no setting can, as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from hardening.app.schema import build_all_schemas
from tests.cli.conftest import Command, Run

MEASURE = "2.9.3"
ATTESTATION = f"""\
attestations:
  - measure: "{MEASURE}"
    answer: partly
    statement: Restoring was rehearsed in March; mail is missing.
    person: Kari Nordmann, head of IT
    evidence: Case 26/1234
    date: 2026-03-12
    expires: 2027-03-11
"""


@pytest.fixture
def site(hardening: Command, recording: Path) -> Path:
    del hardening
    Path("inventory.yaml").write_text(
        f"targets:\n  - {{name: web-01, recorded: {recording}, baselines: [linux-server]}}\n", "utf-8"
    )
    for path in Path().glob("*.*"):
        path.chmod(0o600)
    return Path()


def write(text: str, mode: int = 0o600) -> None:
    path = Path("attestations.yaml")
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def scan(hardening: Command, *words: str) -> Run:
    return hardening("scan", "--check", "linux-perm-shadow", "--fail-on", "never", "--lang", "en", *words)


def read_measure(path: str) -> dict[str, object]:
    report = json.loads(Path(path).read_text("utf-8"))
    (line,) = [each for each in report["measures"] if (each["framework"], each["id"]) == ("nsm-gp-ikt-2.1", MEASURE)]
    return dict(line)


@pytest.mark.usefixtures("site")
def test_attestation_is_shown_as_such_and_never_as_scanned(hardening: Command) -> None:
    write(ATTESTATION)
    run = scan(
        hardening,
        *("--as-of", "2026-06-01", "-o", "json=r.json", "-o", "md=r.md"),
        *("-o", "html:summary=s.html", "-o", "html:actions=a.html", "-o", "html:evidence=e.html"),
    )
    (line,) = json.loads(Path("r.json").read_text("utf-8"))["attestations"]
    measure = read_measure("r.json")

    assert run.status in {0, 3}, run.err
    assert (line["measure"], line["state"], line["answer"]) == (MEASURE, "valid", "partly")
    assert (line["first_day"], line["last_day"]) == ("2026-03-12", "2027-03-11")
    assert (measure["state"], measure["verifiable"]) == ("attested", False)
    assert "1 measure is attested by a named person and not scanned." in run.out
    assert "1 measure is attested by a named person and not scanned." in Path("s.html").read_text("utf-8")
    for name in ("a.html", "e.html"):
        page = Path(name).read_text("utf-8")
        assert "Kari Nordmann, head of IT" in page
        assert "Attested, not scanned" in page
    assert "Attested, not scanned. Stated to be partly in place: Restoring" in Path("r.md").read_text("utf-8")


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("day", "state", "words"),
    [("2027-03-12", "expired", "Has expired, does not count"), ("2026-03-11", "not_started", "Dated after the scan")],
)
def test_attestation_out_of_its_time_is_shown_and_does_not_count(
    hardening: Command, day: str, state: str, words: str
) -> None:
    write(ATTESTATION)
    run = scan(hardening, "--as-of", day, "-o", "json=r.json")
    (line,) = json.loads(Path("r.json").read_text("utf-8"))["attestations"]

    assert (line["state"], read_measure("r.json")["state"]) == (state, "not_examined")
    assert words in " ".join(run.out.split())
    assert "1 attestation does not count" in run.out


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("day", "state"),
    [("2027-03-11T23:59:59Z", "attested"), ("2027-03-12T00:00:00Z", "not_examined"), ("2026-03-12", "attested")],
)
def test_last_day_counts_to_its_end_in_utc(hardening: Command, day: str, state: str) -> None:
    write(ATTESTATION)
    scan(hardening, "-q", "--as-of", day, "-o", "json=r.json")

    assert read_measure("r.json")["state"] == state


@pytest.mark.usefixtures("site")
def test_measure_of_another_framework_is_named_with_it(hardening: Command) -> None:
    write(ATTESTATION.replace(f'"{MEASURE}"', f"nsm-gp-ikt-2.1/{MEASURE}"))
    scan(hardening, "-q", "--as-of", "2026-06-01", "-o", "json=r.json")

    assert read_measure("r.json")["state"] == "attested"


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (f'"{MEASURE}"', '"2.9.33"', 'attestations.yaml:2:14: no measure "nsm-gp-ikt-2.1/2.9.33"; did you mean'),
        (f'"{MEASURE}"', '"2.6.4"', "attestations.yaml:2:14: nsm-gp-ikt-2.1/2.6.4 is examined by checks"),
        ("2026-03-12", "12.3.2026", 'attestations.yaml:7:11: "12.3.2026" is no day; write it as 2026-12-31'),
        ("2027-03-11", "2027-02-29", 'attestations.yaml:8:14: "2027-02-29" is no day'),
        ("2027-03-11", "2026-03-11", "attestations.yaml:8:14: the attestation of 2.9.3 ends before it is made"),
        ("partly", "maybe", "attestations.yaml:3:13: "),
        ("person: Kari Nordmann, head of IT", "person:", "attestations.yaml:5:12: this must not be empty"),
        ("    evidence: Case 26/1234\n", "", 'attestations.yaml:2:5: "evidence" is missing'),
        ("evidence:", "evidense:", 'attestations.yaml:6:5: unknown field "evidense"; did you mean "evidence"?'),
    ],
)
def test_bad_attestation_stops_before_any_work(hardening: Command, old: str, new: str, problem: str) -> None:
    write(ATTESTATION.replace(old, new))
    run = scan(hardening, "-q", "-o", "html=a.html")

    assert (run.status, problem in run.err) == (2, True), run.err
    assert not Path("a.html").exists()
    assert not Path("state").exists()


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("again", [f'"{MEASURE}"', f"nsm-gp-ikt-2.1/{MEASURE}"])
def test_measure_attested_twice_is_refused(hardening: Command, again: str) -> None:
    write(ATTESTATION + ATTESTATION.partition("\n")[2].replace(f'"{MEASURE}"', again))
    run = scan(hardening, "-q")

    assert (run.status, f"attestations.yaml:9:14: nsm-gp-ikt-2.1/{MEASURE} is attested twice" in run.err) == (2, True)


@pytest.mark.usefixtures("site")
def test_attestations_that_others_may_write_are_refused(hardening: Command) -> None:
    write(ATTESTATION, mode=0o666)
    run = scan(hardening, "-q")

    assert (run.status, "attestations.yaml: may be written by everyone" in run.err) == (2, True)


def test_example_fits_its_schema() -> None:
    schema = build_all_schemas()["attestations.schema.json"]
    texts = {"measure": MEASURE, "answer": "done", "statement": "s", "person": "p", "evidence": "e"}
    entry = {**texts, "date": "2026-03-12", "expires": "2027-03-11"}

    jsonschema.validate({"attestations": [entry]}, schema)  # type: ignore[arg-type]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"attestations": [{**entry, "answer": "yes"}]}, schema)  # type: ignore[arg-type]
