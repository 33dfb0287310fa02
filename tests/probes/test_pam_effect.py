"""Stacks as documentation and distributions write them: whether nobody gets past a module, and whether locks work."""

from __future__ import annotations

import pytest

from hardening.probes.listing import Seen
from hardening.probes.pam_effect import LockEffect, find_lock_effect, is_enforced
from hardening.probes.pam_files import PamFiles, Placed, build_stack

_DEBIAN = """auth required pam_faillock.so preauth
auth [success=1 default=ignore] pam_unix.so nullok
auth [default=die] pam_faillock.so authfail
auth sufficient pam_faillock.so authsucc
auth requisite pam_deny.so
auth required pam_permit.so
account required pam_faillock.so
"""
_RED_HAT = """auth required pam_env.so
auth required pam_faillock.so preauth silent
auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular
auth [default=1 ignore=ignore success=ok] pam_localuser.so
auth sufficient pam_unix.so
auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular
auth sufficient pam_sss.so forward_pass
auth required pam_faillock.so authfail
auth required pam_deny.so
account required pam_faillock.so
"""
_MANUAL = """auth [success=1 default=bad] pam_unix.so
auth [default=die] pam_faillock.so authfail
auth sufficient pam_faillock.so authsucc
auth required pam_deny.so
"""


def _files(**services: str) -> PamFiles:
    paths = {f"/etc/pam.d/{name.replace('_', '-')}": text for name, text in services.items()}
    return PamFiles(
        lines={path: list(enumerate(text.split("\n"), 1)) for path, text in paths.items()},
        seen=dict.fromkeys(paths, Seen.FILE),
        refused=(),
        modules=frozenset(),
    )


def _stack(text: str, type_name: str = "auth", **others: str) -> list[Placed]:
    return build_stack(_files(service=text, **others), "service").types[type_name]


def _enforced(text: str, module: str, type_name: str = "auth", **others: str) -> bool:
    stack = _stack(text, type_name, **others)
    return is_enforced(stack, frozenset(i for i, item in enumerate(stack) if item.call.module == module))


def _lock(text: str) -> LockEffect:
    return find_lock_effect(_stack(text), _stack(text, "account"))


@pytest.mark.parametrize("text", [_DEBIAN, _RED_HAT, _MANUAL], ids=["debian", "red hat", "manual"])
def test_documented_stacks_lock(text: str) -> None:
    assert _lock(text) == LockEffect(locks=True, counts=True, clears=True)


def test_a_stack_without_the_module_locks_nobody() -> None:
    assert _lock("auth required pam_unix.so\n") == LockEffect(locks=False, counts=False, clears=False)


def test_preauth_behind_the_password_comes_too_late() -> None:
    assert not _lock("auth sufficient pam_unix.so\nauth required pam_faillock.so preauth\n").locks


def test_an_optional_preauth_keeps_nobody_out() -> None:
    text = "auth optional pam_faillock.so preauth\nauth required pam_unix.so\n"
    assert not _lock(text).locks


def test_authsucc_alone_keeps_a_locked_account_out() -> None:
    assert _lock(_DEBIAN.replace("auth required pam_faillock.so preauth\n", "")).locks


def test_authfail_that_is_jumped_over_counts_nothing() -> None:
    text = _DEBIAN.replace("[success=1 default=ignore] pam_unix.so", "[success=4 default=1] pam_unix.so")
    assert not _lock(text).counts


def test_a_password_module_in_front_of_preauth_is_a_way_around() -> None:
    assert not _lock("auth sufficient pam_ldap.so\n" + _RED_HAT).locks


def test_wheel_holds_though_root_needs_no_group() -> None:
    text = "auth sufficient pam_rootok.so\nauth required pam_wheel.so use_uid\nauth required pam_unix.so\n"
    assert _enforced(text, "pam_wheel")


def test_a_trusting_wheel_holds_nobody_back() -> None:
    assert not _enforced("auth sufficient pam_wheel.so trust\nauth required pam_unix.so\n", "pam_wheel")


def test_quality_module_in_an_include_is_on_the_way() -> None:
    text = "@include common-password\n"
    common = "password requisite pam_pwquality.so\npassword [success=1 default=ignore] pam_unix.so\n"
    common += "password requisite pam_deny.so\npassword required pam_permit.so\n"
    assert _enforced(text, "pam_pwquality", "password", common_password=common)


def test_quality_module_behind_a_sufficient_one_is_not_on_the_way() -> None:
    text = "password sufficient pam_unix.so\npassword requisite pam_pwquality.so\n"
    assert not _enforced(text, "pam_pwquality", "password")


def test_a_stack_that_never_succeeds_enforces_nothing() -> None:
    assert not _enforced("auth required pam_wheel.so\nauth required pam_deny.so\n", "pam_wheel")


def test_a_type_that_a_service_leaves_out_comes_from_other() -> None:
    stack = build_stack(
        _files(service="auth required pam_unix.so\n", other="account required pam_deny.so\n"), "service"
    )
    assert [item.file for item in stack.calls("account")] == ["/etc/pam.d/other"]


def test_include_takes_lines_of_its_own_type_only() -> None:
    stack = build_stack(
        _files(service="auth include part\n", part="auth required pam_env.so\naccount required pam_deny.so\n"),
        "service",
    )
    assert [(name, len(stack.calls(name))) for name in ("auth", "account")] == [("auth", 1), ("account", 0)]


def test_a_circle_is_told() -> None:
    stack = build_stack(_files(service="@include part\n", part="@include service\n"), "service")
    assert stack.problems == ["/etc/pam.d/part:1: /etc/pam.d/service includes itself"]


def test_files_that_include_each_other_twice_are_cut() -> None:
    services = {f"s{i}": f"auth include s{i + 1}\nauth include s{i + 1}\n" for i in range(15)}
    services["s15"] = "auth required pam_unix.so\n"
    stack = build_stack(_files(**services), "s0")
    assert any("more than" in problem for problem in stack.problems)
