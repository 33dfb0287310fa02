"""Targets named by address mean one endpoint, or say what form is expected."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from hardening.errors import UsageError
from hardening.inventory.address import AddressOptions, find_winrm_fault, name_of, parse_address
from hardening.model.target import (
    Become,
    ChrootEndpoint,
    ContainerEndpoint,
    ContainerProgram,
    Credential,
    ImageEndpoint,
    LdapAuthentication,
    LdapEndpoint,
    LdapSecurity,
    LocalEndpoint,
    RecordedEndpoint,
    SshEndpoint,
    WinRmAuthentication,
    WinRmEndpoint,
    address_of,
)

NONE = AddressOptions()


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("local", LocalEndpoint()),
        ("ssh://audit@web-01:2222", SshEndpoint(address="web-01", port=2222, user="audit")),
        ("ssh://web-01", SshEndpoint(address="web-01")),
        ("ssh://audit@[2001:db8::1]:22", SshEndpoint(address="2001:db8::1", user="audit")),
        ("ssh://domain%5Caudit@web-01", SshEndpoint(address="web-01", user="domain\\audit")),
        ("recorded:/tmp/a.recording.json.gz", RecordedEndpoint("/tmp/a.recording.json.gz")),  # noqa: S108 - never opened
        ("chroot:/srv/image", ChrootEndpoint("/srv/image")),
        ("podman:web", ContainerEndpoint(program=ContainerProgram.PODMAN, name="web")),
        ("docker:web", ContainerEndpoint(program=ContainerProgram.DOCKER, name="web")),
        (
            "podman-image:registry.example.org:5000/web@sha256:0a",
            ImageEndpoint(program=ContainerProgram.PODMAN, reference="registry.example.org:5000/web@sha256:0a"),
        ),
        ("docker-image:web:1", ImageEndpoint(program=ContainerProgram.DOCKER, reference="web:1")),
    ],
)
def test_address_means_an_endpoint(text: str, endpoint: object) -> None:
    assert parse_address(text, NONE) == endpoint


@pytest.mark.parametrize(
    "text", ["chroot:/srv/image", "podman:web", "docker:web", "podman-image:web", "docker-image:web:1", "recorded:x"]
)
def test_address_of_an_endpoint_is_what_was_written(text: str) -> None:
    assert address_of(parse_address(text, NONE)) == text


def test_root_of_a_container_is_asked_for_as_sudo_is() -> None:
    endpoint = parse_address("podman:web", AddressOptions(become=Become.SUDO))
    assert endpoint == ContainerEndpoint(program=ContainerProgram.PODMAN, name="web", become=Become.SUDO)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("chroot:", "chroot:FOLDER"),
        ("podman:", "podman:NAME"),
        ("podman:--privileged", "podman:NAME"),
        ("docker:a b", "docker:NAME"),
        ("podman-image:-v/:/host", "podman-image:IMAGE"),
    ],
)
def test_name_that_a_program_would_take_for_an_option_is_refused(text: str, form: str) -> None:
    with pytest.raises(UsageError, match=f"write {form}"):
        parse_address(text, NONE)


def test_options_fill_what_an_address_leaves_out() -> None:
    options = AddressOptions(
        user="audit", key="k", known_hosts="h", jump="ops@bastion:2200", become=Become.SUDO, sudo_password="env:S"
    )
    credential = Credential(key="k", sudo_password="env:S")
    assert parse_address("ssh://web-01", options) == SshEndpoint(
        address="web-01",
        user="audit",
        known_hosts="h",
        become=Become.SUDO,
        credential=credential,
        jump=SshEndpoint(address="bastion", port=2200, user="ops", known_hosts="h", credential=credential),
    )


@pytest.mark.parametrize(
    "text",
    ["web-01", "http://web-01", "ssh://", "ssh://web-01/path", "ssh://web-01:x", "ssh://web-01:99999", "recorded:"],
)
def test_other_words_are_refused_with_the_form(text: str) -> None:
    with pytest.raises(UsageError, match=r"ssh://|recorded:FILE"):
        parse_address(text, NONE)


def test_password_in_an_address_is_refused_without_repeating_it() -> None:
    with pytest.raises(UsageError) as caught:
        parse_address("ssh://audit:hunter2@web-01", NONE)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("jump", ["a b", "host:0", "host:70000", "@host", "user@"])
def test_malformed_jump_host_is_refused(jump: str) -> None:
    with pytest.raises(UsageError, match="USER@HOST:PORT"):
        parse_address("ssh://web-01", AddressOptions(jump=jump))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ssh://a@web-01", "web-01"),
        ("ssh://web-01:2222", "web-01:2222"),
        ("local", "local"),
        ("recorded:x/a.json.gz", "a"),
        ("chroot:/srv/image/", "image"),
        ("podman:web", "web"),
        ("docker-image:web:1", "web:1"),
    ],
)
def test_target_without_a_name_is_named_after_its_address(text: str, name: str) -> None:
    assert name_of(parse_address(text, NONE)) == name


PASSWORD = Credential(password="env:AD")
LDAP = LdapEndpoint(address="dc-01", user="audit@example.org", credential=PASSWORD)


@pytest.mark.parametrize(
    ("text", "options", "endpoint"),
    [
        ("ldaps://audit@example.org@dc-01", AddressOptions(password="env:AD"), LDAP),
        ("ldaps://dc-01", AddressOptions(user="audit@example.org", password="env:AD"), LDAP),
        ("ldaps://dc-01:3269", AddressOptions(user="a", password="env:AD"), replace(LDAP, user="a", port=3269)),
        (
            "ldap://dc-01",
            AddressOptions(user="a", password="env:AD", ca_file="ca.pem"),
            replace(LDAP, user="a", port=389, security=LdapSecurity.STARTTLS, ca_file="ca.pem"),
        ),
        (
            "ldaps://[2001:db8::1]",
            AddressOptions(authentication=LdapAuthentication.ANONYMOUS),
            LdapEndpoint(address="2001:db8::1", authentication=LdapAuthentication.ANONYMOUS),
        ),
        (
            "ldaps://cn%3Daudit%2Cdc%3Dkommune@dc-01",
            AddressOptions(password="env:AD"),
            replace(LDAP, user="cn=audit,dc=kommune"),
        ),
    ],
)
def test_address_of_a_directory_means_an_endpoint(text: str, options: AddressOptions, endpoint: LdapEndpoint) -> None:
    assert parse_address(text, options) == endpoint


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("ldaps://dc-01", NONE, "no account is named"),
        ("ldaps://a@dc-01", NONE, "no password is named"),
        ("ldaps://a:hemmelig@dc-01", NONE, "a password on the command line can be read by others"),
        ("ldaps://dc-01/dc=x", NONE, "not an address; write ldaps://USER@HOST:PORT"),
        ("ldap://", NONE, "not an address; write ldap://USER@HOST:PORT"),
        ("ldaps://dc-01:x", NONE, "not an address"),
        (
            "ldaps://a@dc-01",
            AddressOptions(authentication=LdapAuthentication.ANONYMOUS),
            "auth anonymous and an account exclude each other",
        ),
        (
            "ldaps://dc-01",
            AddressOptions(authentication=LdapAuthentication.EXTERNAL),
            "auth external needs a certificate and its key",
        ),
        (
            "ldaps://192.0.2.7",
            AddressOptions(authentication=LdapAuthentication.KERBEROS),
            "Kerberos knows a server by its name; write the host name in place of the IP address",
        ),
    ],
)
def test_a_directory_that_cannot_be_reached_so_is_refused(text: str, options: AddressOptions, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)) as caught:
        parse_address(text, options)
    assert "hemmelig" not in str(caught.value)


@pytest.mark.parametrize(
    ("endpoint", "name", "address"),
    [
        (LDAP, "dc-01", "ldaps://audit@example.org@dc-01:636"),
        (replace(LDAP, port=3269, user=""), "dc-01:3269", "ldaps://dc-01:3269"),
        (replace(LDAP, port=389, user="", security=LdapSecurity.STARTTLS), "dc-01", "ldap://dc-01:389"),
    ],
)
def test_a_directory_is_named_after_its_host(endpoint: LdapEndpoint, name: str, address: str) -> None:
    assert (name_of(endpoint), address_of(endpoint)) == (name, address)


WINRM = WinRmEndpoint(address="dc-01", user="EXAMPLE\\audit", credential=Credential(password="env:AD"))


@pytest.mark.parametrize(
    ("text", "options", "endpoint"),
    [
        ("winrm+https://EXAMPLE%5Caudit@dc-01", AddressOptions(password="env:AD"), WINRM),
        ("winrm+https://dc-01", AddressOptions(user="EXAMPLE\\audit", password="env:AD"), WINRM),
        (
            "winrm+http://dc-01",
            AddressOptions(user="EXAMPLE\\audit", password="env:AD"),
            replace(WINRM, port=5985, tls=False),
        ),
        (
            "winrm+https://[2001:db8::1]:8443",
            AddressOptions(user="a", password="env:AD", ca_file="ca.pem"),
            replace(WINRM, address="2001:db8::1", port=8443, user="a", ca_file="ca.pem"),
        ),
        (
            "winrm+https://dc-01",
            AddressOptions(authentication=WinRmAuthentication.KERBEROS),
            replace(WINRM, user="", authentication=WinRmAuthentication.KERBEROS, credential=Credential()),
        ),
    ],
)
def test_winrm_addresses(text: str, options: AddressOptions, endpoint: WinRmEndpoint) -> None:
    assert parse_address(text, options) == endpoint


@pytest.mark.parametrize(
    ("text", "options", "what"),
    [
        ("winrm+https://dc-01", AddressOptions(password="env:AD"), "no account is named"),
        ("winrm+https://audit@dc-01", NONE, "no password is named"),
        ("winrm+https://audit:secret@dc-01", NONE, "a password on the command line can be read by others"),
        ("winrm+https://audit@dc-01/wsman", AddressOptions(password="env:AD"), "not an address"),
        (
            "winrm+https://audit@dc-01",
            AddressOptions(authentication=LdapAuthentication.SIMPLE, password="env:AD"),
            "WinRM knows no auth simple",
        ),
        (
            "ldaps://audit@dc-01",
            AddressOptions(authentication=WinRmAuthentication.NTLM, password="env:AD"),
            "a directory knows no auth ntlm",
        ),
        ("winrm://dc-01", NONE, "not an address"),
    ],
)
def test_winrm_addresses_that_do_not_fit_are_refused(text: str, options: AddressOptions, what: str) -> None:
    with pytest.raises(UsageError, match=re.escape(what)):
        parse_address(text, options)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"tls": False, "authentication": WinRmAuthentication.CERTIFICATE}, "a certificate needs TLS"),
        ({"authentication": WinRmAuthentication.CERTIFICATE}, "needs a certificate and its key"),
        (
            {
                "authentication": WinRmAuthentication.CERTIFICATE,
                "credential": Credential(key="k", certificate="c"),
            },
            "exclude each other",
        ),
        ({"configuration": "HardeningScan"}, "only PowerShell sessions know configurations"),
    ],
)
def test_ways_to_windows_that_do_not_fit_are_told(changes: dict[str, object], what: str) -> None:
    fault = find_winrm_fault(replace(WINRM, **changes))  # type: ignore[arg-type] # changes of fields by name
    assert fault is not None
    assert what in fault[0]


@pytest.mark.parametrize(("port", "name"), [(5986, "dc-01"), (8443, "dc-01:8443")])
def test_a_windows_target_is_named_by_its_host(port: int, name: str) -> None:
    assert name_of(replace(WINRM, port=port)) == name
