"""Access rules of slapd: who holds a privilege, rule by rule as slapd.access(5) decides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.probes.slapd_access import find_holders, parse_access
from hardening.probes.slapd_replication import parse_syncrepl


def _holders(rules: list[str], attribute: str = "userPassword", privilege: str = "r") -> tuple[list[str], list[str]]:
    found = find_holders([parse_access(rule) for rule in rules], attribute, privilege)
    return list(found.wide), list(found.narrow)


PASSWORDS = "{0}to attrs=userPassword,shadowLastChange by self write by anonymous auth by * none"


@pytest.mark.parametrize(
    ("rules", "wide", "narrow"),
    [
        ([], ["*"], []),
        ([PASSWORDS, "{1}to * by * read"], [], []),
        (["{0}to * by * read", PASSWORDS], ["*"], []),
        (["to * by users read by * none"], ["users"], []),
        (["to attrs=userPassword by * break", "to * by users read"], ["users"], []),
        (["to attrs=userPassword by * =xw", "to * by * read"], [], []),
        (["to attrs=userPassword by * =rx"], ["*"], []),
        (["to attrs=userPassword by users +r continue by * none"], ["users"], []),
        (['to attrs=userPassword by dn.exact="cn=sync,dc=x" read by * auth'], [], ['dn.exact="cn=sync,dc=x"']),
        (['to attrs=userPassword by group.exact="cn=a b,dc=x" write'], [], ['group.exact="cn=a b,dc=x"']),
        (['to attrs=userPassword by dn.subtree="ou=it,dc=x" read'], ['dn.subtree="ou=it,dc=x"'], []),
        (['to attrs=userPassword by dn.regex=".+" read'], ['dn.regex=".+"'], []),
        (["to attrs=userPassword by ssf=128 self read by * none"], [], []),
        (["to attrs=userPassword by users selfread by * none"], [], []),
        (['to dn.base="" by * read', "to * by * none"], [], []),
        (['to dn.subtree="ou=open,dc=x" by * read', PASSWORDS], ["*"], []),
        (['to dn.subtree="ou=shut,dc=x" by * none', "to * by * read"], ["*"], []),
        (["to attrs=userPassword filter=(uid=a) by * none", "to * by * read"], ["*"], []),
        (["to attrs=@inetOrgPerson by * none", "to * by users read"], ["users"], []),
        (["to attrs=cn by * read", "to * by * none"], [], []),
        (["to attrs=cn by * read"], [], []),
    ],
)
def test_who_reads_passwords(rules: list[str], wide: list[str], narrow: list[str]) -> None:
    assert _holders(rules) == (wide, narrow)


def test_what_no_rule_names_is_decided_by_the_rules_for_everything() -> None:
    assert _holders([PASSWORDS, "{1}to * by users write by * read"], "") == (["users", "*"], [])
    assert _holders([PASSWORDS, "{1}to * by users write by * read"], "", "a") == (["users"], [])
    assert _holders([], "", "a") == ([], [])


@pytest.mark.parametrize("value", ["", "nonsense", "to shoe=1 by * read", "to * by", "{0}by * read"])
def test_what_is_not_understood_is_said(value: str) -> None:
    with pytest.raises(ValueError, match="access rule"):
        parse_access(value)


@given(st.text())
def test_any_text_is_a_rule_or_says_that_it_is_none(text: str) -> None:
    try:
        parse_access(f"to * by {text}")
    except ValueError as error:
        assert "access rule" in str(error)  # noqa: PT017 - either is right


@pytest.mark.parametrize(
    ("value", "encrypted", "verified"),
    [
        ("rid=001 provider=ldaps://a.example.org searchbase=dc=x bindmethod=simple credentials=set", True, True),
        ("rid=001 provider=ldap://a.example.org starttls=critical tls_reqcert=demand", True, True),
        ("rid=001 provider=ldap://a.example.org starttls=yes", False, True),
        ("rid=001 provider=ldap://a.example.org", False, True),
        ('rid=001 provider="ldaps://a.example.org" tls_reqcert=never', True, False),
        ("rid=001 provider=ldaps://a.example.org tls_reqcert=allow", True, False),
        ("rid=001 provider=ldapi:///", True, True),
    ],
)
def test_replication(value: str, *, encrypted: bool, verified: bool) -> None:
    record = parse_syncrepl(value, "{1}mdb dc=x")
    assert (getattr(record["encrypted"], "value", None), getattr(record["verified"], "value", None)) == (
        encrypted,
        verified,
    )
