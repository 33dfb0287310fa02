"""Services: what starts at boot and what runs, through sockets and under other names, with and without systemd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.model.evidence import Known, Partial, Unreadable, build_unreadable
from hardening.model.probe import Probe
from hardening.model.step import Completed, NotRun
from hardening.probes.service import FIELDS, KIND, UNIT
from hardening.probes.service_script import build_trigger_names
from tests.probes.laid_out import lay_out, run_in_sh, run_in_shells

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.model.evidence import Evidence, Field, Record
    from hardening.model.step import Answer

ETC, USR, RUN = "/etc/systemd/system", "/usr/lib/systemd/system", "/run/systemd/system"
UNIT_FILE = "[Service]\nExecStart=/bin/true\n"
CAN_ENABLE = f"{UNIT_FILE}[Install]\nWantedBy=multi-user.target\n"


def _probe(*names: str) -> Probe:
    return Probe.build("service", {"names": names})


def _parse(answer: Answer, *names: str) -> Evidence:
    probe = _probe(*names)
    return KIND.parse([probe], {"service": answer})[probe]


def _shown(*blocks: dict[str, str], facts: tuple[str, ...] = ()) -> Completed:
    text = "".join("".join(f"{key}={value}\n" for key, value in block.items()) + "\n" for block in blocks)
    said = "".join(f"{fact}\n" for fact in facts)
    return Completed(exit_status=0, stdout=f"=mode running\n{text}{said}=end\n".encode())


def _block(name: str, **properties: str) -> dict[str, str]:
    known = {"Id": name, "Names": name, "LoadState": "loaded", "ActiveState": "inactive", "SubState": "dead"}
    return {**known, "UnitFileState": "disabled", **properties}


def _record(evidence: Evidence) -> Record:
    units = evidence["units"]
    assert isinstance(units, Known)
    assert isinstance(units.value, tuple)
    record = units.value[0]
    assert not isinstance(record, str)
    return record


def _value(field: Field) -> object:
    return field.value if isinstance(field, Known) else field


def _offline(tree: Path, *names: str) -> Evidence:
    (step,) = KIND.steps([_probe(*names)])
    return _parse(run_in_sh(step, tree), *names)


def _tree(tree: Path, files: dict[str, str], links: dict[str, str] | None = None) -> Path:
    lay_out(tree, {f"{USR}/README": "x", "/usr/lib/systemd/bin/x": "", **files})
    program = tree / "usr/lib/systemd/systemd"
    program.write_text("")
    program.chmod(0o755)
    for path, target in (links or {}).items():
        link = tree / path.lstrip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target if target == "/dev/null" else tree / target.lstrip("/"))
    return tree


def test_a_disabled_service_runs_through_its_listening_socket() -> None:
    answer = _shown(
        _block("ssh.service", TriggeredBy="ssh.socket"),
        _block("ssh.socket", ActiveState="active", SubState="listening", UnitFileState="enabled"),
    )
    assert _parse(answer, "ssh.service")["running"] == Known(("ssh.service",))


def test_a_disabled_service_starts_at_boot_through_an_enabled_socket() -> None:
    answer = _shown(_block("ssh.service", TriggeredBy="ssh.socket"), _block("ssh.socket", UnitFileState="enabled"))
    assert _parse(answer, "ssh.service")["at_boot"] == Known(("ssh.service",))


def test_a_socket_of_another_name_counts_too() -> None:
    answer = _shown(
        _block("x.service"), _block("y.socket", Triggers="x.service", UnitFileState="enabled", ActiveState="active")
    )
    assert _value(_record(_parse(answer, "x.service"))["triggered_by"]) == ("y.socket",)


def test_an_active_timer_does_not_make_its_service_run() -> None:
    answer = _shown(
        _block("x.service", TriggeredBy="x.timer"), _block("x.timer", ActiveState="active", UnitFileState="enabled")
    )
    assert _parse(answer, "x.service")["running"] == Known(())


def test_a_masked_service_does_not_start_through_its_socket() -> None:
    answer = _shown(
        _block("x.service", LoadState="masked", UnitFileState="masked", TriggeredBy="x.socket"),
        _block("x.socket", UnitFileState="enabled"),
    )
    assert _parse(answer, "x.service")["at_boot"] == Known(())


def test_a_mask_alone_is_not_installed() -> None:
    answer = _shown(_block("x.service", LoadState="masked", UnitFileState="masked"), facts=("mask x.service /etc/x",))
    assert _parse(answer, "x.service")["installed"] == Known(())


def test_a_masked_service_with_a_unit_file_is_installed() -> None:
    answer = _shown(_block("x.service", LoadState="masked", UnitFileState="masked"), facts=("file x.service /usr/x",))
    assert _parse(answer, "x.service")["installed"] == Known(("x.service",))


def test_masked_names_are_listed() -> None:
    answer = _shown(_block("x.service", LoadState="masked", UnitFileState="masked"), _block("y.service"))
    assert _parse(answer, "y.service", "x.service")["masked"] == Known(("x.service",))


def test_masked_until_the_next_boot_leaves_the_boot_unreadable() -> None:
    answer = _shown(_block("x.service", LoadState="masked", UnitFileState="masked-runtime"))
    assert isinstance(_record(_parse(answer, "x.service"))["at_boot"], Unreadable)


def test_an_alias_answers_with_the_unit_it_names() -> None:
    answer = _shown(_block("ssh.service", Names="ssh.service sshd.service", UnitFileState="enabled"))
    assert _value(_record(_parse(answer, "sshd.service"))["enabled"]) == "enabled"


def test_an_unknown_unit_is_not_found() -> None:
    answer = _shown(_block("x.service", LoadState="not-found", UnitFileState=""))
    assert _value(_record(_parse(answer, "x.service"))["enabled"]) == "not-found"


@pytest.mark.parametrize("wanting", ["WantedBy", "RequiredBy", "UpheldBy"])
def test_a_static_unit_starts_when_an_active_unit_wants_it(wanting: str) -> None:
    answer = _shown(
        _block("x.service", UnitFileState="static", **{wanting: "sysinit.target"}),
        _block("sysinit.target", ActiveState="active"),
    )
    assert _parse(answer, "x.service")["at_boot"] == Known(("x.service",))


def test_a_static_unit_of_the_rescue_target_does_not_start() -> None:
    answer = _shown(
        _block("x.service", UnitFileState="static", WantedBy="rescue.target"),
        _block("rescue.target", ActiveState="active"),
    )
    assert _parse(answer, "x.service")["at_boot"] == Known(())


def test_enabled_until_the_next_boot_does_not_start_then() -> None:
    answer = _shown(
        _block("x.service", UnitFileState="enabled-runtime", WantedBy="multi-user.target"),
        _block("multi-user.target", ActiveState="active"),
    )
    assert _parse(answer, "x.service")["at_boot"] == Known(())


def test_a_name_that_systemd_is_silent_about_is_unreadable() -> None:
    assert isinstance(_record(_parse(_shown(), "x.service"))["enabled"], Unreadable)


def test_one_silent_name_leaves_the_lists_partial() -> None:
    answer = _shown(_block("x.service", UnitFileState="enabled"))
    assert isinstance(_parse(answer, "x.service", "y.service")["at_boot"], Partial)


def test_a_unit_without_a_state_is_unreadable() -> None:
    assert isinstance(_record(_parse(_shown(_block("x.scope", UnitFileState="")), "x.scope"))["enabled"], Unreadable)


def test_every_shell_sees_the_same_links(tmp_path: Path) -> None:
    tree = _tree(
        tmp_path,
        {
            f"{USR}/a.service": CAN_ENABLE,
            f"{USR}/b@.service": CAN_ENABLE,
            f"{USR}/z.socket": "[Socket]\nService=a.service\n[Install]\nAlso=a.service\n",
        },
        {
            f"{ETC}/multi-user.target.wants/a.service": f"{USR}/a.service",
            f"{ETC}/multi-user.target.wants/b@1.service": f"{USR}/b@.service",
            f"{ETC}/alias.service": f"{USR}/a.service",
            f"{ETC}/c.service": "/dev/null",
        },
    )
    (step,) = KIND.steps([_probe("a.service", "alias.service", "b@1.service", "c.service")])
    answers = run_in_shells(step, tree)
    assert {answer.stdout for answer in answers.values()} == {answers["sh"].stdout}


def test_without_systemd_running_the_links_tell_what_starts(tmp_path: Path) -> None:
    tree = _tree(
        tmp_path,
        {f"{USR}/a.service": CAN_ENABLE, f"{USR}/b.service": CAN_ENABLE},
        {f"{ETC}/multi-user.target.wants/a.service": f"{USR}/a.service"},
    )
    assert _offline(tree, "a.service", "b.service")["at_boot"] == Known(("a.service",))


def test_without_systemd_running_nothing_is_known_of_now(tmp_path: Path) -> None:
    tree = _tree(tmp_path, {f"{USR}/a.service": CAN_ENABLE})
    assert _offline(tree, "a.service")["running"] == Unreadable("no running systemd")


@pytest.mark.parametrize(
    ("files", "links", "state"),
    [
        ({f"{USR}/a.service": UNIT_FILE}, {}, "static"),
        ({f"{USR}/a.service": CAN_ENABLE}, {}, "disabled"),
        ({f"{USR}/a.service": f"{UNIT_FILE}[Install]\nAlso=b.service\n"}, {}, "indirect"),
        ({}, {}, "not-found"),
        ({f"{USR}/a.service": UNIT_FILE}, {f"{ETC}/a.service": "/dev/null"}, "masked"),
        ({f"{USR}/a.service": UNIT_FILE}, {f"{RUN}x/a.service": "/dev/null"}, "static"),
        ({f"{USR}/a.service": UNIT_FILE, f"{ETC}/a.service": ""}, {}, "masked"),
        ({f"{ETC}/a.service": CAN_ENABLE}, {f"{USR}/a.service": "/dev/null"}, "disabled"),
        ({f"{USR}/b.service": CAN_ENABLE}, {f"{ETC}/a.service": f"{USR}/b.service"}, "disabled"),
        (
            {f"{USR}/a.service": CAN_ENABLE},
            {f"{USR}/multi-user.target.wants/a.service": f"{USR}/a.service"},
            "enabled",
        ),
        ({f"{USR}/a.service": CAN_ENABLE}, {f"{ETC}/other-name.service": f"{USR}/a.service"}, "enabled"),
    ],
)
def test_states_from_files_are_those_of_systemctl(
    tmp_path: Path, files: dict[str, str], links: dict[str, str], state: str
) -> None:
    assert _value(_record(_offline(_tree(tmp_path, files, links), "a.service"))["enabled"]) == state


def test_a_link_that_ends_with_the_boot_enables_until_then() -> None:
    facts = (
        b"file a.service /usr/lib/systemd/system/a.service\nwanted a.service /run/systemd/system/x.wants/a.service\n"
    )
    evidence = _parse(Completed(exit_status=0, stdout=b"=mode links\n" + facts + b"=end\n"), "a.service")
    assert _value(_record(evidence)["enabled"]) == "enabled-runtime"


def test_without_systemd_running_a_socket_of_another_name_counts(tmp_path: Path) -> None:
    tree = _tree(
        tmp_path,
        {
            f"{USR}/a.service": UNIT_FILE,
            f"{USR}/other.socket": "[Socket]\nService=a.service\n[Install]\nWantedBy=sockets.target\n",
        },
        {f"{ETC}/sockets.target.wants/other.socket": f"{USR}/other.socket"},
    )
    assert _offline(tree, "a.service")["at_boot"] == Known(("a.service",))


def test_a_socket_that_starts_something_else_does_not_count(tmp_path: Path) -> None:
    tree = _tree(
        tmp_path,
        {f"{USR}/a.service": UNIT_FILE, f"{USR}/a.socket": "[Socket]\nService=b.service\n"},
        {f"{ETC}/sockets.target.wants/a.socket": f"{USR}/a.socket"},
    )
    assert _offline(tree, "a.service")["at_boot"] == Known(())


def test_without_systemd_running_nobody_knows_which_targets_are_reached(tmp_path: Path) -> None:
    tree = _tree(tmp_path, {f"{USR}/a.target": "[Unit]\n"})
    assert isinstance(_record(_offline(tree, "a.target"))["at_boot"], Unreadable)


def test_without_systemd_everything_is_unreadable(tmp_path: Path) -> None:
    assert _offline(lay_out(tmp_path, {}), "a.service") == build_unreadable(FIELDS, "there is no systemd")


def test_a_cut_answer_is_unreadable() -> None:
    answer = Completed(exit_status=0, stdout=b"=mode running\nId=x.service\n\n=end\n", cut=True)
    assert _parse(answer, "x.service") == build_unreadable(FIELDS, "the output was cut")


def test_an_answer_without_its_end_is_unreadable() -> None:
    answer = Completed(exit_status=1, stdout=b"=mode running\n", stderr=b"Failed to connect to bus\n")
    assert _parse(answer, "x.service") == build_unreadable(FIELDS, "Failed to connect to bus")


def test_a_step_that_did_not_run_makes_everything_unreadable() -> None:
    assert _parse(NotRun("broken"), "x.service") == build_unreadable(FIELDS, "broken")


def test_all_probes_share_one_step() -> None:
    assert len(KIND.steps([_probe("a.service"), _probe("b.service", "a.service")])) == 1


def test_no_names_need_no_step() -> None:
    assert KIND.steps([]) == ()


def test_the_script_does_not_depend_on_the_order_of_names() -> None:
    assert KIND.steps([_probe("a.service", "b.socket")]) == KIND.steps([_probe("b.socket"), _probe("a.service")])


def test_only_services_are_triggered_by_units_of_their_name() -> None:
    assert build_trigger_names("x.socket") == ()


_NOISE = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [
                *("=mode running", "=mode links", "=mode x", "", "Id=a.service", "Names=a.service b", "\0="),
                *("Triggers=a.service", "file a.service /usr/x", "mask a.service", "starts a.socket a.service"),
            ]
        ),
        max_size=14,
    ).map(lambda lines: "\n".join(lines).encode() + b"\n=end\n"),
)


@given(_NOISE, st.booleans())
def test_any_answer_gives_every_declared_field(noise: bytes, cut: bool) -> None:  # noqa: FBT001 - drawn by name
    assert set(_parse(Completed(exit_status=1, stdout=noise, cut=cut), "a.service")) == set(FIELDS)


@given(_NOISE)
def test_any_whole_answer_gives_whole_records(noise: bytes) -> None:
    answer = Completed(exit_status=0, stdout=b"=mode links\n" + noise.replace(b"=mode none", b"") + b"\n=end\n")
    assert set(_record(_parse(answer, "a.service"))) == set(UNIT)
