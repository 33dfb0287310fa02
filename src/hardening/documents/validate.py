"""Documents held against the form they must have; every error names its line and says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from hardening.documents.places import child_of
from hardening.documents.words import describe_error, near_hint
from hardening.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic_core import ErrorDetails

    from hardening.documents.places import Document, PathStep
    from hardening.model.place import Problem


class Form(BaseModel):
    """The form of a file that people write, or of a part of one: unknown keys are refused, values never change."""

    # Built when a file is first held against it: most runs read few of the forms there are.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


FormType = TypeVar("FormType", bound=Form)


def problem_error(what: str, remedy: str = "") -> PydanticCustomError:
    """Return what a validator of ours raises: what is wrong and what to do, in the words that the user reads."""
    return PydanticCustomError("problem", "{what}", {"what": what, "remedy": remedy})


def validate(form: type[FormType], document: Document) -> FormType:
    """Return the document in its form; raises ``ContentError`` with every problem of the file."""
    try:
        return form.model_validate(document.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
    raise ContentError([_problem(detail, form, document) for detail in details])


def _problem(error: ErrorDetails, form: type[Form], document: Document) -> Problem:
    path = _path(error["loc"], document)
    match error["type"]:
        case "extra_forbidden":
            known = _known_keys(form.model_json_schema(), path[:-1])
            return document.key_problem(path, f'unknown field "{path[-1]}"', near_hint(str(path[-1]), known))
        case "missing":
            name = error["loc"][-1]
            return document.problem(path, f'"{name}" is missing', f"add `{name}:`")
        case _:
            return document.problem(path, *describe_error(error))


def _path(location: Sequence[PathStep], document: Document) -> tuple[PathStep, ...]:
    """Return the part of an error's location that exists in the file: pydantic also names branches of unions."""
    path: list[PathStep] = []
    mark = document.mark
    for step in location:
        child = child_of(mark, step)
        if child is not mark:
            path.append(step)
            mark = child
    return tuple(path)


def _known_keys(schema: dict[str, object], path: Sequence[PathStep]) -> set[str]:
    """Return the keys that any branch of a JSON Schema allows at a path."""
    at: list[object] = [schema]
    for step in path:
        at = [inner for node in at for inner in _inner(node, step, schema)]
    return {key for node in at for branch in _branches(node, schema) for key in _mapping(branch.get("properties"))}


def _inner(node: object, step: PathStep, root: dict[str, object]) -> Iterator[object]:
    for branch in _branches(node, root):
        if isinstance(step, int):
            yield branch.get("items")
        else:
            yield _mapping(branch.get("properties")).get(step, branch.get("additionalProperties"))
            yield from _mapping(branch.get("patternProperties")).values()


def _branches(node: object, root: dict[str, object]) -> Iterator[dict[str, object]]:
    """Yield every mapping that a node may mean, through references and unions."""
    schema = _mapping(node)
    reference = schema.get("$ref")
    if isinstance(reference, str):
        yield from _branches(_mapping(root.get("$defs")).get(reference.rpartition("/")[2]), root)
    for union in ("anyOf", "oneOf"):
        options = schema.get(union)
        if isinstance(options, list):
            for option in options:
                yield from _branches(option, root)
    yield schema


def _mapping(node: object) -> dict[str, object]:
    return node if isinstance(node, dict) else {}
