"""Filters: what they say, what an entry alone can tell, and how they join."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardening.model.ldap_filter import (
    And,
    Compared,
    Negated,
    Or,
    Pieces,
    Present,
    Ruled,
    escape_value,
    fits,
    is_decidable,
    join_filters,
    list_attributes,
    parse_filter,
)
from hardening.model.sid import parse_sid
from hardening.model.step import LdapEntry

KARI = LdapEntry(
    "CN=Kari,OU=Ansatte,DC=kommune,DC=test",
    {
        "objectclass": (b"top", b"person", b"organizationalPerson", b"user"),
        "objectcategory": (b"CN=Person,CN=Schema,CN=Configuration,DC=kommune,DC=test",),
        "cn": ("Kari Åsen".encode(),),
        "samaccountname": (b"kari",),
        "useraccountcontrol": (b"66048",),
        "grouptype": (b"-2147483646",),
        "objectsid": (parse_sid("S-1-5-21-1-2-3-1104") or b"",),
        "whencreated": (b"20250102030405.0Z",),
        "serviceprincipalname": (b"HTTP/web-01", b"cifs/web-01"),
        "mail": (),
    },
)
PERSON = LdapEntry("uid=ola", {"objectclass": (b"inetOrgPerson",)})
UNIT = LdapEntry("OU=x", {"objectcategory": (b"CN=Organizational-Unit,CN=Schema,CN=Configuration,DC=a",)})


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("(cn=*)", Present("cn")),
        ("(cn=a)", Compared("cn", "=", b"a")),
        ("(cn=)", Compared("cn", "=", b"")),
        ("(a>=1)", Compared("a", ">=", b"1")),
        ("(a<=1)", Compared("a", "<=", b"1")),
        ("(a~=1)", Compared("a", "~=", b"1")),
        ("(cn=a*b*)", Pieces("cn", (b"a", b"b", b""))),
        (r"(cn=\2a\28\00)", Compared("cn", "=", b"*(\0")),
        ("(cn=Å)", Compared("cn", "=", "Å".encode())),
        ("(cn;lang-nb=x)", Compared("cn;lang-nb", "=", b"x")),
        ("(a:1.2.3:=7)", Ruled("a", "1.2.3", b"7")),
        ("(a:dn:=7)", Ruled("a", "", b"7", of_name=True)),
        ("(:caseExactMatch:=7)", Ruled("", "caseExactMatch", b"7")),
        ("(&(a=1)(!(b=2)))", And((Compared("a", "=", b"1"), Negated(Compared("b", "=", b"2"))))),
        ("(|(a=1)(b=*))", Or((Compared("a", "=", b"1"), Present("b")))),
    ],
)
def test_text_becomes_a_filter(text: str, node: object) -> None:
    assert parse_filter(text) == node


@pytest.mark.parametrize(
    "text",
    [
        *("", "cn=a", "(cn=a", "(cn=a))", "(&)", "(|(a=1)", "(!(a=1)(b=2))", "()", "(=a)", r"(a=\2)", r"(a=\zz)"),
        *("(a=(b)", "(!" * 30 + "(a=1)" + ")" * 30),
    ],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says something of its own
        parse_filter(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(objectClass=USER)", True),
        ("(objectClass=group)", False),
        ("(objectCategory=person)", True),
        ("(objectCategory=user)", True),
        ("(objectCategory=computer)", False),
        ("(objectCategory=CN=Person,CN=Schema,CN=Configuration,DC=kommune,DC=test)", True),
        ("(sAMAccountName=KARI)", True),
        ("(cn=kari åsen)", True),
        ("(cn=k*Å*n)", True),
        ("(cn=*ari*)", True),
        ("(cn=ari*)", False),
        ("(samaccountname=kari*kari)", False),
        ("(mail=*)", False),
        ("(description=*)", False),
        ("(!(description=*))", True),
        ("(userAccountControl:1.2.840.113556.1.4.803:=65536)", True),
        ("(userAccountControl:1.2.840.113556.1.4.803:=65538)", False),
        ("(userAccountControl:1.2.840.113556.1.4.804:=65538)", True),
        ("(userAccountControl:1.2.840.113556.1.4.804:=2)", False),
        ("(groupType:1.2.840.113556.1.4.803:=2147483648)", True),
        ("(cn:1.2.840.113556.1.4.803:=1)", False),
        ("(userAccountControl>=66048)", True),
        ("(userAccountControl<=512)", False),
        ("(whenCreated>=20240101000000.0Z)", True),
        ("(whenCreated<=20240101000000.0Z)", False),
        ("(objectSid=S-1-5-21-1-2-3-1104)", True),
        ("(objectSid=S-1-5-21-1-2-3-500)", False),
        ("(servicePrincipalName=cifs/*)", True),
        ("(&(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))", True),
        ("(|(cn=x)(objectClass=top))", True),
    ],
)
def test_an_entry_fits_or_not(text: str, *, expected: bool) -> None:
    assert fits(parse_filter(text), KARI) is expected


@pytest.mark.parametrize("name", ["person", "organizationalPerson", "inetorgperson", "top"])
def test_an_entry_of_openldap_is_of_the_classes_above_its_own(name: str) -> None:
    assert fits(parse_filter(f"(objectClass={name})"), PERSON)


def test_the_name_of_a_class_stands_for_its_category() -> None:
    assert fits(parse_filter("(objectCategory=organizationalUnit)"), UNIT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(cn=a)", True),
        ("(&(cn=a)(!(b=*c*)))", True),
        ("(a:1.2.840.113556.1.4.803:=1)", True),
        ("(memberOf:1.2.840.113556.1.4.1941:=CN=x)", False),
        ("(cn~=a)", False),
        ("(anr=a)", False),
        ("(a:dn:1.2.840.113556.1.4.803:=1)", False),
        ("(cn;lang-nb=*)", False),
        ("(|(cn=a)(cn;x=a*))", False),
        ("(:1.2.840.113556.1.4.803:=1)", False),
    ],
)
def test_what_only_the_server_can_tell_is_known(text: str, *, expected: bool) -> None:
    assert is_decidable(parse_filter(text)) is expected


def test_attributes_of_a_filter_are_listed_as_they_are_spelt() -> None:
    node = parse_filter("(&(cn=a)(|(Mail=*)(!(uid=a*)))(x:1.2:=1)(:1.2:=3))")
    assert list(list_attributes(node)) == ["cn", "Mail", "uid", "x"]


@given(st.binary(max_size=20))
def test_an_escaped_value_means_itself(value: bytes) -> None:
    node = parse_filter(f"(a={escape_value(value)})")
    assert node == Compared("a", "=", value)


@pytest.mark.parametrize(
    ("filters", "joined"),
    [
        ({"(a=1)"}, "(a=1)"),
        ({"(b=1)", "(a=1)"}, "(|(a=1)(b=1))"),
        ({"(b=1)", "(objectClass=*)"}, "(objectClass=*)"),
    ],
)
def test_filters_join_to_one(filters: set[str], joined: str) -> None:
    assert join_filters(frozenset(filters)) == joined
