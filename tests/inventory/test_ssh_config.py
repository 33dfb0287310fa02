"""ssh_config: what is read is read as OpenSSH reads it, and nothing that runs a program is."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.errors import ContentError
from hardening.inventory.ssh_config import SshConfig, SshSettings, Surroundings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".ssh").mkdir(mode=0o700)
    return tmp_path


def write(home: Path, text: str, name: str = "config") -> Path:
    path = home / ".ssh" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def config(home: Path, text: str) -> SshConfig:
    return SshConfig(write(home, text), Surroundings(home=home, user="scanner", environ={"KEYS": "/keys"}))


def look_up(home: Path, text: str, alias: str = "web", *, user: str = "", port: int = 0) -> SshSettings:
    return config(home, text).look_up(alias, user=user, port=port)


def problems(home: Path, text: str) -> list[str]:
    with pytest.raises(ContentError) as caught:
        look_up(home, text)
    return [str(problem).removeprefix(f"{home}/.ssh/") for problem in caught.value.problems]


def test_everything_that_is_read(home: Path) -> None:
    text = """
    Host web
      HostName web-01.example.org
      Port 2222
      User audit
      IdentityFile ~/.ssh/id_audit
      CertificateFile ~/.ssh/id_audit-cert.pub
      ProxyJump ops@bastion:2200
      UserKnownHostsFile ~/.ssh/known_web /etc/known
    """
    assert look_up(home, text) == SshSettings(
        address="web-01.example.org",
        port=2222,
        user="audit",
        jump="ops@bastion:2200",
        keys=(f"{home}/.ssh/id_audit",),
        certificates=(f"{home}/.ssh/id_audit-cert.pub",),
        known_hosts=(f"{home}/.ssh/known_web", "/etc/known"),
    )


def test_a_name_of_which_nothing_is_said_is_an_address(home: Path) -> None:
    assert look_up(home, "Host db\n  User x\n") == SshSettings(address="web")


@pytest.mark.parametrize(
    "line",
    ["user audit", "USER audit", "User=audit", "User = audit", "User  =audit", '  User "audit"', "User\taudit",
     "User 'audit'", "User audit # not root", "User aud\\'it"],
)  # fmt: skip
def test_forms_of_a_line(home: Path, line: str) -> None:
    assert look_up(home, f"{line}\n").user.replace("'", "") == "audit"


def test_the_first_value_wins(home: Path) -> None:
    assert look_up(home, "Host web\n  User first\nHost *\n  User second\n  Port 23\n") == SshSettings(
        address="web", port=23, user="first"
    )


def test_keys_add_up(home: Path) -> None:
    text = "IdentityFile /a\nHost web\n  IdentityFile /b\n  IdentityFile none\n"
    assert look_up(home, text).keys == ("/a", "/b")


def test_a_named_user_and_port_win(home: Path) -> None:
    said = look_up(home, "Host web\n  User audit\n  Port 2222\n", user="root", port=22)
    assert (said.user, said.port) == ("root", 22)


@pytest.mark.parametrize(
    ("patterns", "is_about"),
    [
        ("web", True),
        ("db web", True),
        ("w*", True),
        ("w?b", True),
        ("*", True),
        ('"web"', True),
        ("* !db", True),
        ("WEB", False),
        ("we", False),
        ("* !web", False),
        ("!web *", False),
        ("!db", False),
        ("w[e]b", False),
    ],
)
def test_patterns_of_hosts(home: Path, patterns: str, *, is_about: bool) -> None:
    assert (look_up(home, f"Host {patterns}\n  User audit\n").user == "audit") is is_about


def test_patterns_are_held_against_the_name_that_was_typed(home: Path) -> None:
    text = "Host web\n  HostName web-01\nHost web-01\n  User wrong\nHost web\n  User right\n"
    assert look_up(home, text).user == "right"


def test_match_all_is_read(home: Path) -> None:
    assert look_up(home, "Host db\n  Port 1\nMatch all\n  User audit\n").user == "audit"


@pytest.mark.parametrize("criteria", ["exec true", "host web exec true", "user root", "final all", "canonical"])
def test_other_kinds_of_match_are_not_read_and_said_to_be_not(
    home: Path, criteria: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert look_up(home, f"Match {criteria}\n  User audit\n").user == ""
    assert [record.getMessage() for record in caplog.records] == [
        f"{home}/.ssh/config:2: this kind of Match is not read, so user for web may be missing; use Host"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Match host db exec true\n  User audit\n",
        "Match originalhost *,!web\n  User audit\n",
        "Match exec true\n  ForwardAgent yes\n",
        "Match exec true\nHost db\n  User audit\n",
        "Host db\n  ProxyCommand nc %h %p\n",
        "ProxyCommand none\n",
        "ProxyJump bastion\nProxyCommand nc %h %p\n",
        "ForwardAgent yes\nLocalCommand rm -rf /\nPermitLocalCommand yes\nKnownHostsCommand /bin/x\n",
    ],
)
def test_what_would_not_have_counted_is_not_warned_about(
    home: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    look_up(home, text)
    assert caplog.records == []


def test_no_match_runs_a_program(home: Path) -> None:
    look_up(home, f"Match exec 'touch {home}/ran'\n  User audit\n")
    assert not (home / "ran").exists()


def test_a_proxy_command_is_not_run_and_said_to_be_not(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    both = config(home, "Host web\n  ProxyCommand nc %h %p\n")
    both.look_up("web")
    both.look_up("web")
    assert [record.getMessage() for record in caplog.records] == [
        f"{home}/.ssh/config:2: ProxyCommand is not run for web; use ProxyJump"
    ]


def test_no_jump_is_no_jump(home: Path) -> None:
    assert look_up(home, "Host web\n  ProxyJump none\nHost *\n  ProxyJump bastion\n").jump == ""


def test_no_known_hosts_file_is_not_the_same_as_nothing_said(home: Path) -> None:
    assert look_up(home, "UserKnownHostsFile none\n").known_hosts == ("none",)


def test_an_include_counts_where_it_stands(home: Path) -> None:
    write(home, "User included\nPort 23\n", "more")
    said = look_up(home, "Host web\n  User first\nInclude more\nHost *\n  User last\n")
    assert (said.user, said.port) == ("first", 23)


def test_an_include_in_a_block_counts_for_that_block(home: Path) -> None:
    write(home, "User included\nHost web\n  Port 23\n", "more")
    assert look_up(home, "Host db\n  Include more\n") == SshSettings(address="web")


def test_a_host_line_in_an_included_file_ends_with_it(home: Path) -> None:
    write(home, "Host db\n  Port 1\n", "more")
    assert look_up(home, "Host web\n  Include more\n  User audit\n").user == "audit"


@pytest.mark.parametrize(
    "pattern", ["conf.d/*", "conf.d/a conf.d/b", "~/.ssh/conf.d/?", "{home}/.ssh/conf.d/[ab]", "'conf.d/a' conf.d/b"]
)
def test_includes_are_patterns_from_the_folder_of_the_user(home: Path, pattern: str) -> None:
    write(home, "User audit\n", "conf.d/a")
    write(home, "Port 23\nUser late\n", "conf.d/b")
    said = look_up(home, f"Include {pattern.format(home=home)}\n")
    assert (said.user, said.port) == ("audit", 23)


def test_an_include_of_nothing_says_nothing(home: Path) -> None:
    assert look_up(home, "Include conf.d/* missing\nUser audit\n").user == "audit"


def test_a_circle_of_includes_is_cut(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(home, "Include config\nUser audit\n", "more")
    assert look_up(home, "Include more\nUser late\n").user == "audit"
    assert "the files include each other" in caplog.text


def test_an_endless_row_of_links_is_cut(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(30):
        write(home, f"Include link{number + 1}\n", f"link{number}")
    look_up(home, "Include link0\n")
    assert "cut there" in caplog.text


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("IdentityFile %d/keys/%r@%h:%p", "{home}/keys/audit@web-01:2222"),
        ("IdentityFile /keys/%u-%n", "/keys/scanner-web"),
        ("IdentityFile /keys/100%%", "/keys/100%"),
        ("IdentityFile ${{KEYS}}/id", "/keys/id"),
        ("IdentityFile ~/id", "{home}/id"),
    ],
)
def test_tokens_are_filled_in(home: Path, text: str, path: str) -> None:
    said = look_up(home, f"HostName web-01\nPort 2222\nUser audit\n{text.format()}\n")
    assert said.keys == (path.format(home=home),)


def test_the_name_stands_in_the_address(home: Path) -> None:
    assert look_up(home, "Host *\n  HostName %h.example.org\n").address == "web.example.org"


@pytest.mark.parametrize("text", ["IdentityFile /keys/%C", "IdentityFile /keys/%", "IdentityFile %i"])
def test_a_value_with_another_token_is_left_out(home: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    assert look_up(home, f"{text}\n").keys == ()
    assert "is not known here" in caplog.text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Port x\n", 'config:1:1: "x" is no port; write a number from 1 to 65535'),
        ("Port 0\n", 'config:1:1: "0" is no port; write a number from 1 to 65535'),
        ("Port 65536\n", 'config:1:1: "65536" is no port; write a number from 1 to 65535'),
        ("\nUser\n", "config:2:1: a keyword without a value; write the value behind it, or remove the line"),
        ("User # audit\n", "config:1:1: a keyword without a value; write the value behind it, or remove the line"),
        ('User "audit\n', "config:1:1: a quotation does not end; close the quotation mark"),
        ("IdentityFile ${MISSING}/a\n", "config:1:1: the variable MISSING is not set; set it, or write the path"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(home: Path, text: str, problem: str) -> None:
    assert problems(home, text) == [problem]


def test_a_file_that_others_may_write_is_refused(home: Path) -> None:
    write(home, "User audit\n").chmod(0o666)
    with pytest.raises(ContentError, match="may be written by everyone"):
        SshConfig(home / ".ssh/config", Surroundings(home=home)).look_up("web")


def test_an_included_file_that_others_may_write_is_refused(home: Path) -> None:
    write(home, "User audit\n", "more").chmod(0o620)
    with pytest.raises(ContentError, match="may be written by its group"):
        look_up(home, "Include more\n")


def test_a_missing_file_is_named(home: Path) -> None:
    with pytest.raises(ContentError, match=r"config: cannot be read: No such file or directory"):
        SshConfig(home / "config", Surroundings(home=home)).look_up("web")


def test_a_file_is_read_once_for_many_hosts(home: Path) -> None:
    read = config(home, "User audit\n")
    read.look_up("web")
    (home / ".ssh/config").unlink()
    assert read.look_up("db").user == "audit"
