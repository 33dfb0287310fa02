"""PowerShell scripts taken apart without a PowerShell: what they call, with what, and where their output goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_powershell.language()))
# Of PowerShell 7, which Windows PowerShell does not parse; `?.` is left to the parser, as `$x?` is a name.
_NEWER = re.compile(r"\?\?|&&|\|\||\bForEach-Object\s+-Parallel\b")
_BY_NAME = {"Invoke", "InvokeGet"}
_SYSTEM = '"$env:SystemRoot\\System32\\'
_BETTER_LEFT = {"class_statement", "enum_statement", "using_statement", "trap_statement", "flow_control_statement"}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a command: its name, its parameters without the hyphen, and its other words as they stand."""

    name: str
    parameters: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """What a script is made of. ``static`` are calls on types, as ``Type::Member``; ``methods`` those on values."""

    faults: tuple[str, ...]
    calls: tuple[Call, ...]
    functions: frozenset[str]
    static: frozenset[str]
    methods: frozenset[str]
    redirections: frozenset[str]


def read_script(text: str) -> Script:
    """Take a script apart; what the grammar does not know is a fault."""
    root = _PARSER.parse(text.encode()).root_node
    nodes = list(_walk(root))
    faults = [f"{_place(node)}: {node.type} {_text(node)[:60]!r}" for node in nodes if node.is_error or node.is_missing]
    faults += [
        f"{_place(node)}: {node.type}" for node in nodes if node.type in _BETTER_LEFT - {"flow_control_statement"}
    ]
    faults += [f"not in Windows PowerShell: {found}" for found in _NEWER.findall(text)]
    faults += [f"{_place(node)}: exit" for node in nodes if node.type == "flow_control_statement" and _ends_all(node)]
    return Script(
        faults=tuple(faults),
        calls=tuple(_read_call(node) for node in nodes if node.type == "command"),
        functions=frozenset(_text(node).lower() for node in nodes if node.type == "function_name"),
        static=frozenset(_static(node) for node in nodes if _is_static(node)),
        methods=frozenset(
            _member(node) for node in nodes if node.type == "invokation_expression" and not _is_static(node)
        ),
        redirections=frozenset(_redirections(nodes)),
    )


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _walk(child)


def _text(node: Node | None) -> str:
    return (node.text or b"").decode() if node is not None else ""


def _place(node: Node) -> str:
    return f"line {node.start_point[0] + 1}"


def _ends_all(node: Node) -> bool:
    return _text(node).split()[:1] == ["exit"]


def _read_call(node: Node) -> Call:
    names = [child for child in node.children if child.type in {"command_name", "command_name_expr"}]
    elements = [element for child in node.children if child.type == "command_elements" for element in child.children]
    return Call(
        name=_text(names[0]).removeprefix(_SYSTEM).strip('"') if names else _text(node)[:60],
        parameters=tuple(_text(each)[1:].rstrip(":") for each in elements if each.type == "command_parameter"),
        words=tuple(_text(each) for each in elements if each.type not in {"command_parameter", "command_argument_sep"}),
    )


def _is_static(node: Node) -> bool:
    return node.type == "invokation_expression" and bool(node.children) and node.children[0].type == "type_literal"


def _static(node: Node) -> str:
    return f"{_text(node.children[0]).strip('[]')}::{_member(node)}"


def _member(node: Node) -> str:
    """Return the name of a method; one that calls others by name with what it is given."""
    name = next((_text(child) for child in node.children if child.type == "member_name"), _text(node)[:60])
    if name not in _BY_NAME:
        return name
    return name + "".join(_text(child) for child in node.children if child.type == "argument_list")


def _redirections(nodes: list[Node]) -> Iterator[str]:
    for node in nodes:
        if node.type == "redirection" or (node.type == "generic_token" and ">" in _text(node)):
            yield "".join(_text(node).split())
