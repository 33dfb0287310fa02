"""Entries are added to an inventory; what a person wrote there stays byte for byte, or nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.app.additions import append_entries
from hardening.app.discover import compare, sort_servers
from hardening.errors import ContentError, StorageError, UsageError
from hardening.inventory.computers import Computer, Computers, Left
from hardening.inventory.entries import Login, render_entries
from hardening.inventory.load import load_inventory
from hardening.inventory.ssh_config import Surroundings
from hardening.model.server import ServerKind
from hardening.model.target import LocalEndpoint, SshEndpoint, Target

AROUND = Surroundings(home=Path("/nonexistent"))


def server(host: str, kind: ServerKind = ServerKind.UNIX, **changes: str) -> Computer:
    told = {"dn": f"CN={host}", "system": "Ubuntu 24.04", "ou": "Servere/Web", "site": "Oslo", **changes}
    return Computer(host=host, kind=kind, **told)  # type: ignore[arg-type] # texts only


WEB = server("web-01.example.org")
DB = server("db-01.example.org", system="", ou="", site="")

FORMS = {
    "last key": "# by hand\ntargets:\n  # the first\n  - name: a   # note\n    local: {}\n",
    "no indent": "targets:\n- name: a\n  local: {}\n# last words",
    "deep indent": "targets:\n      - name: a\n        local: {}\n",
    "dash above": "targets:\n  -\n    name: a\n    local: {}\n",
    "key behind": "targets:\n  - name: a\n    local: {}\n\n# of keys\ncredentials:\n  c: {key: ~/k}\n",
    "key before": "credentials: {c: {key: ~/k}}\ntargets:\n  - name: a\n    local: {}\n\n\n",
    "no line end": "targets:\n  - name: a\n    local: {}",
    "crlf": "targets:\r\n  - name: a\r\n    local: {}\r\n",
    "bom": "\ufefftargets:\n  - name: a\n    local: {}\n",
    "quoted": 'targets:\n  - name: "a"\n    labels: {x: "- name: b"}\n    local: {}\n',
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path / "inventory.yaml"


def write(path: Path, text: str, mode: int = 0o640) -> bytes:
    path.write_bytes(text.encode())
    path.chmod(mode)
    return text.encode()


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_what_stands_in_the_file_stays_byte_for_byte(path: Path, text: str) -> None:
    before = write(path, text)
    append_entries(path, [WEB, DB], {}, AROUND)
    after = path.read_bytes()
    indent = next(line for line in after.decode().splitlines() if WEB.host in line).partition("-")[0]
    end = "\r\n" if b"\r" in before else "\n"
    added = render_entries([WEB, DB], {}, indent=indent).replace("\n", end).encode()
    assert after.replace(added, b"") in {before, before + b"\n"}
    assert [target.name for target in load_inventory(path, AROUND).targets] == ["a", WEB.host, DB.host]


def test_comments_and_keys_keep_their_order(path: Path) -> None:
    write(path, FORMS["key behind"])
    append_entries(path, [DB], {}, AROUND)
    assert path.read_text() == (
        "targets:\n  - name: a\n    local: {}\n"
        "  - name: db-01.example.org\n    ssh: {address: db-01.example.org}\n"
        "\n# of keys\ncredentials:\n  c: {key: ~/k}\n"
    )


def test_the_line_ends_of_the_file_are_kept(path: Path) -> None:
    write(path, FORMS["crlf"])
    append_entries(path, [DB], {}, AROUND)
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n") == 5


def test_mode_of_the_file_is_kept(path: Path) -> None:
    write(path, FORMS["last key"], 0o640)
    append_entries(path, [WEB], {}, AROUND)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_new_file_is_for_nobody_else(path: Path) -> None:
    append_entries(path, [WEB], {}, AROUND)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [target.name for target in load_inventory(path, AROUND).targets] == [WEB.host]


def test_a_link_stays_a_link(path: Path) -> None:
    real = path.with_name("real.yaml")
    write(real, FORMS["last key"])
    path.symlink_to(real)
    append_entries(path, [WEB], {}, AROUND)
    assert path.is_symlink()
    assert WEB.host in real.read_text()


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_may_write_is_refused(path: Path, mode: int) -> None:
    before = write(path, FORMS["last key"], mode)
    with pytest.raises(ContentError, match="may be written by"):
        append_entries(path, [WEB], {}, AROUND)
    assert path.read_bytes() == before


def test_a_folder_that_others_may_write_is_refused(path: Path) -> None:
    path.parent.chmod(0o777)
    with pytest.raises(ContentError, match="may be written by everyone"):
        append_entries(path, [WEB], {}, AROUND)
    assert not path.exists()


def test_a_folder_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        append_entries(path.parent / "nowhere" / "inventory.yaml", [WEB], {}, AROUND)


@pytest.mark.parametrize(
    ("text", "logins", "why"),
    [
        ("targets: [{name: a, local: {}}]\n", {}, "it would not be a valid inventory then"),
        ("targets:\n  - {name: a, local: {}}\n...\n", {}, "it would not be a valid inventory then"),
        (FORMS["last key"], {"ssh": Login(credential="nobody")}, 'no credential is named "nobody"'),
    ],
)
def test_what_would_not_be_valid_is_not_written(path: Path, text: str, logins: dict[str, Login], why: str) -> None:
    before = write(path, text)
    with pytest.raises(UsageError, match=why):
        append_entries(path, [WEB], logins, AROUND)
    assert (path.read_bytes(), sorted(each.name for each in path.parent.iterdir())) == (before, ["inventory.yaml"])


def test_an_entry_says_how_to_log_in(path: Path) -> None:
    write(path, "credentials: {audit-key: {key: /k}}\n" + FORMS["no indent"])
    append_entries(path, [WEB], {"ssh": Login("audit", "audit-key")}, AROUND)
    target = load_inventory(path, AROUND).targets[1]
    (endpoint,) = target.endpoints
    assert isinstance(endpoint, SshEndpoint)
    assert (endpoint.address, endpoint.user, endpoint.credential.key) == (WEB.host, "audit", "/k")
    assert target.labels == {"os": "Ubuntu 24.04", "ou": "Servere/Web", "site": "Oslo"}


@pytest.mark.parametrize(
    "text",
    [
        'x"}\n  - name: evil',
        "a\\nb",
        "{a: b}",
        "#not a comment",
        "yes",
        "0x10",
        "*alias",
        "&anchor",
        "!!python/object",
        "- a",
        "a: b",
        "\u00e6\u00f8\u00e5 \U0001f512",
        "%TAG",
        "'",
    ],
)
def test_no_text_of_a_directory_breaks_out_of_its_label(path: Path, text: str) -> None:
    append_entries(path, [server("web-01.example.org", ou=text, site=text, system=text)], {}, AROUND)
    (target,) = load_inventory(path, AROUND).targets
    assert target.labels == {"os": text, "ou": text, "site": text}


def test_a_windows_server_is_reached_by_winrm() -> None:
    entry = render_entries([server("fs-01.example.org", ServerKind.WINDOWS_SERVER)], {"winrm": Login("EXAMPLE\\audit")})
    assert entry.splitlines()[1] == '    winrm: {address: fs-01.example.org, user: "EXAMPLE\\\\audit", auth: kerberos}'


def test_a_windows_server_with_a_credential_is_asked_by_password() -> None:
    logins = {"winrm": Login("EXAMPLE\\audit", "audit-domain")}
    entry = render_entries([server("fs-01.example.org", ServerKind.WINDOWS_SERVER)], logins)
    assert "kerberos" not in entry


def targets(**addresses: str) -> list[Target]:
    return [Target(name=name, endpoints=(SshEndpoint(address=address),)) for name, address in addresses.items()]


def computers(*servers: Computer, left: tuple[tuple[Computer, Left], ...] = ()) -> Computers:
    return Computers(servers=servers, left=left, cut="")


def test_what_the_inventory_names_already_is_known() -> None:
    found = sort_servers(computers(DB, WEB), targets(web="web-01.example.org"))
    assert (found.known, found.new) == ((WEB,), (DB,))


def test_comparing_names_what_lacks_where_and_why() -> None:
    old = server("old-01.example.org")
    compared = compare(
        computers(DB, WEB, left=((old, Left.STALE),)),
        [
            *targets(web="web-01.example.org", old="old-01.example.org", gone="gone-01.example.org"),
            Target(name="here", endpoints=(LocalEndpoint(),)),
        ],
    )
    assert compared.not_in_inventory == (DB,)
    assert [(lack.target, lack.reason) for lack in compared.not_in_directory] == [
        ("old", "it has not been seen for too long"),
        ("gone", "the directory has no computer of that name"),
    ]
