"""What travels with the form from step to step: signed, so that no row is needed before filing."""

from __future__ import annotations

import json
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from itsdangerous import BadData, BadSignature, URLSafeSerializer
from itsdangerous.encoding import base64_decode

from complaints import answers
from complaints.administration.installation import Installation
from complaints.cases.intake import Answer

_SALT = "complaints.filing"
_MAX = 4_000_000


@dataclass(frozen=True)
class Kept:
    """The hidden part of a form.

    `secret` makes the filing happen once; `answer` is what was reported; `token` a seal whose text is not
    here; `type` and `values` are set on the check page; `files` maps the uids of a draft's files to names,
    so that one that got lost can be named.
    """

    secret: str
    answer: Answer | None = None
    token: str = ""
    type: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    draft: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    def with_values(self, type_key: str, values: Mapping[str, str]) -> Kept:
        """The same form with these answers in it."""
        return replace(self, type=type_key, values=dict(values))


def fresh(answer: Answer | None = None, token: str = "") -> Kept:
    """A new form with a secret of its own."""
    return Kept(secrets.token_hex(16), answer, token)


def seal(installation: Installation, kept: Kept) -> str:
    """The hidden field's value."""
    return _serializer(installation).dumps({name: value for name, value in asdict(kept).items() if value})


def unseal(installation: Installation, text: str) -> Kept:
    """What a hidden field says; of a forged or outdated one only what the person typed is believed."""
    if not text or len(text) > _MAX:
        return fresh()
    try:
        return _kept(_serializer(installation).loads(text))
    except BadSignature:
        pass
    except (TypeError, ValueError):
        return fresh()
    try:
        # A changed SECRET_KEY must not cost anybody their text; the text is checked again anyway.
        typed = _kept({**_unsigned(text), "secret": ""})
    except (AttributeError, BadData, RecursionError, TypeError, ValueError):
        return fresh()
    answer = typed.answer and Answer(typed.answer.output, typed.answer.prompt)
    return replace(fresh(answer), type=typed.type, values=typed.values)


def reported(installation: Installation, token: str, output: str, prompt: str, limit: int) -> Kept:
    """A new form that carries an AI answer; texts beyond `limit` characters are cut, and then count as altered.

    Where the host can load the answer itself, its text counts and not the page's.
    """
    found = answer_of(installation, token, output, prompt, limit)
    return fresh(found) if found else fresh(token=token[:_MAX])


def answer_of(installation: Installation, token: str, output: str, prompt: str, limit: int) -> Answer | None:
    """The reported answer with its mark; None when there is no text."""
    mark, sealed = answers.check(
        installation.keys.answers, installation.settings.origin, token, output=output, prompt=prompt
    )
    loader = installation.hooks.answer
    if sealed is not None and sealed.answer_id and loader is not None:
        loaded = loader(sealed.answer_id)
        if loaded and loaded.get("output"):
            output, prompt = str(loaded["output"]), str(loaded.get("prompt") or "")
            mark, sealed = answers.check(
                installation.keys.answers, installation.settings.origin, token, output=output, prompt=prompt
            )
    if not output.strip():
        return None
    said = (
        {}
        if sealed is None
        else {
            "model": sealed.model,
            "answer_id": sealed.answer_id,
            "filing_no": sealed.filing_no,
            "at": sealed.at,
        }
    )
    if mark == "verified" and (len(output) > limit or len(prompt) > limit):
        mark = "altered"
    return Answer(output[:limit], prompt[:limit], mark=mark, **said)


def _kept(payload: Any) -> Kept:
    answer = payload.get("answer")
    return Kept(
        secret=str(payload.get("secret") or ""),
        answer=Answer(**{str(key): str(value) for key, value in answer.items()}) if answer else None,
        token=str(payload.get("token") or ""),
        type=str(payload.get("type") or ""),
        values={str(key): str(value) for key, value in (payload.get("values") or {}).items()},
        draft=str(payload.get("draft") or ""),
        files={str(key): str(value) for key, value in (payload.get("files") or {}).items()},
    )


def _unsigned(text: str) -> Any:
    """What a form says whose signature does not hold; raises ValueError.

    Not `loads_unsafe`, which inflates whatever a stranger sends: four megabytes can become four gigabytes.
    """
    payload = text.rpartition(".")[0]
    data = base64_decode(payload.removeprefix("."))
    if payload.startswith("."):
        inflater = zlib.decompressobj()
        try:
            data = inflater.decompress(data, _MAX)
        except zlib.error as error:
            raise ValueError("the form's hidden part cannot be read") from error
        if not inflater.eof:
            raise ValueError("the form's hidden part is larger than any form")
    return json.loads(data)


def _serializer(installation: Installation) -> URLSafeSerializer:
    return URLSafeSerializer(installation.settings.secret_key, salt=_SALT)
