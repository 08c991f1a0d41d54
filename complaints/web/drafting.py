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

from complaints.administration.installation import Installation
from complaints.base.texts import whole
from complaints.cases.reported import Answer, Turn
from complaints.web.comparing import compare

_SALT = "complaints.filing"
_MAX = 4_000_000


@dataclass(frozen=True)
class Kept:
    """The hidden part of a form.

    `secret` makes the filing happen once; `answer` is what was reported; `token` a seal whose text is not
    here; `turns` came before it, and are filed only when the person says so (`along`); `type` and `values` are
    set on the check page; `files` maps the uids of a draft's files to names, so that one that got lost can be
    named.
    """

    secret: str
    answer: Answer | None = None
    token: str = ""
    turns: tuple[Turn, ...] = ()
    along: bool = False
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
    turns = tuple(Turn(each.prompt, each.output) for each in typed.turns)
    return replace(fresh(answer), turns=turns, along=typed.along, type=typed.type, values=typed.values)


def reported(
    installation: Installation,
    token: str,
    output: str,
    prompt: str,
    limit: int,
    turns: str = "",
    *,
    user: str = "",
) -> Kept:
    """A new form that carries an AI answer and the turns before it; `compare` says what is kept of them."""
    found = compare(installation, token, output, prompt, limit, turns, user=user)
    kept = fresh(found.answer) if found.answer else fresh(token=token[:_MAX])
    return replace(kept, turns=found.turns)


def answer_of(
    installation: Installation, token: str, output: str, prompt: str, limit: int, *, user: str = ""
) -> Answer | None:
    """The reported answer with its mark; None when there is no text."""
    return compare(installation, token, output, prompt, limit, user=user).answer


def _kept(payload: Any) -> Kept:
    answer = payload.get("answer")
    return Kept(
        secret=str(payload.get("secret") or ""),
        answer=Answer.of(answer) if answer else None,
        token=str(payload.get("token") or ""),
        turns=tuple(Turn.of(each) for each in payload.get("turns") or ()),
        along=bool(payload.get("along")),
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
    # An escape may stand for half of a character, which no page can be written with.
    return json.loads(whole(json.dumps(json.loads(data), ensure_ascii=False)))


def _serializer(installation: Installation) -> URLSafeSerializer:
    return URLSafeSerializer(installation.settings.secret_key, salt=_SALT)
