"""Sessions with real directories: slapd and a Samba domain controller. What any transport of this kind promises."""
# ruff: noqa: D102 - the name of a test is its sentence, in a class as well

from __future__ import annotations

import ssl
from dataclasses import replace

import pytest

from hardening.model.directory import ROOT_DSE
from hardening.model.evidence import Known
from hardening.model.step import LdapBindStep, LdapIdentity, LdapScope, LdapStep, NotRun
from hardening.model.target import Credential, LdapAuthentication, LdapSecurity
from hardening.probes.root_dse import parse_root_dse
from hardening.transports.session import Limits
from tests.lab.directory.conftest import StartDirectory
from tests.lab.directory.servers import Directory
from tests.lab.directory.sessions import ask, endpoint, everything, failure, found, open_directory
from tests.lab.sessions import value

CLOSED_TO_NOBODY = {"slapd-hard": 53, "dc-clean": 1}


@pytest.mark.parametrize("name", ["slapd-hard", "dc-clean"])
class TestConformance:
    """What every directory session promises, against each kind of server."""

    @pytest.fixture
    def server(self, directory: StartDirectory, name: str) -> Directory:
        return directory(name)

    @pytest.mark.parametrize("starttls", [False, True], ids=["ldaps", "starttls"])
    def test_a_search_finds_what_is_there(self, server: Directory, *, starttls: bool) -> None:
        answer = found(ask(endpoint(server, starttls=starttls), everything())["all"])
        assert (answer.result, answer.cut) == (0, "")
        assert server.domain.lower() in {entry.dn.lower() for entry in answer.entries}

    def test_pages_are_joined(self, server: Directory) -> None:
        whole = found(ask(endpoint(server), everything())["all"])
        paged = found(ask(endpoint(server), everything(page_size=7))["all"])
        assert {entry.dn for entry in paged.entries} == {entry.dn for entry in whole.entries}

    def test_each_step_has_its_own_answer(self, server: Directory) -> None:
        steps = [everything(f"step {number}", entry_limit=number) for number in range(1, 4)]
        answers = ask(endpoint(server), *steps)
        assert [len(found(answers[step.name]).entries) for step in steps] == [1, 2, 3]

    def test_a_base_that_does_not_exist_is_an_answer(self, server: Directory) -> None:
        assert found(ask(endpoint(server), everything(base=f"ou=nowhere,{server.domain}"))["all"]).result == 32

    def test_nobody_sees_nothing(self, server: Directory, name: str) -> None:
        answer = found(ask(endpoint(server), everything(identity=LdapIdentity.ANONYMOUS))["all"])
        assert (answer.result, answer.entries) == (CLOSED_TO_NOBODY[name], ())

    def test_a_made_up_login_without_encryption_is_refused_unseen(self, server: Directory) -> None:
        answer = found(ask(endpoint(server), LdapBindStep(name="bind"))["bind"])
        assert answer.result in {8, 13}

    def test_the_connection_tells_its_certificate(self, server: Directory) -> None:
        session = open_directory(endpoint(server))
        seen = session.connection
        session.close()
        assert value(seen, "certificate_names") == (f"{server.name}.kommune.test", server.address)
        assert [value(seen, field) for field in ("transport", "encrypted", "authentication", "certificate_key")] == [
            "ldap",
            True,
            "simple",
            "EC secp256r1",
        ]

    def test_a_session_is_one_connection_and_one_login(self, server: Directory) -> None:
        session = open_directory(endpoint(server))
        session.search([everything(f"step {number}") for number in range(3)])
        traffic = session.traffic
        session.close()
        # A login, the root DSE and three searches of one page each.
        assert (traffic.channels, traffic.round_trips) == (4, 5)

    def test_after_the_deadline_nothing_is_asked(self, server: Directory) -> None:
        answers = ask(endpoint(server), everything("a"), everything("b"), limits=Limits(deadline_seconds=0))
        assert answers == dict.fromkeys("ab", NotRun("the steps did not end within 0 s"))

    def test_slow_steps_come_last(self, server: Directory) -> None:
        assert list(ask(endpoint(server), everything("slow", slow=True), everything("quick"))) == ["quick", "slow"]

    def test_a_closed_session_asks_nothing_more(self, server: Directory) -> None:
        session = open_directory(endpoint(server))
        session.close()
        session.close()
        assert session.search([everything()]) == {"all": NotRun("the session was closed")}

    def test_a_wrong_password_is_tried_once(self, server: Directory) -> None:
        target = replace(endpoint(server), credential=Credential(password="Vinter-1999?"))
        error = failure(target)
        assert "the name or the password is wrong (result 49" in error.reason
        assert "it was tried once and is not tried again" in error.remedy
        assert value(error.connection, "tls_version") == "TLSv1.3"

    def test_an_authority_that_is_not_named_is_not_trusted(self, server: Directory) -> None:
        error = failure(replace(endpoint(server), ca_file=""))
        assert "the authority of the certificate is not" in error.reason


def test_a_domain_controller_is_known_by_its_root_dse(directory: StartDirectory) -> None:
    server = directory("dc-clean")
    identity = parse_root_dse(ask(endpoint(server), ROOT_DSE))
    assert getattr(identity.directory, "title", "") == "Active Directory, DC=kommune,DC=test"
    assert isinstance(identity.time, int)


def test_openldap_is_known_by_its_root_dse(directory: StartDirectory) -> None:
    identity = parse_root_dse(ask(endpoint(directory("slapd-hard")), ROOT_DSE))
    assert getattr(identity.directory, "title", "") == "OpenLDAP, dc=kommune,dc=test"


def test_security_descriptors_are_shown_to_an_ordinary_account(directory: StartDirectory) -> None:
    step = LdapStep(
        name="sd",
        base="{default_nc}",
        scope=LdapScope.BASE,
        filter="(objectClass=*)",
        attributes=("nTSecurityDescriptor",),
        sd_flags=7,
    )
    answers = ask(endpoint(directory("dc-clean")), step, replace(step, name="none", sd_flags=0))
    with_flags, without = (found(answers[name]).entries[0].values("nTSecurityDescriptor") for name in ("sd", "none"))
    assert (len(with_flags), without) == (1, ())


def test_a_group_larger_than_one_answer_is_read_to_its_end(directory: StartDirectory) -> None:
    step = LdapStep(
        name="group",
        base="CN=Alle ansatte,OU=Masse,{default_nc}",
        scope=LdapScope.BASE,
        filter="(objectClass=*)",
        attributes=("member;range=0-99",),
    )
    entry = found(ask(endpoint(directory("dc-seeded")), step)["group"]).entries[0]
    assert len(set(entry.values("member"))) == 3000


def test_more_entries_than_a_page_are_all_read(directory: StartDirectory) -> None:
    answer = found(ask(endpoint(directory("slapd-large")), everything(filter="(uid=*)"))["all"])
    assert (len({entry.dn for entry in answer.entries}), answer.cut) == (3000, "")


def test_a_size_limit_of_the_server_is_told(directory: StartDirectory) -> None:
    answer = found(ask(endpoint(directory("slapd-limited")), everything())["all"])
    assert (len(answer.entries), answer.cut) == (25, "the server's size limit was reached")


def test_parts_that_another_server_holds_are_told(directory: StartDirectory) -> None:
    answer = found(ask(endpoint(directory("slapd-refers")), everything())["all"])
    assert answer.cut == "1 parts lie in other servers, which are not asked"


def test_a_base_that_another_server_holds_is_not_followed(directory: StartDirectory) -> None:
    server = directory("slapd-refers")
    answer = found(ask(endpoint(server), everything(base=f"ou=elsewhere,{server.domain}"))["all"])
    assert (answer.result, answer.entries) == (10, ())


def test_names_of_any_characters_come_back_whole(directory: StartDirectory) -> None:
    answer = found(
        ask(endpoint(directory("slapd-hard")), everything(filter="(&(objectClass=inetOrgPerson)(!(uid=*)))"))["all"]
    )
    names = {entry.values("cn")[0].decode() for entry in answer.entries}
    assert names == {"Nordmann, Kari", '"Ola" <sitert>', "linje\nskift", "\u202erav\u202c snudd"}


def test_of_passwords_only_the_scheme_comes_back(directory: StartDirectory) -> None:
    step = everything(filter="(userPassword=*)", attributes=("userPassword",))
    weak, hard = directory("slapd-weak"), directory("slapd-hard")
    schemes = [
        {value for entry in found(answer).entries for value in entry.values("userPassword")}
        for answer in (ask(endpoint(weak), step)["all"], ask(endpoint(hard, hard.admin), step)["all"])
    ]
    assert schemes == [{b"{CLEARTEXT}"}, {b"{SSHA}"}]


def test_a_certificate_of_ours_is_a_login(directory: StartDirectory) -> None:
    server = directory("slapd-hard")
    papers = server.folder / "tls"
    target = replace(
        endpoint(server),
        user="",
        authentication=LdapAuthentication.EXTERNAL,
        credential=Credential(certificate=str(papers / "client.pem"), key=str(papers / "client.key")),
    )
    session = open_directory(target)
    answer, seen = session.search([everything()])["all"], session.connection
    session.close()
    assert (found(answer).result, value(seen, "authentication")) == (0, "external")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("slapd-expired", "the certificate has expired"),
        ("slapd-early", "the certificate is not valid yet"),
        ("slapd-renamed", "the certificate does not hold this IP address"),
        ("slapd-unknown", "the authority of the certificate is not one that we trust"),
    ],
)
def test_a_bad_certificate_is_refused_before_anything_is_sent(
    directory: StartDirectory, name: str, reason: str
) -> None:
    server = directory(name)
    error = failure(endpoint(server))
    assert error.reason == f"{server.address}:636: {reason}"
    assert error.remedy
    # What was shown can still be judged.
    assert value(error.connection, "certificate_issuer") == f"CN=authority of {name}"
    assert not isinstance(error.connection["authentication"], Known)


def test_an_address_that_is_not_in_the_certificate_is_refused(directory: StartDirectory) -> None:
    error = failure(replace(endpoint(directory("slapd-hard")), address="fd77::1:60"))
    assert error.reason == "[fd77::1:60]:636: the certificate does not hold this IP address"


def test_an_authority_that_python_is_to_refuse_is_named_so(
    directory: StartDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strict(cafile: str | None = None) -> ssl.SSLContext:
        context = real(cafile=cafile)
        context.verify_flags |= ssl.VERIFY_X509_STRICT  # what Python 3.13 does by itself
        return context

    real = ssl.create_default_context
    monkeypatch.setattr("hardening.transports.ldap_tls.ssl.create_default_context", strict)
    error = failure(endpoint(directory("slapd-bare")))
    assert "which Python 3.13 and later demand" in error.reason


def test_a_server_that_dies_costs_the_rest_of_the_steps(directory: StartDirectory) -> None:
    server = directory("slapd-limited")
    session = open_directory(endpoint(server))
    assert found(session.search([everything("before")])["before"]).entries
    server.stop_at_once()
    answers = session.search([everything("first"), everything("second")])
    session.close()
    assert all(isinstance(answer, NotRun) for answer in answers.values())
    assert answers["second"] == NotRun("the connection is gone: the server closed the connection")


def test_as_nobody_over_plain_ldap_what_anybody_may_see_is_seen(directory: StartDirectory) -> None:
    server = directory("slapd-weak")
    target = replace(
        endpoint(server),
        user="",
        security=LdapSecurity.PLAIN,
        port=389,
        authentication=LdapAuthentication.ANONYMOUS,
        credential=Credential(),
    )
    session = open_directory(target)
    answer, seen = session.search([everything()])["all"], session.connection
    session.close()
    assert found(answer).entries
    assert (value(seen, "encrypted"), value(seen, "authentication")) == (False, "anonymous")
