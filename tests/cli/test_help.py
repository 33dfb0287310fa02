"""What `--help` shows: examples as they are typed, line by line."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from hardening.cli import main


def list_commands(command: click.Command, *words: str) -> Iterator[tuple[str, ...]]:
    yield words
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below
            yield from list_commands(below, *words, name)


ALL = list(list_commands(main))


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help_has_examples_on_lines_of_their_own(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    main.main([*words, "--help"], prog_name="hardening", standalone_mode=False)
    shown = capsys.readouterr().out
    examples = [line for line in shown.splitlines() if line.startswith("    hardening ")]
    is_group = "Commands:" in shown
    assert (bool(examples) or is_group, "\\b" in shown) == (True, False), shown
