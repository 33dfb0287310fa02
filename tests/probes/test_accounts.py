"""Local accounts: no hash leaves the target, every shell and awk says the same, damaged files are survived."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardening.model.evidence import Absent, Known, Partial, Unreadable, build_unreadable
from hardening.model.probe import Probe
from hardening.model.step import Completed, NotRun
from hardening.probes.accounts import FIELDS, GROUP, KIND, STEP, USER
from tests.probes.laid_out import lay_out, run_in_sh, run_in_shells

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hardening.model.evidence import Evidence, Field, Record
    from hardening.model.step import Answer

PROBE = Probe.build("accounts", {})
SALT, DIGEST = "sAlTsAlTsAlT", "dIgEsTdIgEsTdIgEsTdIgEsT"
HASHES = {
    "yescrypt": f"$y$j9T${SALT}${DIGEST}",
    "gost-yescrypt": f"$gy$j9T${SALT}${DIGEST}",
    "sha512": f"$6$rounds=5000${SALT}${DIGEST}",
    "sha256": f"$5${SALT}${DIGEST}",
    "bcrypt": f"$2b$12${SALT}{DIGEST}",
    "scrypt": f"$7$CU..{SALT}${DIGEST}",
    "md5": f"$1${SALT}${DIGEST}",
    "unknown": f"$3$${DIGEST}",
    "des": "abJnggxhByWIx",
    "locked": f"!$6${SALT}${DIGEST}",
    "disabled": f"*$6${SALT}${DIGEST}",
}
SECRETS = (SALT, DIGEST, "abJnggxhByWIx")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


def _parse(answer: Answer) -> Evidence:
    return KIND.parse([PROBE], {STEP.name: answer})[PROBE]


def _said(*lines: str) -> Evidence:
    return _parse(Completed(exit_status=0, stdout="".join(f"{line}\n" for line in lines).encode()))


def _first(field: Field) -> Record:
    items = field.items if isinstance(field, Partial) else field.value if isinstance(field, Known) else ()
    assert isinstance(items, tuple)
    record = items[0]
    assert not isinstance(record, str)
    return record


def _evidence(tree: Path, files: Mapping[str, str | bytes]) -> Evidence:
    return _parse(run_in_sh(STEP, lay_out(tree, files)))


UGLY: dict[str, str | bytes] = {
    "/etc/passwd": (
        b"root:x:0:0:root:/root:/bin/bash\n\n# a comment\n  spaced:x:1:1::/:/usr/sbin/nologin\n"
        b"toor:x:0:0::/root:\n+nis::::::\n-other\n+@group::::::\n:x:9:9:::\nshort:x:7:7\nlong:x:8:8:g:/h:/bin/sh:more\n"
        b"crlf:x:10:10::/:/bin/sh\r\nroot:x:11:11::/:/bin/false\nletters:x:one:1::/:/bin/sh\n"
        b"r\xe6v:*:12:12:\xff:/:/bin/sh\nhash:x:13:13::$6$salt$digest:/bin/sh\nnone:x:14:4242::home:rbash\n"
        b"last::15:1::/:"
    ),
    "/etc/group": b"root:x:0:\nspaced:x:1:root,crlf,,last\nroot:x:2:\nother:x:1:\nbad\nx:x:3:$6$salt$digest\n+::0:\n",
    "/etc/shadow": (
        b"root:$y$j9T$salt$digest:19000:0:99999:7:::\nspaced:!!:19000:-1:1:2:3:20000:\ntoor:*LK*::::::\n"
        b"crlf:NP:0:0:99999:7:::\r\nroot:$1$second:1:1:1:1:1:1:\nlast:!:12345678901:x:1.5:::\nshort:$6$cut\n"
        b"stranger:$6$salt$digest:1::::::\n$6$salt$digest\nlong:$2y$10$salt:19000:0:99999:7::::more\n"
    ),
}


def test_every_shell_says_the_same(tmp_path: Path) -> None:
    answers = run_in_shells(STEP, lay_out(tmp_path, UGLY))
    assert {answer.stdout for answer in answers.values()} == {answers["sh"].stdout}


def test_builtins_say_what_awk_says(tmp_path: Path) -> None:
    lay_out(tmp_path, UGLY)
    with_awk = run_in_sh(STEP, tmp_path).stdout
    without = run_in_shells(STEP, tmp_path, without_programs=True)
    assert {answer.stdout for name, answer in without.items() if name != "busybox"} == {with_awk}


@needs_root
def test_without_root_only_the_shadow_file_is_unreadable(tmp_path: Path) -> None:
    lay_out(tmp_path, UGLY)
    (tmp_path / "etc/shadow").chmod(0o600)
    answers = run_in_shells(STEP, tmp_path, as_nobody=True)
    records = [_first(_parse(answer)["users"]) for answer in answers.values()]
    assert [(type(record["uid"]), type(record["password"])) for record in records] == [(Known, Unreadable)] * len(
        records
    )


def _states(evidence: Evidence) -> dict[object, object]:
    users = evidence["users"]
    assert isinstance(users, Known)
    assert isinstance(users.value, tuple)
    records = [record for record in users.value if not isinstance(record, str)]
    fields = [(record["name"], record["password"]) for record in records]
    return {name.value: state.value for name, state in fields if isinstance(name, Known) and isinstance(state, Known)}


_NAMED = {word.replace("-", ""): word for word in HASHES}


def test_a_password_in_shadow_is_reduced_to_a_word(tmp_path: Path) -> None:
    files = {
        "/etc/passwd": "".join(f"{name}:x:1:1::/:/bin/sh\n" for name in _NAMED),
        "/etc/shadow": "".join(f"{name}:{HASHES[word]}:1::::::\n" for name, word in _NAMED.items()),
        "/etc/group": "",
    }
    assert _states(_evidence(tmp_path, files)) == _NAMED


def test_a_password_in_passwd_itself_counts(tmp_path: Path) -> None:
    files = {
        "/etc/passwd": "".join(f"{name}:{HASHES[word]}:1:1::/:/bin/sh\n" for name, word in _NAMED.items()),
        "/etc/shadow": "".join(f"{name}:*:1::::::\n" for name in _NAMED),
        "/etc/group": "",
    }
    assert _states(_evidence(tmp_path, files)) == _NAMED


_FIELD = st.sampled_from(["a", "root", "x", "0", "", "/bin/sh", "19000", " ", "*", "\r", *HASHES.values()])
_LINE = st.lists(_FIELD, min_size=1, max_size=11).map(":".join)
_MODERN = st.lists(_FIELD.filter(lambda text: len(text) != 13), min_size=1, max_size=9).map(":".join)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shadow=st.lists(_LINE, max_size=40), passwd=st.lists(_MODERN, max_size=40), group=st.lists(_MODERN, max_size=20))
def test_no_part_of_a_hash_leaves_the_target(
    tmp_path: Path, shadow: list[str], passwd: list[str], group: list[str]
) -> None:
    known = "root:x:0:0::/root:/bin/sh\na:x:1:1::/:/bin/sh\n"
    lines = {"passwd": known + "\n".join(passwd), "shadow": "\n".join(shadow), "group": "\n".join(group)}
    lay_out(tmp_path, {f"/etc/{name}": text for name, text in lines.items()})
    answers = [run_in_sh(STEP, tmp_path), run_in_sh(STEP, tmp_path, without_programs=True)]
    told = "".join(answer.text + answer.error_text for answer in answers)
    assert [secret for secret in SECRETS if secret in told] == []


def test_comment_and_blank_lines_are_not_malformed(tmp_path: Path) -> None:
    evidence = _evidence(tmp_path, {"/etc/passwd": "# a:b\n\n", "/etc/group": "\n", "/etc/shadow": ""})
    assert evidence["malformed"] == Known(())


def test_repeated_ids_are_listed_once() -> None:
    evidence = _said("P:1:a:x:0:0:/:/bin/sh", "P:2:b:x:00:0:/:/bin/sh", "P:3:c:x:0:0:/:/bin/sh", "E")
    assert evidence["duplicate_uids"] == Known(("0",), "/etc/passwd")


def test_repeated_names_are_listed() -> None:
    evidence = _said("P:1:a:x:0:0:/:/bin/sh", "P:2:a:x:1:0:/:/bin/sh", "E")
    assert evidence["duplicate_names"] == Known(("a",), "/etc/passwd")


def test_members_are_listed_ones_and_those_with_the_primary_group() -> None:
    evidence = _said("P:1:a:x:0:4:/:/bin/sh", "G:7:adm:4:b,a", "G:8:x:5:", "E")
    assert _first(evidence["groups"])["members"] == Known(("b", "a"), "/etc/group:7")


def test_listed_members_leave_out_the_primary_group() -> None:
    evidence = _said("P:1:a:x:0:4:/:/bin/sh", "G:7:adm:4:b", "E")
    assert _first(evidence["groups"])["listed"] == Known(("b",), "/etc/group:7")


@pytest.mark.parametrize(
    ("shell", "interactive"),
    [("/bin/bash", True), ("", True), ("/usr/sbin/nologin", False), ("/bin/false", False), ("/bin/sync", False)],
)
def test_shells_that_let_nobody_work_are_not_interactive(shell: str, *, interactive: bool) -> None:
    evidence = _said(f"P:1:a:x:0:0:/:{shell}", "E")
    assert _first(evidence["users"])["interactive"] == Known(interactive, "/etc/passwd:1")


def test_dates_are_seconds() -> None:
    evidence = _said("P:1:a:x:0:0:/:", "S:3:a:sha512:19000:0:99999:7::20000", "E")
    assert _first(evidence["users"])["changed"] == Known(19000 * 86400, "/etc/shadow:3")


@pytest.mark.parametrize("text", ["", "-1"])
def test_an_age_that_is_not_set_is_absent(text: str) -> None:
    evidence = _said("P:1:a:x:0:0:/:", f"S:3:a:sha512:19000:0:{text}:7::", "E")
    assert _first(evidence["users"])["max_days"] == Absent("/etc/shadow:3")


def test_an_age_that_is_no_number_is_unreadable() -> None:
    evidence = _said("P:1:a:x:0:0:/:", "S:3:a:sha512:19000:0:?:7::", "E")
    assert _first(evidence["users"])["max_days"] == Unreadable("not a number", "/etc/shadow:3")


def test_a_user_without_a_shadow_line_has_no_password() -> None:
    evidence = _said("P:1:a:x:0:0:/:", "E")
    assert _first(evidence["users"])["password"] == Absent("/etc/shadow")


def test_a_broken_line_may_be_the_shadow_line() -> None:
    evidence = _said("P:1:a:x:0:0:/:", "B:/etc/shadow:3", "E")
    broken = Unreadable("its line may be one that is broken: /etc/shadow:3", "/etc/shadow")
    assert _first(evidence["users"])["password"] == broken


def test_what_was_cut_off_may_hold_the_shadow_line() -> None:
    evidence = _said("P:1:a:x:0:0:/:")
    assert isinstance(_first(evidence["users"])["password"], Unreadable)


def test_a_cut_answer_is_a_part_of_the_users() -> None:
    evidence = _parse(Completed(exit_status=0, stdout=b"P:1:a:x:0:0:/:\nP:2:b:x", cut=True))
    assert evidence["users"] == Partial((_first(evidence["users"]),), "the output was cut", "/etc/passwd")


def test_an_unreadable_group_file_leaves_the_group_name_unreadable() -> None:
    evidence = _said("P:1:a:x:0:0:/:", "U:/etc/group", "E")
    assert _first(evidence["users"])["group"] == Unreadable("cannot be read", "/etc/group")


def test_an_unreadable_passwd_file_leaves_members_partial() -> None:
    evidence = _said("U:/etc/passwd", "G:1:adm:4:b", "E")
    assert _first(evidence["groups"])["members"] == Partial(("b",), "/etc/passwd cannot be read", "/etc/group:1")


def test_a_primary_group_that_no_line_has_is_absent() -> None:
    evidence = _said("P:1:a:x:0:9:/:", "E")
    assert _first(evidence["users"])["group"] == Absent("/etc/group")


def test_an_unreadable_file_leaves_malformed_lines_partial() -> None:
    evidence = _said("B:/etc/passwd:4", "U:/etc/shadow", "E")
    assert evidence["malformed"] == Partial(("/etc/passwd:4",), "/etc/shadow cannot be read")


def test_a_step_that_did_not_run_makes_everything_unreadable() -> None:
    assert _parse(NotRun("broken")) == build_unreadable(FIELDS, "broken")


_NOISE = st.one_of(
    st.binary(max_size=200),
    st.lists(st.text("PSGBUE:0123456789x?,/-\n", max_size=30), max_size=10).map("\n".join).map(str.encode),
)


@given(_NOISE, st.booleans())
def test_any_answer_gives_every_declared_field(noise: bytes, cut: bool) -> None:  # noqa: FBT001 - drawn by name
    evidence = _parse(Completed(exit_status=1, stdout=noise, cut=cut))
    assert set(evidence) == set(FIELDS)


@given(_NOISE)
def test_any_answer_gives_whole_records(noise: bytes) -> None:
    evidence = _parse(Completed(exit_status=0, stdout=noise + b"\nP:1:a:x:0:0:/:\nG:1:b:2:\nE\n"))
    shapes = [set(_first(evidence["users"])), set(_first(evidence["groups"]))]
    assert shapes == [set(USER), set(GROUP)]


def test_no_probes_need_no_step() -> None:
    assert KIND.steps([]) == ()


def test_all_probes_share_one_step() -> None:
    assert KIND.steps([PROBE, PROBE]) == (STEP,)
