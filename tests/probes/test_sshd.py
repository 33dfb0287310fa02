"""The SSH server: connections made up for Match blocks, files read by sshd's rules, hostile and broken answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.model.evidence import Absent, Known, Partial, Unreadable, build_unreadable
from hardening.model.probe import Probe
from hardening.model.step import Completed, NotRun
from hardening.probes.sshd import FIELDS, KIND, RECORD, STEP, _read_output, parse_sshd
from hardening.probes.sshd_files import ConfigFiles
from hardening.probes.sshd_keywords import KEYWORDS, parse_printed, parse_startups, parse_written
from hardening.probes.sshd_match import Connection, Meets, can_be_met, meets_criteria
from tests.probes.laid_out import lay_out, run_in_sh, run_in_shells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardening.model.evidence import Evidence, Field, Record

CASES = Path(__file__).parent / "sshd"
ANSWERING = "#!/bin/sh\necho permitrootlogin no\necho maxstartups 10:30:100\n"
WITHOUT_KEYS = """#!/bin/sh
case $1 in
  -T*) echo 'sshd: no hostkeys available -- exiting.' >&2; exit 1 ;;
  *) echo permitrootlogin no ;;
esac
"""
WITHOUT_G = """#!/bin/sh
case $1 in
  -T*) echo 'Missing privilege separation directory: /run/sshd' >&2; exit 255 ;;
  *) echo 'unknown option -- G' >&2; exit 1 ;;
esac
"""
FAILING_ONCE = """#!/bin/sh
case $2 in
  *user=ops*) echo 'out of memory' >&2; exit 255 ;;
  *) echo permitrootlogin no ;;
esac
"""
PEOPLE = {
    "/etc/passwd": "root:x:0:0::/root:/bin/sh\nann:x:1:70::/:/bin/sh\nbob:x:2:2::/:/bin/sh\n",
    "/etc/group": "root:x:0:\nwheel:x:60:gone,bob\nsftp:x:70:\nmixed:x:80:bob,ann\n",
    "/bin/id": (
        "#!/bin/sh\ncase $2 in ann) echo sftp mixed ;; bob) echo wheel mixed ;; root) echo root ;; *) exit 1 ;; esac\n"
    ),
    "/bin/getent": "#!/bin/sh\ncase $2 in domain) echo 'domain:*:9000:bob' ;; *) exit 2 ;; esac\n",
}


def _tree(folder: Path, main: str, *, sshd: str = ANSWERING, **others: str) -> Path:
    files = {"/etc/ssh/sshd_config": main, "/usr/sbin/sshd": sshd, **PEOPLE}
    return lay_out(folder, {**files, **{f"/etc/ssh/{name.replace('__', '/')}": text for name, text in others.items()}})


def _given(answer: Completed) -> list[str]:
    lines = answer.text.split("\n")
    return [line.removeprefix("=given ") for line in lines if line.startswith("=given ")]


def _made_up(folder: Path, match: str) -> str:
    """Return the connection that is made up for one Match line; empty if there is none."""
    specifications = _given(run_in_sh(STEP, _tree(folder, f"Match {match}\n  MaxAuthTries 2\n")))
    return "".join(specifications[3:])


def _evidence(folder: Path, main: str, *, sshd: str = ANSWERING, **others: str) -> Evidence:
    return parse_sshd(run_in_sh(STEP, _tree(folder, main, sshd=sshd, **others)))


def _contexts(evidence: Evidence) -> Sequence[Record]:
    contexts = evidence["contexts"]
    items = contexts.items if isinstance(contexts, Partial) else contexts.value if isinstance(contexts, Known) else ()
    assert isinstance(items, tuple)
    return [record for record in items if not isinstance(record, str)]


def _names(evidence: Evidence) -> list[object]:
    return [name.value for name in (record["context"] for record in _contexts(evidence)) if isinstance(name, Known)]


def _answer(text: str) -> Completed:
    return Completed(exit_status=0, stdout=text.encode())


def _files(text: str, path: str = "/c") -> ConfigFiles:
    files = ConfigFiles()
    files.open_file(path)
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.strip().startswith("#"):
            files.add_line(str(number), line.strip())
    files.close_file()
    return files


def _field(text: str, name: str, **told: str) -> Field:
    return _files(text).resolve(Connection(**told))[name]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("match", "specification"),
    [
        ("User ops", "user=ops,host=203.0.113.1,addr=203.0.113.1"),
        ("user ops,dev", "user=ops,host=203.0.113.1,addr=203.0.113.1"),
        ("User=ops", "user=ops,host=203.0.113.1,addr=203.0.113.1"),
        ('User "ops"', "user=ops,host=203.0.113.1,addr=203.0.113.1"),
        ("User *", "user=root,host=203.0.113.1,addr=203.0.113.1"),
        ("User *,!root", "user=a,host=203.0.113.1,addr=203.0.113.1"),
        ("User !a,adm?n*", "user=adm1na,host=203.0.113.1,addr=203.0.113.1"),
        ("User !root", ""),
        ("User a,!a", ""),
        ("Group wheel", "user=bob,host=203.0.113.1,addr=203.0.113.1"),
        ("Group sftp", "user=ann,host=203.0.113.1,addr=203.0.113.1"),
        ("Group mixed,!wheel", "user=ann,host=203.0.113.1,addr=203.0.113.1"),
        ("Group mixed User ann", "user=ann,host=203.0.113.1,addr=203.0.113.1"),
        ("Group w*", "user=bob,host=203.0.113.1,addr=203.0.113.1"),
        ("Group domain", "user=bob,host=203.0.113.1,addr=203.0.113.1"),
        ("Group nobody-has-it", ""),
        ("Group !wheel", ""),
        ("Host *.example.org,!a.example.org", "user=root,host=1.example.org,addr=203.0.113.1"),
        ("Host a.b", "user=root,host=a.b,addr=203.0.113.1"),
        ("Address 10.0.0.0/8", "user=root,host=10.0.0.1,addr=10.0.0.1"),
        ("Address 10.0.0.0/8,!10.0.0.0/9", "user=root,host=10.128.0.1,addr=10.128.0.1"),
        ("Address !10.0.0.1,10.0.0.0/24", "user=root,host=10.0.0.65,addr=10.0.0.65"),
        ("Address 10.0.0.0/8,!10.0.0.0/8", ""),
        ("Address 10.0.0.4/31", "user=root,host=10.0.0.4,addr=10.0.0.4"),
        ("Address 10.0.0.4/32", "user=root,host=10.0.0.4,addr=10.0.0.4"),
        ("Address 192.168.*", "user=root,host=192.168.0.1,addr=192.168.0.1"),
        ("Address 192.168.1.?", "user=root,host=192.168.1.1,addr=192.168.1.1"),
        ("Address *", "user=root,host=203.0.113.1,addr=203.0.113.1"),
        ("Address 0.0.0.0/0", "user=root,host=203.0.113.1,addr=203.0.113.1"),
        ("Address 2001:db8::/32", "user=root,host=2001:db8::1,addr=2001:db8::1"),
        ("Address 2001:db8::5/128", "user=root,host=2001:db8::5,addr=2001:db8::5"),
        ("Address 08.0.0.0/8", ""),
        ("LocalAddress 127.0.0.0/8", "user=root,host=203.0.113.1,addr=203.0.113.1,laddr=127.0.0.1"),
        ("LocalPort 2222", "user=root,host=203.0.113.1,addr=203.0.113.1,lport=2222"),
        ("RDomain vrf-*", "user=root,host=203.0.113.1,addr=203.0.113.1,rdomain=vrf-a"),
        ("invalid-user", "user=nobody-here,host=203.0.113.1,addr=203.0.113.1,invalid-user"),
        ("User ops Address 10.0.0.0/8 # why", "user=ops,host=10.0.0.1,addr=10.0.0.1"),
        ("all", ""),
    ],
)
def test_a_connection_meets_the_first_values_of_a_block(tmp_path: Path, match: str, specification: str) -> None:
    assert _made_up(tmp_path, match) == specification


EVERYTHING = """Include /etc/ssh/sshd_config.d/*.conf "/etc/ssh/more here/*"
Port 2200
Match User ops,dev Address 10.0.0.0/8,!10.0.0.0/16
  PermitRootLogin yes
Include nested/*
Match Group mixed,!wheel
Match LocalPort 2222 Host *.example.org
Match Address 2001:db8::/32
"""


def test_every_shell_asks_the_same(tmp_path: Path) -> None:
    others = {
        "sshd_config.d__b.conf": "\tX11Forwarding no\r\n#\n\n  Match User 'x'",
        "more here__1": "A b",
        "nested__1": "Match Group w*\nInclude nested/*\n",
    }
    answers = run_in_shells(STEP, _tree(tmp_path, EVERYTHING, **others))
    assert {answer.stdout for answer in answers.values()} == {answers["sh"].stdout}


def test_without_blocks_three_connections_are_asked(tmp_path: Path) -> None:
    assert _names(_evidence(tmp_path, "")) == ["no match", "root from outside", "root from inside"]


def test_a_user_who_does_not_exist_does_not_hide_the_groups_of_the_next(tmp_path: Path) -> None:
    tree = _tree(tmp_path, "Match Group root\nMatch User ops\nMatch Address 10.0.0.0/8\n")
    lines = run_in_sh(STEP, tree).text.split("\n")
    assert [line for line in lines if line.startswith("=groups")] == ["=groups root"] * 4


def test_a_port_in_a_match_line_is_given_to_every_connection(tmp_path: Path) -> None:
    answer = run_in_sh(STEP, _tree(tmp_path, "Port 2200\nMatch LocalPort 1\nMatch LocalPort 2\n"))
    assert [specification.rpartition("lport=")[2] for specification in _given(answer)] == [
        "3",
        "2200",
        "2200",
        "1",
        "2",
    ]


def test_a_block_in_an_included_file_meets_the_block_around_it(tmp_path: Path) -> None:
    tree = _tree(tmp_path, "Match User ops\n  Include in/*\n", in__1="Match Address 10.9.0.0/16\n")
    assert _given(run_in_sh(STEP, tree))[-1] == "user=ops,host=10.9.0.1,addr=10.9.0.1"


def test_a_block_ends_with_its_included_file(tmp_path: Path) -> None:
    tree = _tree(tmp_path, "Include in/*\nMatch Address 10.9.0.0/16\n", in__1="Match User ops\n")
    assert _given(run_in_sh(STEP, tree))[-1] == "user=root,host=10.9.0.1,addr=10.9.0.1"


def test_at_most_sixteen_connections_are_asked(tmp_path: Path) -> None:
    blocks = "".join(f"Match User u{number}\n" for number in range(20))
    assert len(_names(_evidence(tmp_path, blocks))) == 16


def test_more_blocks_than_connections_are_partial(tmp_path: Path) -> None:
    blocks = "".join(f"Match User u{number}\n" for number in range(14))
    contexts = _evidence(tmp_path, blocks)["contexts"]
    reason = "no connection was made up that meets /etc/ssh/sshd_config:14 (Match User u13)"
    assert [contexts.reason if isinstance(contexts, Partial) else contexts] == [reason]


def test_as_many_blocks_as_connections_are_whole(tmp_path: Path) -> None:
    blocks = "".join(f"Match User u{number}\n" for number in range(13))
    assert isinstance(_evidence(tmp_path, blocks)["contexts"], Known)


def test_a_criterion_that_nobody_can_make_up_is_partial(tmp_path: Path) -> None:
    assert isinstance(_evidence(tmp_path, "Match User a,!a\n")["contexts"], Partial)


@pytest.mark.parametrize("criterion", ["exec /bin/true", "exec /bin/true User ops"])
def test_match_exec_is_partial(tmp_path: Path, criterion: str) -> None:
    assert isinstance(_evidence(tmp_path, f"Match {criterion}\n")["contexts"], Partial)


def test_a_block_that_can_never_apply_needs_no_connection(tmp_path: Path) -> None:
    assert isinstance(_evidence(tmp_path, "Match User !root\n")["contexts"], Known)


def test_one_connection_that_sshd_does_not_answer_is_partial(tmp_path: Path) -> None:
    contexts = _evidence(tmp_path, "Match User ops\n", sshd=FAILING_ONCE)["contexts"]
    assert isinstance(contexts, Partial)
    assert "out of memory" in contexts.reason


def test_repeated_blocks_have_names_of_their_own(tmp_path: Path) -> None:
    names = _names(_evidence(tmp_path, "Match User a\nMatch User a\n"))
    assert names[3:] == ["Match User a (/etc/ssh/sshd_config:1)", "Match User a (/etc/ssh/sshd_config:2)"]


def test_sshd_without_host_keys_is_asked_in_another_way(tmp_path: Path) -> None:
    evidence = _evidence(tmp_path, "", sshd=WITHOUT_KEYS)
    assert evidence["source"] == Known("effective", "sshd -GT")


def test_an_sshd_that_cannot_tell_is_replaced_by_its_files(tmp_path: Path) -> None:
    evidence = _evidence(tmp_path, "PermitRootLogin without-password\n", sshd=WITHOUT_G)
    assert _contexts(evidence)[0]["permitrootlogin"] == Known("prohibit-password", "/etc/ssh/sshd_config:1")


def test_files_do_not_tell_whether_sshd_accepts_them(tmp_path: Path) -> None:
    assert isinstance(_evidence(tmp_path, "", sshd=WITHOUT_G)["valid"], Unreadable)


def test_files_leave_defaults_unreadable(tmp_path: Path) -> None:
    evidence = _evidence(tmp_path, "", sshd=WITHOUT_G)
    assert isinstance(_contexts(evidence)[0]["permitrootlogin"], Unreadable)


def test_files_have_a_record_for_each_block(tmp_path: Path) -> None:
    evidence = _evidence(tmp_path, "Match User ops\n  X11Forwarding no\n", sshd=WITHOUT_G)
    assert [type(record["x11forwarding"]) for record in _contexts(evidence)] == [Unreadable] * 3 + [Known]


def test_comments_do_not_leave_the_target(tmp_path: Path) -> None:
    answer = run_in_sh(STEP, _tree(tmp_path, "# secret\n\t# secret\nPort 22\n"))
    assert "secret" not in answer.text


def test_a_file_that_includes_itself_ends(tmp_path: Path) -> None:
    tree = _tree(tmp_path, "Include loop\nPort 22\n", loop="Include loop\n")
    assert run_in_sh(STEP, tree).text.count("=file /etc/ssh/loop\n") == 16


def test_an_included_folder_is_no_file(tmp_path: Path) -> None:
    tree = _tree(tmp_path, "Include d/*\n", d__e__f="Port 1\n")
    assert "=file /etc/ssh/d" not in run_in_sh(STEP, tree).text


def test_a_missing_sshd_is_not_installed(tmp_path: Path) -> None:
    assert parse_sshd(run_in_sh(STEP, lay_out(tmp_path, {})))["installed"] == Known(value=False, place="sshd")


def test_a_missing_sshd_has_no_contexts(tmp_path: Path) -> None:
    assert parse_sshd(run_in_sh(STEP, lay_out(tmp_path, {})))["contexts"] == Absent("sshd")


@pytest.mark.parametrize(
    "complaint",
    [
        "/etc/ssh/sshd_config: line 3: Bad configuration option: X",
        '/etc/ssh/sshd_config line 3: unsupported option "maybe".',
        "/etc/ssh/sshd_config: No such file or directory",
        "bad addr or host: nowhere (Name or service not known)",
        "Invalid Match address argument '10.0.0.1/8' at line 4",
        "AuthenticationMethods cannot be satisfied by enabled authentication methods",
    ],
)
def test_a_refused_configuration_is_not_valid(complaint: str) -> None:
    evidence = parse_sshd(_answer(f"=context none\n=given \n=error {complaint}\r\n=exit 255 -T\n=end\n"))
    assert (evidence["valid"], evidence["problem"]) == (Known(False, "sshd -T"), Known(complaint, "sshd -T"))  # noqa: FBT003


@pytest.mark.parametrize(
    "complaint",
    [
        "sshd: no hostkeys available -- exiting.",
        "Missing privilege separation directory: /run/sshd",
        "Privilege separation user sshd does not exist",
        "/etc/ssh/sshd_config: Permission denied",
        "Segmentation fault",
    ],
)
def test_an_sshd_that_was_hindered_says_nothing_of_its_configuration(complaint: str) -> None:
    warning = "=error /etc/ssh/sshd_config line 1: Deprecated option UsePrivilegeSeparation\n"
    evidence = parse_sshd(_answer(f"=context none\n=given \n{warning}=error {complaint}\n=exit 1 -T\n=end\n"))
    assert evidence["valid"] == Unreadable(f"sshd does not tell: {complaint}", "sshd -T")


def test_a_file_that_sshd_was_not_allowed_to_read_leaves_everything_unreadable() -> None:
    answer = _answer("=refused /etc/ssh/d\n=context none\n=given \npermitrootlogin no\n=exit 0 -GT\n=end\n")
    assert isinstance(parse_sshd(answer)["contexts"], Unreadable)


@pytest.mark.parametrize("case", sorted(path.parent.name for path in CASES.glob("*/sshd.out")))
def test_files_read_by_us_agree_with_what_sshd_said(case: str) -> None:
    output = _read_output((CASES / case / "sshd.out").read_text("utf-8", "backslashreplace"))
    differing = [
        (context.specification, name, written)
        for context in output.contexts
        for name, written in output.files.resolve(context.connection).items()
        if context.status == 0 and case != "binary_noise" and name in KEYWORDS and not isinstance(written, Unreadable)
        if _bare(parse_printed(name, context.printed[name], "")) != _bare(written)
    ]
    assert differing == []


def _bare(field: Field) -> object:
    return field.value if isinstance(field, Known) else type(field)


def test_the_first_value_wins() -> None:
    assert _field("PermitRootLogin no\nPermitRootLogin yes", "permitrootlogin") == Known("no", "/c:1")


def test_a_matching_block_wins_over_the_global_section() -> None:
    text = "PermitRootLogin no\nMatch User root\nPermitRootLogin yes"
    assert _field(text, "permitrootlogin", user="root") == Known("yes", "/c:3")


def test_the_first_of_two_matching_blocks_wins() -> None:
    text = "Match User root\nX11Forwarding no\nMatch Address 10.0.0.0/8\nX11Forwarding yes"
    assert _field(text, "x11forwarding", user="root", address="10.0.0.1") == Known("no", "/c:2")


def test_lists_of_users_add_up() -> None:
    assert _field("AllowUsers a b\nAllowUsers c", "allowusers") == Known(("a", "b", "c"), "/c:1, /c:2")


def test_a_matching_block_replaces_a_list_of_users() -> None:
    text = "AllowUsers a\nMatch User root\nAllowUsers b"
    assert _field(text, "allowusers", user="root") == Known(("b",), "/c:3")


def test_a_list_of_users_that_is_not_set_is_absent() -> None:
    assert _field("", "allowusers") == Absent("the configuration files")


def test_an_old_name_sets_the_new_keyword() -> None:
    assert _field("ChallengeResponseAuthentication no", "kbdinteractiveauthentication") == Known("no", "/c:1")


@pytest.mark.parametrize(
    "text", ["PERMITROOTLOGIN no", "PermitRootLogin=no", 'PermitRootLogin "no"', "PermitRootLogin = no # x"]
)
def test_keywords_are_read_however_they_are_written(text: str) -> None:
    assert _field(text, "permitrootlogin") == Known("no", "/c:1")


def test_a_list_that_builds_on_defaults_is_unreadable() -> None:
    assert isinstance(_field("Ciphers +aes128-cbc", "ciphers"), Unreadable)


def test_a_block_that_only_sshd_understands_leaves_its_keywords_unreadable() -> None:
    assert isinstance(_field("X11Forwarding no\nMatch Version 9\nX11Forwarding yes", "x11forwarding"), Unreadable)


def test_a_block_that_only_sshd_understands_leaves_other_keywords_alone() -> None:
    text = "Banner /a\nMatch Version 9\nX11Forwarding yes"
    assert _field(text, "banner") == Known("/a", "/c:1")


def test_an_uncertain_block_leaves_startups_unreadable() -> None:
    assert isinstance(_field("Match Version 9\nMaxStartups 3", "maxstartups_full"), Unreadable)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("MaxStartups 3\nMaxStartups 4", "maxstartups_full"),
        ("FingerprintHash md5\nFingerprintHash sha256", "fingerprinthash"),
    ],
)
def test_lines_that_versions_rank_differently_are_unreadable(text: str, name: str) -> None:
    assert isinstance(_field(text, name), Unreadable)


def test_the_place_is_the_command_where_versions_rank_lines_differently(tmp_path: Path) -> None:
    evidence = _evidence(tmp_path, "MaxStartups 10:30:100\nMaxStartups 3\n")
    assert _contexts(evidence)[0]["maxstartups_full"] == Known(100, "sshd -T")


def test_startups_are_read_from_files() -> None:
    assert _field("MaxStartups 10:30:60", "maxstartups_full") == Known(60, "/c:1")


def test_an_unclosed_quote_ends_the_arguments() -> None:
    assert _field('AllowUsers a "b', "allowusers") == Known(("a",), "/c:1")


def test_lines_outside_of_a_file_are_ignored() -> None:
    files = ConfigFiles()
    files.add_line("1", "Port 22")
    assert files.settings == []


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("10:30:100", {"start": 10, "rate": 30, "full": 100}),
        ("10", {"start": 10, "rate": 30, "full": 10}),
    ],
)
def test_startups_become_three_numbers(text: str, field: dict[str, int]) -> None:
    assert parse_startups(text, "p") == {f"maxstartups_{name}": Known(number, "p") for name, number in field.items()}


def test_startups_that_are_no_numbers_are_unreadable() -> None:
    assert parse_startups("1:2", "p")["maxstartups_rate"] == Unreadable("not a number: 1:2", "p")


def test_startups_that_sshd_does_not_print_are_absent() -> None:
    evidence = parse_sshd(_answer("=context none\n=given \n=exit 0 -T\n=end\n"))
    assert _contexts(evidence)[0]["maxstartups_rate"] == Absent("sshd -T")


@pytest.mark.parametrize(
    ("name", "lines", "value"),
    [
        ("permitrootlogin", ["without-password"], "prohibit-password"),
        ("ciphers", ["a,b"], ("a", "b")),
        ("macs", [""], ()),
        ("authenticationmethods", ["publickey,password publickey"], ("publickey,password", "publickey")),
        ("allowusers", ["a", "b"], ("a", "b")),
        ("logingracetime", ["120"], 120),
        ("forcecommand", ["internal-sftp -l INFO"], "internal-sftp -l INFO"),
        ("port", ["22", "2222"], ("22", "2222")),
    ],
)
def test_printed_values_are_typed(name: str, lines: list[str], value: object) -> None:
    assert parse_printed(name, lines, "p") == Known(value, "p")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("logingracetime", "1m30s", 90),
        ("logingracetime", "2H", 7200),
        ("logingracetime", "20", 20),
        ("loglevel", "verbose", "VERBOSE"),
        ("compression", "delayed", "yes"),
        ("allowtcpforwarding", "all", "yes"),
        ("forcecommand", '/bin/x "a b"', '/bin/x "a b"'),
        ("subsystem", "sftp /usr/lib/sftp-server", ("sftp /usr/lib/sftp-server",)),
        ("banner", "/etc/issue", "/etc/issue"),
    ],
)
def test_written_values_take_the_form_that_sshd_prints(name: str, text: str, value: object) -> None:
    assert parse_written(name, text.split(" "), text, "p") == Known(value, "p")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text"), [("logingracetime", "soon"), ("maxauthtries", "6x"), ("rekeylimit", "1G 1h")]
)
def test_written_values_that_cannot_be_known_are_unreadable(name: str, text: str) -> None:
    assert isinstance(parse_written(name, text.split(" "), text, "p"), Unreadable)


@pytest.mark.parametrize(
    ("told", "criteria", "meets"),
    [
        ({"user": "root"}, ["User", "root"], Meets.YES),
        ({"user": "root"}, ["User", "r*,!root"], Meets.NO),
        ({"user": "root"}, ["User", "!ops"], Meets.NO),
        ({}, ["User", "*"], Meets.NO),
        ({}, ["all"], Meets.YES),
        ({"host": "A.Example"}, ["Host", "*.EXAMPLE"], Meets.YES),
        ({"address": "10.1.2.3"}, ["Address", "10.0.0.0/8"], Meets.YES),
        ({"address": "10.1.2.3"}, ["Address", "10.1.*"], Meets.YES),
        ({"address": "x"}, ["Address", "*"], Meets.NO),
        ({"address": "::1"}, ["Address", "10.0.0.0/8,::/0"], Meets.YES),
        ({"local_address": "10.1.2.3"}, ["LocalAddress", "10.1.2.3"], Meets.YES),
        ({"local_port": "22"}, ["LocalPort", "22"], Meets.YES),
        ({"rdomain": "a"}, ["RDomain=a"], Meets.YES),
        ({"is_user_invalid": True}, ["invalid-user"], Meets.YES),
        ({"groups": frozenset({"a", "b"})}, ["Group", "b"], Meets.YES),
        ({"groups": frozenset({"a", "b"})}, ["Group", "b,!a"], Meets.NO),
        ({"user": "[x]"}, ["User", "[x]"], Meets.YES),
        ({"user": "root"}, ["User", "root", "Version", "9"], Meets.UNKNOWN),
        ({"user": "root"}, ["User", "ops", "Version", "9"], Meets.NO),
        ({"user": "root"}, [], Meets.NO),
        ({"user": "root"}, ["User"], Meets.NO),
    ],
)
def test_criteria_are_met_as_sshd_meets_them(told: dict[str, object], criteria: list[str], meets: Meets) -> None:
    assert meets_criteria(Connection(**told), criteria) is meets  # type: ignore[arg-type]


def test_negations_alone_can_never_be_met() -> None:
    assert not can_be_met(["Address", "10.0.0.0/8", "User", "!a,!b"])


def test_a_step_that_did_not_run_makes_everything_unreadable() -> None:
    probe = Probe.build("sshd", {})
    assert KIND.parse([probe], {"sshd": NotRun("broken")}) == {probe: build_unreadable(FIELDS, "broken")}


def test_a_step_that_was_not_asked_makes_everything_unreadable() -> None:
    probe = Probe.build("sshd", {})
    assert KIND.parse([probe], {}) == {probe: build_unreadable(FIELDS, "not asked")}


def test_all_probes_share_one_step() -> None:
    assert KIND.steps([Probe.build("sshd", {})] * 2) == (STEP,)


def test_no_probes_need_no_step() -> None:
    assert KIND.steps([]) == ()


_LINES = st.sampled_from(
    [
        *(
            "=sshd x",
            "=missing",
            "=file /a",
            "=eof",
            "=refused /b",
            "=context none",
            "=context outside",
            "=context /a:1",
        ),
        *("=given user=root,addr=10.0.0.1", "=given", "=groups a b", "=error line 3: x", "=error denied", "=exit 0 -T"),
        *("=exit 255 -T", "=exit", "=end", "=", "1 Match User root", "1 Match", "2 PermitRootLogin yes", "3 Include x"),
        *(
            "4 Match Address 1.2.3.4/99,!x",
            '5 "',
            "permitrootlogin no",
            "maxauthtries x",
            "port",
            "maxstartups 1",
            "\0",
        ),
    ]
)
_NOISE = st.one_of(st.binary(max_size=200), st.lists(_LINES, max_size=20).map(lambda lines: "\n".join(lines).encode()))


@given(_NOISE, st.booleans())
def test_any_answer_gives_every_declared_field(noise: bytes, cut: bool) -> None:  # noqa: FBT001 - drawn by name
    assert set(parse_sshd(Completed(exit_status=1, stdout=noise, cut=cut))) == set(FIELDS)


@given(_NOISE)
def test_any_answer_gives_whole_records(noise: bytes) -> None:
    start = b"=context none\n=given \n=exit 0 -T\n"
    records = _contexts(parse_sshd(Completed(exit_status=0, stdout=start + noise.replace(b"=context none", b""))))
    assert [record for record in records if set(record) != set(RECORD)] == []
