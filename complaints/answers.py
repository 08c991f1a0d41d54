"""Sealed AI answers: a compact token by which the product vouches for what its model said.

The token holds digests, not texts, so its size does not grow with the answer; the reporter's page sends the
text, and the server says whether it is what was sealed. It travels through browsers, histories and logs, so
nothing in it can be guessed from: digests and the user are keyed, and salted by a value that follows from
everything sealed, so that equal questions do not look equal. The same arguments give the same token.

Compared are texts as a form carries them: line ends count as one (CR LF, CR and LF), white space at both ends
does not count, and what cannot travel (NUL, half of a surrogate pair) counts as U+FFFD.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct
from typing import Any, Literal

from complaints.base.errors import InputError, SealError

Mark = Literal["verified", "altered", "unverified"]
# Version, then in base64: key id, audience, microseconds, salt, output, prompt, user, lengths of answer id and
# model, the three names, seal. A tag of sixteen zeros: there was none.
_VERSION = "a2."
_HEAD = Struct(">4s8sq16s16s16s16sHH")
_LENGTHS = Struct(">qHHH")
_TAG = 16
_NONE = bytes(_TAG)
_LONGEST = 120
_NAME = 80
_MAX_TOKEN = 2000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICRO
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICRO
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a genuine token says."""

    answer_id: str
    model: str
    filing_no: str
    at: datetime
    salt: bytes
    output: bytes
    prompt: bytes
    user: bytes
    key: bytes = field(repr=False)

    @property
    def identity(self) -> str:
        """What tells this answer from others: the host's id, else the salt."""
        return f"id {self.answer_id}" if self.answer_id else f"salt {self.salt.hex()}"

    @property
    def for_user(self) -> bool:
        """Whether it was sealed for somebody at all."""
        return self.user != _NONE

    def of_user(self, user_ref: str) -> bool:
        """Whether it was sealed for this user."""
        return hmac.compare_digest(self.user, _tag(self.key, b"user", self.salt, _bytes(user_ref)))


@dataclass(frozen=True, slots=True)
class Checked:
    """What the comparison gave: `notes` says in words of a fixed set what the mark alone does not."""

    mark: Mark
    notes: tuple[str, ...] = ()
    sealed: Sealed | None = None


def seal(
    key: bytes,
    audience: str,
    *,
    output: str,
    prompt: str = "",
    model: str = "",
    answer_id: str = "",
    filing_no: str = "",
    at: datetime | None = None,
    user_ref: str = "",
) -> str:
    """A URL-safe token over prompt and output; the digests are SHA-256, tags and seal keyed BLAKE2b.

    `audience` is the installation's origin; `at` defaults to now. Raises InputError for what cannot be sealed.
    """
    _demand(output=output)
    digest = hashlib.sha256(_bytes(output.strip())).digest()
    return _made(key, audience, digest, prompt, (answer_id, model, filing_no), at, user_ref)


class Sealer:
    """Seals an answer that comes in pieces; however it is cut, the token is that of the whole."""

    def __init__(
        self,
        key: bytes,
        audience: str,
        *,
        prompt: str = "",
        model: str = "",
        answer_id: str = "",
        filing_no: str = "",
        at: datetime | None = None,
        user_ref: str = "",
    ) -> None:
        self._key, self._audience = key, audience
        self._said = prompt, (answer_id, model, filing_no), at, user_ref
        self._digest = hashlib.sha256()
        self._begun = False
        # White space at the end of what came so far: it counts only if something follows.
        self._held: list[str] = []

    def feed(self, chunk: str) -> None:
        """Take the next piece; raises InputError for what is not text."""
        _demand(output=chunk)
        if not chunk or chunk.isspace():
            self._held.append(chunk)
            return
        text = "".join((*self._held, chunk))
        body = text.rstrip()
        self._held = [text[len(body) :]]
        self._digest.update(_bytes(body if self._begun else body.lstrip()))
        self._begun = True

    def seal(self) -> str:
        """The token over what was fed so far; `at` defaults to now. Raises InputError as `seal` does."""
        return _made(self._key, self._audience, self._digest.digest(), *self._said)


def read(keys: Sequence[bytes], audience: str, token: str) -> Sealed:
    """What a token says that one of `keys` made for `audience`; raises SealError with its reason.

    Reasons: `damaged` (no token of ours, or cut), `foreign` (names another installation), `unknown_key` (names
    a key that is not among these), `forged` (its seal does not hold). Only the last was proved.
    """
    if len(token) > _MAX_TOKEN or not token.startswith(_VERSION):
        raise SealError("damaged")
    text = token[len(_VERSION) :]
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise SealError("damaged") from None
    # Decoding overlooks strange characters and loose bits: of all spellings only one is ours.
    if len(raw) < _HEAD.size + _TAG or _encode(raw) != text:
        raise SealError("damaged")
    body = raw[:-_TAG]
    key_id, sealed_for, micros, salt, output, prompt, user, ids, models = _HEAD.unpack_from(body)
    if sealed_for != _audience(audience):
        raise SealError("foreign")
    key = next((key for key in keys if _key_id(key) == key_id), None)
    if key is None:
        raise SealError("unknown_key")
    if not hmac.compare_digest(raw[-_TAG:], _tag(key, b"seal", b"", body)):
        raise SealError("forged")
    names = body[_HEAD.size :]
    return Sealed(
        names[:ids].decode(),
        names[ids : ids + models].decode(),
        names[ids + models :].decode(),
        _EPOCH + timedelta(microseconds=micros),
        salt,
        output,
        prompt,
        user,
        key,
    )


def check(
    keys: Sequence[bytes],
    audience: str,
    token: str,
    *,
    output: str,
    prompt: str = "",
    user_ref: str = "",
    now: datetime | None = None,
    days: int = 0,
) -> Checked:
    """Compare texts with their token; raises InputError for what is not text.

    Without a genuine token the mark is `unverified` and the note its reason (`unsealed`, or as `read` says).
    With one: `output_altered`, `prompt_altered`; `prompt_missing` (sealed, and not given here);
    `prompt_unsealed` (given here, never sealed: nothing vouches for the whole, so `unverified`); `expired` (older
    than `days`: compared all the same, the mark stands); `other_user` (sealed for another than `user_ref`).
    """
    _demand(token=token, output=output, prompt=prompt, user_ref=user_ref)
    if not token:
        return Checked("unverified", ("unsealed",))
    try:
        sealed = read(keys, audience, token)
    except SealError as error:
        return Checked("unverified", (error.reason,))
    mark: Mark = "verified"
    notes: list[str] = []
    asked = prompt.strip()
    if asked and sealed.prompt == _NONE:
        mark = "unverified"
        notes.append("prompt_unsealed")
    elif asked and not _same(sealed, b"prompt", asked, sealed.prompt):
        mark = "altered"
        notes.append("prompt_altered")
    elif not asked and sealed.prompt != _NONE:
        notes.append("prompt_missing")
    if not _same(sealed, b"output", output.strip(), sealed.output):
        mark = "altered"
        notes.insert(0, "output_altered")
    if days and (now or datetime.now(UTC)) - sealed.at > timedelta(days=days):
        notes.append("expired")
    if user_ref and sealed.for_user and not sealed.of_user(user_ref):
        notes.append("other_user")
    return Checked(mark, tuple(notes), sealed)


def _made(
    key: bytes,
    audience: str,
    output: bytes,
    prompt: str,
    names: tuple[str, str, str],
    at: datetime | None,
    user_ref: str,
) -> str:
    answer_id, model, filing_no = names
    _demand(prompt=prompt, answer_id=answer_id, model=model, filing_no=filing_no, user_ref=user_ref)
    if len(answer_id) > _LONGEST:
        raise InputError({"answer_id": [f"an answer's id has at most {_LONGEST} characters"]})
    # Of a label the beginning is enough.
    ids, models, last = _bytes(answer_id), _bytes(model[:_NAME]), _bytes(filing_no[:_NAME])
    asked, user, micros = _bytes(prompt.strip()), _bytes(user_ref), _micros(at)
    digest = hashlib.sha256(asked).digest()
    names_said = ids + models + last
    lengths = _LENGTHS.pack(micros, len(ids), len(models), len(last))
    salt = _tag(key, b"salt", b"", output + digest + lengths + names_said + user)
    body = _HEAD.pack(
        _key_id(key),
        _audience(audience),
        micros,
        salt,
        _tag(key, b"output", salt, output),
        _tag(key, b"prompt", salt, digest) if asked else _NONE,
        _tag(key, b"user", salt, user) if user else _NONE,
        len(ids),
        len(models),
    )
    body += names_said
    return _VERSION + _encode(body + _tag(key, b"seal", b"", body))


def _same(sealed: Sealed, part: bytes, text: str, tag: bytes) -> bool:
    digest = hashlib.sha256(_bytes(text)).digest()
    return hmac.compare_digest(tag, _tag(sealed.key, part, sealed.salt, digest))


def _tag(key: bytes, purpose: bytes, salt: bytes, data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_TAG, key=key, salt=salt, person=purpose).digest()


def _bytes(text: str) -> bytes:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _HALF.sub("\ufffd", text).encode()


def _micros(at: datetime | None) -> int:
    if at is None:
        at = datetime.now(UTC)
    try:
        micros: int = (at - _EPOCH) // _MICRO
    except (OverflowError, TypeError):
        raise InputError({"at": ["must be a datetime with its time zone"]}) from None
    if not _FIRST <= micros <= _LAST:
        raise InputError({"at": ["must lie in the years 1 to 9999, in UTC"]})
    return micros


def _demand(**texts: Any) -> None:
    for name, text in texts.items():
        if not isinstance(text, str):
            raise InputError({name: [f"must be text, not {type(text).__name__}"]})


@lru_cache(maxsize=64)
def _audience(origin: str) -> bytes:
    return hashlib.sha256(_bytes(origin)).digest()[:8]


@lru_cache(maxsize=64)
def _key_id(key: bytes) -> bytes:
    return _tag(key, b"key id", b"", b"")[:4]


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
