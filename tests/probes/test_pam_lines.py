"""How libpam reads its files, and what a stack comes to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.probes.pam_lines import parse_control, parse_pam_lines
from hardening.probes.pam_walk import Call, TooManyStatesError, answers, walk


def _lines(text: str) -> list[tuple[str, str, str, tuple[str, ...]]]:
    numbered = list(enumerate(text.split("\n"), 1))
    return [(line.type, line.control.text, line.module, line.arguments) for line in parse_pam_lines(numbered)]


def test_types_and_controls_are_read_without_regard_to_case() -> None:
    assert _lines("AUTH Required pam_x.so") == [("auth", "required", "pam_x.so", ())]


def test_a_hyphen_in_front_of_the_type_only_silences_the_log() -> None:
    assert _lines("-session optional pam_x.so") == [("session", "optional", "pam_x.so", ())]


def test_a_backslash_continues_a_line() -> None:
    assert _lines("auth required \\  \n  pam_x.so \\\n a") == [("auth", "required", "pam_x.so", ("a",))]


def test_a_comment_ends_a_line_even_before_a_backslash() -> None:
    assert _lines("auth required pam_x.so # a \\\nauth required pam_y.so") == [
        ("auth", "required", "pam_x.so", ()),
        ("auth", "required", "pam_y.so", ()),
    ]


def test_brackets_keep_blanks_together() -> None:
    assert _lines(r"auth [success=1 default=ignore] pam_x.so [a b] [c\]d]") == [
        ("auth", "[success=1 default=ignore]", "pam_x.so", ("a b", "c]d"))
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [("auth", "no control"), ("auth required", "no module"), ("nonsense required pam_x.so", "not a type: nonsense")],
)
def test_an_incomplete_line_fails_always(text: str, fault: str) -> None:
    assert [line.fault for line in parse_pam_lines([(1, text)])] == [fault]


def test_a_line_of_no_known_type_counts_for_auth() -> None:
    assert [line.type for line in parse_pam_lines([(1, "nonsense required pam_x.so")])] == ["auth"]


@pytest.mark.parametrize(
    ("control", "code", "action"),
    [
        ("required", "success", "ok"),
        ("required", "ignore", "ignore"),
        ("required", "auth_err", "bad"),
        ("requisite", "auth_err", "die"),
        ("sufficient", "success", "done"),
        ("sufficient", "auth_err", "ignore"),
        ("optional", "auth_err", "ignore"),
        ("success=1 default=ignore", "success", "1"),
        ("default=ignore success = ok", "success", "ok"),
        ("default=ignore default=die", "auth_err", "ignore"),
        ("success=ok", "auth_err", "bad"),
        ("success=bogus", "success", "bad"),
        ("success=0", "success", "bad"),
        ("bogus=ok", "success", "bad"),
    ],
)
def test_controls_become_actions(control: str, code: str, action: str) -> None:
    assert parse_control(control).action(code) == action


@given(st.text(st.sampled_from("auth required[]=success1 \\#\t\n@include-"), max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(_lines(text), list)


def _call(control: str, module: str = "pam_x", **more: object) -> Call:
    return Call(type="auth", control=parse_control(control), module=module, **more)  # type: ignore[arg-type]


def _can_succeed(*calls: Call, fixed: dict[int, str] | None = None) -> bool:
    def choices(index: int) -> tuple[str, ...]:
        return (fixed[index],) if fixed and index in fixed else answers(calls[index])

    return any(ok for ok, _ in walk(calls, lambda _, __, flags: flags, choices))


def test_an_empty_stack_lets_nobody_in() -> None:
    assert not _can_succeed()


def test_a_required_module_that_fails_fails_the_stack() -> None:
    assert not _can_succeed(_call("required"), _call("sufficient"), fixed={0: "auth_err"})


def test_a_sufficient_module_ends_the_stack() -> None:
    assert _can_succeed(_call("sufficient"), _call("required", "pam_deny"), fixed={0: "success"})


def test_after_a_failure_a_sufficient_module_ends_nothing() -> None:
    assert not _can_succeed(
        _call("required"), _call("sufficient"), _call("required", "pam_permit"), fixed={0: "auth_err"}
    )


def test_a_jump_goes_over_modules() -> None:
    jump = _call("success=1 default=ignore")
    assert _can_succeed(jump, _call("requisite", "pam_deny"), _call("required", "pam_permit"), fixed={0: "success"})


def test_a_jump_past_the_end_fails() -> None:
    assert not _can_succeed(_call("required", "pam_permit"), _call("success=5"), fixed={1: "success"})


def test_only_ignored_modules_let_nobody_in() -> None:
    assert not _can_succeed(_call("optional"), fixed={0: "auth_err"})


def test_a_module_that_is_not_installed_fails() -> None:
    assert not _can_succeed(_call("required", installed=False), _call("required", "pam_permit"))


def test_done_in_a_substack_ends_the_substack_only() -> None:
    calls = (
        _call("substack", marker=True),
        _call("sufficient", level=1),
        _call("required", "pam_deny", level=1),
        _call("required", "pam_deny"),
    )
    assert not _can_succeed(*calls, fixed={1: "success"})


def test_a_jump_counts_a_substack_as_one() -> None:
    calls = (
        _call("success=1 default=bad"),
        _call("substack", marker=True),
        _call("required", "pam_deny", level=1),
        _call("required", "pam_deny", level=1),
        _call("required", "pam_permit"),
    )
    assert _can_succeed(*calls, fixed={0: "success"})


def test_reset_forgets_what_happened_in_the_substack() -> None:
    calls = (
        _call("required", "pam_permit"),
        _call("substack", marker=True),
        _call("required", "pam_deny", level=1),
        _call("success=reset default=reset", level=1),
    )
    assert _can_succeed(*calls)


def test_a_stack_without_end_is_given_up() -> None:
    with pytest.raises(TooManyStatesError):
        _can_succeed(*[_call("required")] * 60_000)
