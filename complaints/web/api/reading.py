"""Read what a request of the JSON interface brought: strictly, within bounds, each fault under its own name."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from flask import request
from werkzeug.datastructures import FileStorage

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases.attachments import MB, Upload, check, display_name
from complaints.web import incoming
from complaints.web.api.problems import ProblemError, errors
from complaints.web.frame import frame

T = TypeVar("T")
PART, FILES = "json", "files"
_DEEPEST = 32
_LARGEST = 2**53
_DIGITS = 17
_SIGNS, _MOST_SIGNS = (b",", b"[", b"{"), 100_000


@dataclass(frozen=True)
class Brought:
    """A body: its plain value and files, and a text that is the same whenever the same is sent again."""

    plain: Any
    files: tuple[Upload, ...]
    content: str


def body(*, files: bool) -> Brought:
    """The request's body, as JSON or, where `files` are taken, as a form with a part `json`."""
    if request.mimetype == "application/json":
        if request.content_length is not None and request.content_length > incoming.TEXT:
            raise ProblemError("too-large")
        plain = parse(request.get_data(cache=False))
        return Brought(plain, (), _canonical(plain))
    if files and request.mimetype == "multipart/form-data":
        return _form()
    raise ProblemError("media-type")


def none() -> Brought:
    """A request without a body; one that comes all the same is refused, since it would be ignored."""
    if request.content_length or "chunked" in request.headers.get("Transfer-Encoding", ""):
        plain = parse(request.get_data(cache=False)) if request.mimetype == "application/json" else None
        if plain != {}:
            raise ProblemError("schema", t("Nothing is taken here; send no body"))
    return Brought(None, (), "")


def shaped(plain: Any, shape: type[T]) -> T:
    """The value in its shape; raises the problem `schema` that points at what does not fit."""
    try:
        return msgspec.convert(plain, shape)
    except msgspec.ValidationError as error:
        raise ProblemError("schema", errors=[_pointed(str(error))]) from error


def query(shape: type[T] | None) -> T | None:
    """The parameters of the address; an unknown, repeated or ill-shaped one is refused."""
    given = {name: values for name, values in request.args.lists()}  # noqa: C416 - a MultiDict's own pairs
    known = set(shape.__struct_encode_fields__) if shape is not None else set()  # type: ignore[attr-defined]  # a Struct has it
    wrong = [name for name, values in given.items() if name not in known or len(values) > 1]
    if wrong:
        raise ProblemError("parameters", errors=[{"parameter": name} for name in sorted(wrong)])
    if shape is None:
        return None
    try:
        return msgspec.convert({name: values[0] for name, values in given.items()}, shape, strict=False)
    except msgspec.ValidationError as error:
        said = _pointed(str(error))
        raise ProblemError(
            "parameters", errors=[{"parameter": said["pointer"][2:], "detail": said["detail"]}]
        ) from error


def parse(data: bytes) -> Any:
    """JSON as RFC 8259 wants it, and no more: raises a problem with a name of its own for each fault."""
    # Each value costs far more than its bytes; no body of the schema has a fraction of so many.
    if sum(map(data.count, _SIGNS)) > _MOST_SIGNS:
        raise ProblemError("too-large")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProblemError("json-encoding") from error
    try:
        found = json.loads(
            text, object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_int, parse_float=_float
        )
    except RecursionError as error:
        raise ProblemError("json-depth") from error
    except ValueError as error:
        raise ProblemError("json-syntax") from error
    _look_through(found)
    return found


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ProblemError("json-duplicate-key")
    return found


def _constant(name: str) -> Any:
    raise ProblemError("json-number", name)


def _int(digits: str) -> int:
    if len(digits) > _DIGITS or abs(int(digits)) > _LARGEST:
        raise ProblemError("json-number")
    return int(digits)


def _float(digits: str) -> float:
    found = float(digits)
    if not math.isfinite(found):
        raise ProblemError("json-number")
    return found


def _look_through(found: Any) -> None:
    level, depth = [found], 0
    while level:
        if depth > _DEEPEST:
            raise ProblemError("json-depth")
        below: list[Any] = []
        for each in level:
            if isinstance(each, str):
                _characters(each)
            elif isinstance(each, dict):
                below += [*each, *each.values()]
            elif isinstance(each, list):
                below += each
        level, depth = below, depth + 1


def _characters(text: str) -> None:
    if "\x00" in text:
        raise ProblemError("json-encoding")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ProblemError("json-encoding") from error


def _form() -> Brought:
    got = incoming.read()
    if got.too_large:
        raise ProblemError("too-large")
    parts = [each for each in got.files if each.name == PART]
    strangers = {each.name for each in got.files} - {PART, FILES} | (set(got.form) - {PART})
    given = [*(each.stream.read() for each in parts), *(text.encode() for text in got.form.getlist(PART))]
    if strangers or len(given) > 1 or not (given or got.files):
        raise ProblemError("multipart")
    plain = parse(given[0]) if given else {}
    uploads = _uploads([each for each in got.files if each.name == FILES])
    digests = [f"{each.name}\x00{hashlib.sha256(each.data).hexdigest()}" for each in uploads]
    return Brought(plain, uploads, "\x00".join([_canonical(plain), *digests]))


def _uploads(given: list[FileStorage]) -> tuple[Upload, ...]:
    settings = frame().settings
    if len(given) > settings.MAX_FILES:
        raise InputError({FILES: [t("At most {n} files at once; choose fewer", n=settings.MAX_FILES)]})
    taken, faults = [], []
    for each in given:
        try:
            # One byte beyond the limit is enough to know.
            data = each.stream.read(settings.MAX_FILE_MB * MB + 1)
            taken.append(check(display_name(each.filename or ""), data, max_mb=settings.MAX_FILE_MB))
        except InputError as error:
            faults += [sentence for sentences in error.fields.values() for sentence in sentences]
    if faults:
        raise InputError({FILES: faults})
    return tuple(taken)


def _canonical(plain: Any) -> str:
    return json.dumps(plain, sort_keys=True, ensure_ascii=True)


def _pointed(said: str) -> dict[str, str]:
    """The sentence of msgspec, such as "Expected `str`, got `int` - at `$.fields.mail`", as pointer and detail."""
    detail, _, where = said.partition(" - at `")
    # It writes [...] for a member whose name the shape does not know.
    path = where.rstrip("`").removeprefix("$").replace("[...]", "").replace("[", ".").replace("]", "")
    return {"pointer": "#" + path.replace(".", "/"), "detail": detail}


def mapped(error: InputError, names: Mapping[str, str], inside: str = "") -> InputError:
    """The same sentences under the names of the body: `names` for single ones, `inside` for the rest."""
    return InputError(
        {
            names.get(name, f"{inside}/{name}" if inside and name else name): said
            for name, said in error.fields.items()
        }
    )


__all__ = ["Brought", "body", "errors", "mapped", "none", "parse", "query", "shaped"]
