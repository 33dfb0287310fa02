"""Ways to the administrators in small domains made for one question each."""

from __future__ import annotations

from hardening.model.evidence import Evidence, Known, Partial, Record, Unreadable
from hardening.model.probe import Probe
from hardening.model.sid import parse_sid
from hardening.model.step import Answer, LdapAnswer, LdapEntry
from hardening.probes import KINDS
from hardening.probes.ad_control import MOST_PATHS
from hardening.probes.ad_paths import parent_of, parse_links
from tests.model.test_security_descriptor import build_descriptor, build_entry

DOMAIN = "DC=example,DC=org"
SID = "S-1-5-21-1-2-3"
OLA, KARI = f"{SID}-1101", f"{SID}-1102"
NOTHING = build_descriptor()
PROTECTED = build_descriptor(control=0x9004)
GPO = f"CN={{1}},CN=Policies,CN=System,{DOMAIN}"
WRITE, WRITE_DACL, EVERYTHING = 0x20, 0x40000, 0xF01FF
RESET = "00299570-246d-11d0-a768-00aa006e0529"
ENROL = "0e10c968-78fb-11d2-90d4-00c04f79dc55"
PKI = f"CN=Public Key Services,CN=Services,CN=Configuration,{DOMAIN}"


def _sid(text: str) -> bytes:
    data = parse_sid(text)
    assert data is not None
    return data


def _may(mask: int, trustee: str, right: str = "", *, control: int = 0x8004) -> bytes:
    kind = 5 if right else 0
    return build_descriptor(build_entry(kind, 0, mask, trustee, right), control=control)


class Forest:
    """A domain with one administrator, one controller, Ola and Kari; tests change what they are about."""

    def __init__(self) -> None:
        self.accounts: dict[str, dict[str, tuple[bytes, ...]]] = {}
        self.groups: dict[str, dict[str, tuple[bytes, ...]]] = {}
        self.objects: dict[str, dict[str, tuple[bytes, ...]]] = {}
        self.pki: dict[str, dict[str, tuple[bytes, ...]]] = {PKI: {"objectclass": (b"container",)}}
        self.add(DOMAIN, "domainDNS")
        for name in ("System", "Users"):
            self.add(f"CN={name},{DOMAIN}", "container")
        self.add(f"CN=AdminSDHolder,CN=System,{DOMAIN}", "container", PROTECTED)
        for ou in ("Domain Controllers", "Ansatte", "Admin"):
            self.add(f"OU={ou},{DOMAIN}", "organizationalUnit")
        self.account("sjef", f"{SID}-1100", ou="OU=Admin,", descriptor=PROTECTED)
        self.account("ola", OLA)
        self.account("kari", KARI)
        self.account("dc-01", f"{SID}-1000", ou="OU=Domain Controllers,", flags=0x2000, primary=516)
        self.group("Domain Admins", f"{SID}-512", "CN=sjef,OU=Admin,")
        self.group("Administrators", "S-1-5-32-544", "CN=Domain Admins,CN=Users,")
        self.group("Domain Users", f"{SID}-513")
        self.group("Domain Controllers", f"{SID}-516")

    def add(self, dn: str, kind: str, descriptor: bytes = NOTHING, **more: bytes) -> None:
        """Add an object."""
        values = {name: (value,) for name, value in more.items()}
        self.objects[dn] = {"objectclass": (kind.encode(),), "ntsecuritydescriptor": (descriptor,), **values}

    def account(
        self,
        name: str,
        sid: str,
        *,
        ou: str = "OU=Ansatte,",
        flags: int = 0x200,
        primary: int = 513,
        descriptor: bytes = NOTHING,
    ) -> None:
        """Add an account."""
        dn = f"CN={name},{ou}{DOMAIN}"
        self.accounts[dn] = {
            "objectsid": (_sid(sid),),
            "objectclass": (b"user",),
            "primarygroupid": (str(primary).encode(),),
            "useraccountcontrol": (str(flags).encode(),),
        }
        self.add(dn, "user", descriptor)

    def group(self, name: str, sid: str, *members: str, descriptor: bytes = PROTECTED) -> None:
        """Add a group with its direct members."""
        dn = f"CN={name},CN=Users,{DOMAIN}"
        self.groups[dn] = {
            "objectsid": (_sid(sid),),
            "objectclass": (b"group",),
            "member": tuple(f"{member}{DOMAIN}".encode() for member in members),
        }
        self.add(dn, "group", descriptor)

    def grant(self, dn: str, descriptor: bytes) -> None:
        """Give an object another owner and list."""
        self.objects[dn]["ntsecuritydescriptor"] = (descriptor,)

    def template(self, name: str, *, descriptor: bytes, enrolment: int = 0, names: int = 1) -> None:
        """Add a certificate template."""
        self.pki[f"CN={name},CN=Certificate Templates,{PKI}"] = {
            "cn": (name.encode(),),
            "objectclass": (b"pKICertificateTemplate",),
            "mspki-certificate-name-flag": (str(names).encode(),),
            "mspki-enrollment-flag": (str(enrolment).encode(),),
            "pkiextendedkeyusage": (b"1.3.6.1.5.5.7.3.2",),
            "ntsecuritydescriptor": (descriptor,),
        }

    def publish(self, *names: str) -> None:
        """Add an authority that issues by some templates."""
        self.pki[f"CN=CA,CN=Enrollment Services,{PKI}"] = {
            "objectclass": (b"pKIEnrollmentService",),
            "certificatetemplates": tuple(name.encode() for name in names),
        }

    def evidence(self) -> Evidence:
        """Return what the kind makes of it all."""
        probe = Probe.build("ad_control", {})
        parts = {"accounts": self.accounts, "groups": self.groups, "objects": self.objects, "pki": self.pki}
        answers: dict[str, Answer] = {
            f"ad_control {name}": LdapAnswer(entries=tuple(LdapEntry(dn, values) for dn, values in part.items()))
            for name, part in parts.items()
        }
        answers["ad_control domain"] = LdapAnswer(entries=(LdapEntry(DOMAIN, {"objectsid": (_sid(SID),)}),))
        return KINDS["ad_control"].parse((probe,), answers)[probe]

    def records(self) -> tuple[Record, ...]:
        """Return the ways, all of which were seen."""
        field = self.evidence()["paths"]
        assert isinstance(field, Known), field
        return field.value  # type: ignore[return-value] # records

    def paths(self) -> list[str]:
        """Return the ways as text, without the name of the domain."""
        seen = (record["path"] for record in self.records())
        return [str(path.value).replace(f",{DOMAIN}", "") for path in seen if isinstance(path, Known)]


SJEF = f"CN=sjef,OU=Admin,{DOMAIN}"
THEN_ADMIN = " → CN=sjef,OU=Admin → member_of → CN=Domain Admins,CN=Users"


def test_nobody_in_a_plain_domain() -> None:
    assert Forest().paths() == []


def test_members_of_a_group_are_told_with_the_group() -> None:
    forest = Forest()
    forest.group("Hjelp", f"{SID}-1200", "CN=ola,OU=Ansatte,", "CN=Hjelp,CN=Users,")
    forest.grant(SJEF, _may(0x100, f"{SID}-1200", RESET))
    assert forest.paths() == [
        f"CN=ola,OU=Ansatte → member_of → CN=Hjelp,CN=Users → resets_password{THEN_ADMIN}",
    ]


def test_a_group_that_everybody_is_in_is_not_taken_apart() -> None:
    forest = Forest()
    forest.grant(SJEF, _may(EVERYTHING, f"{SID}-513"))
    assert forest.paths() == [f"CN=Domain Users,CN=Users → everything{THEN_ADMIN}"]


def test_of_two_ways_the_shorter_one_is_told() -> None:
    forest = Forest()
    forest.group("Hjelp", f"{SID}-1200", "CN=ola,OU=Ansatte,")
    forest.grant(SJEF, _may(EVERYTHING, f"{SID}-1200"))
    forest.grant(DOMAIN, _may(WRITE_DACL, OLA))
    assert forest.paths() == ["CN=ola,OU=Ansatte → write_dacl → DC=example,DC=org"]


def test_a_refusal_before_it_takes_a_right_away() -> None:
    forest = Forest()
    refused, allowed = build_entry(1, 0, EVERYTHING, OLA), build_entry(0, 0, EVERYTHING, OLA)
    forest.grant(SJEF, build_descriptor(refused, allowed))
    assert forest.paths() == []


def test_who_controls_an_ou_controls_what_inherits_from_it() -> None:
    forest = Forest()
    forest.grant(f"OU=Admin,{DOMAIN}", _may(WRITE_DACL, OLA))
    forest.grant(SJEF, NOTHING)
    assert forest.paths() == [f"CN=ola,OU=Ansatte → write_dacl → OU=Admin → contains{THEN_ADMIN}"]


def test_policies_reach_also_what_inherits_nothing() -> None:
    forest = Forest()
    forest.grant(f"OU=Admin,{DOMAIN}", _may(WRITE_DACL, OLA))
    assert forest.paths() == [f"CN=ola,OU=Ansatte → write_dacl → OU=Admin → applies_to{THEN_ADMIN}"]


def _with_policy(link: str) -> Forest:
    forest = Forest()
    forest.add(GPO, "groupPolicyContainer", _may(WRITE, OLA, control=0x9004))
    forest.objects[DOMAIN]["gplink"] = (f"[LDAP://{GPO};{link}]".encode(),)
    for ou in ("Admin", "Domain Controllers"):
        forest.objects[f"OU={ou},{DOMAIN}"]["gpoptions"] = (b"1",)
    return forest


def test_an_ou_may_block_policies_from_above() -> None:
    assert _with_policy("0").paths() == []


def test_an_enforced_policy_is_not_blocked() -> None:
    assert _with_policy("2").paths() == [
        (
            "CN=ola,OU=Ansatte → edits_policy → CN={1},CN=Policies,CN=System → linked_to → DC=example,DC=org → "
            "contains → OU=Domain Controllers → applies_to → CN=dc-01,OU=Domain Controllers"
        )
    ]


def test_a_link_that_is_switched_off_leads_nowhere() -> None:
    assert _with_policy("3").paths() == []


def test_templates_count_only_where_an_authority_issues_by_them() -> None:
    forest = Forest()
    forest.template("Fri", descriptor=_may(0x100, OLA, ENROL))
    assert forest.paths() == []
    forest.publish("fri")
    assert forest.paths() == [
        (
            f"CN=ola,OU=Ansatte → enrols → CN=Fri,CN=Certificate Templates,{PKI.removesuffix(f',{DOMAIN}')} → "
            "certifies → DC=example,DC=org"
        )
    ]


def test_a_template_that_a_person_approves_is_open_to_those_alone_who_may_change_it() -> None:
    forest = Forest()
    both = build_entry(5, 0, 0x100, OLA, ENROL), build_entry(0, 0, WRITE, KARI)
    forest.template("Godkjent", descriptor=build_descriptor(*both), enrolment=2)
    forest.publish("Godkjent")
    assert [path.partition(" → CN=Godkjent")[0] for path in forest.paths()] == ["CN=kari,OU=Ansatte → changes_template"]


def test_a_disabled_account_is_told_last_and_is_not_usable() -> None:
    forest = Forest()
    forest.account("gammel", OLA, flags=0x202)
    del forest.accounts[f"CN=ola,OU=Ansatte,{DOMAIN}"]
    entries = (build_entry(0, 0, EVERYTHING, sid) for sid in (OLA, KARI))
    forest.grant(SJEF, build_descriptor(*entries))
    assert [record["usable"] for record in forest.records()] == [
        Known(value=True, place=f"CN=kari,OU=Ansatte,{DOMAIN}"),
        Known(value=False, place=f"CN=gammel,OU=Ansatte,{DOMAIN}"),
    ]


def test_rights_that_are_hidden_count_only_on_the_way() -> None:
    forest = Forest()
    del forest.objects[f"CN=kari,OU=Ansatte,{DOMAIN}"]["ntsecuritydescriptor"]
    assert forest.paths() == []
    del forest.objects[SJEF]["ntsecuritydescriptor"]
    field = forest.evidence()["paths"]
    assert isinstance(field, Partial)
    assert (field.items, field.reason) == ((), f"needs read permissions on {SJEF}")


def test_templates_that_are_hidden_leave_the_answer_open() -> None:
    forest = Forest()
    forest.pki.clear()
    field = forest.evidence()["paths"]
    assert isinstance(field, Partial)
    assert field.reason == "certificate templates: needs read on Public Key Services and all below"


def test_an_identifier_without_an_object_is_neither_usable_nor_not() -> None:
    forest = Forest()
    forest.grant(SJEF, _may(EVERYTHING, f"{SID}-9999"))
    (record,) = forest.records()
    assert record["kind"] == Known("unknown", f"{SID}-9999")
    assert record["usable"] == Unreadable(
        f"needs read on the object of {SID}-9999, unless it is deleted", f"{SID}-9999"
    )


def test_a_member_from_another_domain_is_told() -> None:
    forest = Forest()
    forest.group("Hjelp", f"{SID}-1200")
    forest.groups[f"CN=Hjelp,CN=Users,{DOMAIN}"]["member"] = (b"CN=fremmed,DC=skole,DC=example,DC=org",)
    forest.grant(SJEF, _may(EVERYTHING, f"{SID}-1200"))
    assert forest.paths() == [
        f"cn=fremmed,dc=skole,dc=example,dc=org → member_of → CN=Hjelp,CN=Users → everything{THEN_ADMIN}",
    ]


def test_very_many_are_counted_and_the_list_says_that_it_is_cut() -> None:
    forest = Forest()
    names = [f"masse{number}" for number in range(MOST_PATHS + 5)]
    for number, name in enumerate(names):
        forest.account(name, f"{SID}-{5000 + number}")
    forest.group("Alle", f"{SID}-1200", *(f"CN={name},OU=Ansatte," for name in names))
    forest.grant(SJEF, _may(EVERYTHING, f"{SID}-1200"))
    seen = forest.evidence()
    assert isinstance(seen["paths"], Partial)
    assert len(seen["paths"].items) == MOST_PATHS
    assert seen["paths"].reason == "1005 can become administrators; the first 1000 are kept"
    assert seen["found"] == Known(1005, "{default_nc}")


def test_names_of_objects_above_are_read_past_commas_of_a_name() -> None:
    assert parent_of(r"CN=Hansen\, Kari,OU=a,DC=b") == "OU=a,DC=b"
    assert parent_of(r"CN=a\\,OU=b") == "OU=b"
    assert parent_of("DC=b") == ""


def test_links_are_read_whatever_stands_between() -> None:
    assert parse_links(b"[LDAP://CN={A},DC=x;0][ldap://CN={B},DC=x;2][LDAP://CN={C},DC=x;1]junk[LDAP://;x]") == (
        ("cn={a},dc=x", False),
        ("cn={b},dc=x", True),
    )
