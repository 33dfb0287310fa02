"""The rights that a kit delegates in a directory: those of the plan, each of them, and nothing that holds a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import pytest

from hardening.app.kit import KitRequest, build_kit
from hardening.app.kit_directory import DIRECTORY_ACCOUNT_TO_FILL_IN
from hardening.app.plan import plan_for
from hardening.app.site import Site
from hardening.errors import UsageError
from hardening.inventory.load import SiteSettings
from hardening.model.directory import ROOT_DSE
from hardening.model.evidence import ABSENT
from hardening.model.secret_attributes import is_reduced, is_secret
from hardening.model.step import LdapIdentity, LdapStep

SITE = Site(ABSENT, SiteSettings())
AD, OPENLDAP = ("active-directory:extended",), ("openldap-directory:extended",)
GRANT = re.compile(r'dsacls "([^"]+)"( /I:[TP])? /G "\$\{account\}:(LC|RC|RP;[A-Za-z0-9-]+)"')
NAME = "cn=audit,dc=example,dc=org"


@cache
def build(baselines: tuple[str, ...], account: str = "", only: frozenset[str] = frozenset()) -> Mapping[str, str]:
    return build_kit(SITE, baselines, only, KitRequest(directory_account=account), version="1.0").files


def commands(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("dsacls")]


def grants(files: Mapping[str, str]) -> set[tuple[str, str]]:
    lines = [line for name in files if name.startswith("ad-grant") for line in commands(files[name])]
    matches = [GRANT.fullmatch(line) for line in lines]
    return {(match[1], match[3]) for match in matches if match}


def steps(baselines: tuple[str, ...]) -> list[LdapStep]:
    found = plan_for(SITE, baselines, frozenset(), "ldap").steps
    own = [step for step in found if isinstance(step, LdapStep) and step.identity is LdapIdentity.OWN]
    return [step for step in own if step != ROOT_DSE]


def test_every_attribute_of_the_plan_is_delegated_where_it_is_asked() -> None:
    names = {"{default_nc}": "$domain", "{config_nc}": "$config", "{schema_nc}": "$schema", "{root_nc}": "$root"}
    given = grants(build(AD))
    for step in steps(AD):
        base = step.base
        for name, variable in names.items():
            base = base.replace(name, variable)
        for attribute in step.attributes:
            if not is_reduced(attribute) and attribute not in {
                "nTSecurityDescriptor",
                "msDS-User-Account-Control-Computed",
            }:
                assert (base, f"RP;{attribute}") in given
        assert not step.sd_flags or (base, "RC") in given


def test_a_smaller_plan_gets_fewer_rights() -> None:
    few = grants(build(AD, only=frozenset({"ad-fgpp-weaker"})))
    assert few < grants(build(AD))
    assert {base for base, _ in few} == {"CN=Password Settings Container,CN=System,$domain", "$domain"}


def test_only_rights_to_read_are_given() -> None:
    files = build(AD, "EXAMPLE\\audit")
    lines = [line for name in files if name.endswith(".ps1") for line in commands(files[name])]
    revoked = re.compile(r'dsacls "[^"]+" /R "\$\{account\}"')
    assert [line for line in lines if not GRANT.fullmatch(line) and not revoked.fullmatch(line)] == []


@pytest.mark.parametrize("baselines", [AD, OPENLDAP])
def test_nothing_that_holds_a_secret_is_delegated(baselines: tuple[str, ...]) -> None:
    files = build(baselines, NAME)
    words = {
        word
        for name, text in files.items()
        if name.endswith((".ps1", ".ldif")) and "hashes" not in name
        for line in text.splitlines()
        if not line.startswith("#")
        for word in re.findall(r"[A-Za-z][A-Za-z0-9-]+", line)
    }
    assert {word for word in words if is_secret(word) or is_reduced(word)} == set()


def test_what_is_always_kept_back_stands_in_a_file_of_its_own() -> None:
    bases = {GRANT.fullmatch(line)[1] for line in commands(build(AD)["ad-grant.ps1"])}  # type: ignore[index] # above
    assert bases == {"CN=Password Settings Container,CN=System,$domain"}


def test_all_that_was_given_is_taken_back() -> None:
    files = build(AD)
    revoked = {line.split('"')[1] for line in commands(files["ad-revoke.ps1"])}
    assert revoked == {base for base, _ in grants(files)}


def test_hashes_in_openldap_are_a_decision_of_their_own() -> None:
    files = build(OPENLDAP, NAME)
    rule = f'olcAccess: {{0}}to attrs=userPassword by dn.exact="{NAME}" read by * break'
    assert rule in files["openldap-grant-hashes.ldif"].splitlines()
    assert "userPassword" not in files["openldap-grant.ldif"]


def test_attributes_of_an_overlay_stand_in_a_rule_of_their_own() -> None:
    rules = [line for line in build(OPENLDAP)["openldap-grant.ldif"].splitlines() if line.startswith("olcAccess")]
    for rule in rules:
        names = rule.partition("attrs=")[2].partition(" ")[0].split(",")
        assert len({name.startswith(("pwd", "olcPPolicy")) for name in names}) == 1


def test_each_directory_has_files_only_where_it_is_asked() -> None:
    assert {name.partition("-")[0] for name in build(AD)} == {"DIRECTORY.en.md", "DIRECTORY.nb.md", "SHA256SUMS", "ad"}
    assert not [name for name in build(OPENLDAP) if name.startswith("ad-")]


def test_an_account_that_was_not_said_gets_nothing() -> None:
    assert f"$account = '{DIRECTORY_ACCOUNT_TO_FILL_IN}'" in build(AD)["ad-grant.ps1"]
    assert f'dn.exact="{DIRECTORY_ACCOUNT_TO_FILL_IN}"' in build(OPENLDAP)["openldap-grant.ldif"]


@pytest.mark.parametrize("account", ["EXAMPLE\\audit", "audit@example.org", "S-1-5-21-1-2-3-1105"])
def test_an_account_stands_in_the_commands(account: str) -> None:
    assert f"$account = '{account}'\n" in build(AD, account)["ad-grant.ps1"]


@pytest.mark.parametrize("account", ["a'; rm", 'cn=a" read by *,dc=x', "a\nb", "EXAMPLE\\a'b", "cn=a\\,b", "$(x)"])
def test_a_strange_account_is_refused(account: str) -> None:
    with pytest.raises(UsageError, match="is no account of a directory"):
        build(AD, account)


def test_a_kit_for_both_holds_both() -> None:
    files = build((*AD, "linux-server"))
    assert {"hardening-root", "ad-grant.ps1"} <= set(files)


def test_equal_input_gives_equal_files() -> None:
    assert build.__wrapped__(AD) == build(AD)
