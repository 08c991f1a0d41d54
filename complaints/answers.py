"""Sealed AI answers: a compact token by which the product vouches for what its model said.

The token holds digests, not texts, so its size does not grow with the answer; the reporter's page sends the
text, and the server says whether it is what was sealed. It travels through browsers, histories and logs, so
the digests in it are veiled: nobody can try out what was asked, or by whom, and equal questions do not look equal.
Seal and veil are one construction, a synthetic initialisation vector (after RFC 5297) with keyed BLAKE2b: the tag
over all that is sealed is the nonce of the veil too. So the same arguments give the same token.

Compared are texts as a form carries them: line ends count as one (CR LF, CR and LF), white space at both ends
does not count, and what cannot travel (NUL, half of a surrogate pair) counts as U+FFFD.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct
from typing import Any, Literal, NamedTuple

from complaints.base.errors import InputError, SealError
from complaints.base.texts import whole

Mark = Literal["verified", "altered", "unverified"]
# Version, then in base64: key id, audience, microseconds, lengths of answer id and model, tag, veiled digests of
# output, prompt and user, and the three names. Digests of nothing but zeros: there was none.
_VERSION = "a2."
_HEAD = Struct(">4s8sqHH")
_TAG, _PART, _USER = 16, 24, 16
_VEIL = _PART + _PART + _USER
_NAMES = _HEAD.size + _TAG + _VEIL
_NO_PROMPT, _NO_USER = bytes(_PART), bytes(_USER)
_LONGEST = 120
_NAME = 80
_MAX_TOKEN = 2000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICRO
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICRO


class Sealed(NamedTuple):
    """What a genuine token says."""

    answer_id: str
    model: str
    filing_no: str
    at: datetime
    tag: bytes
    output: bytes
    prompt: bytes
    user: bytes

    @property
    def identity(self) -> str:
        """What tells this answer from others: the host's id, else the tag."""
        return f"id {self.answer_id}" if self.answer_id else f"tag {self.tag.hex()}"

    @property
    def for_user(self) -> bool:
        """Whether it was sealed for somebody at all."""
        return self.user != _NO_USER

    def of_user(self, user_ref: str) -> bool:
        """Whether it was sealed for this user."""
        return hmac.compare_digest(self.user, _digest(_bytes(user_ref))[:_USER])


class Checked(NamedTuple):
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
    """A URL-safe token over prompt and output; the digests are SHA-256.

    `audience` is the installation's origin; `at` defaults to now. Raises InputError for what cannot be sealed.
    """
    _demand("output", output)
    digest = _digest(_bytes(output.strip()))
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
        _demand("output", chunk)
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
    if len(raw) < _NAMES or _encode(raw) != text:
        raise SealError("damaged")
    head, tag, names = raw[: _HEAD.size], raw[_HEAD.size : _HEAD.size + _TAG], raw[_NAMES:]
    key_id, sealed_for, micros, ids, models = _HEAD.unpack(head)
    if sealed_for != _audience(audience):
        raise SealError("foreign")
    key = next((key for key in keys if _key_id(key) == key_id), None)
    if key is None:
        raise SealError("unknown_key")
    digests = _veil(key, tag, raw[_HEAD.size + _TAG : _NAMES])
    if not hmac.compare_digest(tag, _keyed(key, b"tag", _TAG, digests + head + names)):
        raise SealError("forged")
    return Sealed(
        names[:ids].decode(),
        names[ids : ids + models].decode(),
        names[ids + models :].decode(),
        _EPOCH + timedelta(microseconds=micros),
        tag,
        digests[:_PART],
        digests[_PART:-_USER],
        digests[-_USER:],
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
    _demand("token output prompt user_ref", token, output, prompt, user_ref)
    if not token:
        return Checked("unverified", ("unsealed",))
    try:
        sealed = read(keys, audience, token)
    except SealError as error:
        return Checked("unverified", (error.reason,))
    mark: Mark = "verified"
    notes: list[str] = []
    asked = prompt.strip()
    if asked and sealed.prompt == _NO_PROMPT:
        mark = "unverified"
        notes.append("prompt_unsealed")
    elif asked and not _same(sealed.prompt, asked):
        mark = "altered"
        notes.append("prompt_altered")
    elif not asked and sealed.prompt != _NO_PROMPT:
        notes.append("prompt_missing")
    if not _same(sealed.output, output.strip()):
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
    _demand("prompt answer_id model filing_no user_ref", prompt, *names, user_ref)
    if len(answer_id) > _LONGEST:
        raise InputError({"answer_id": [f"an answer's id has at most {_LONGEST} characters"]})
    # Of a label the beginning is enough.
    ids, models, last = _bytes(answer_id), _bytes(model[:_NAME]), _bytes(filing_no[:_NAME])
    asked, user = _bytes(prompt.strip()), _bytes(user_ref)
    digests = b"".join(
        (
            output[:_PART],
            _digest(asked)[:_PART] if asked else _NO_PROMPT,
            _digest(user)[:_USER] if user else _NO_USER,
        )
    )
    head = _HEAD.pack(_key_id(key), _audience(audience), _micros(at), len(ids), len(models))
    said = ids + models + last
    tag = _keyed(key, b"tag", _TAG, digests + head + said)
    return _VERSION + _encode(head + tag + _veil(key, tag, digests) + said)


def _same(digest: bytes, text: str) -> bool:
    return hmac.compare_digest(digest, _digest(_bytes(text))[:_PART])


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _veil(key: bytes, tag: bytes, digests: bytes) -> bytes:
    """Put a veil that only the key can make over digests, or take it off."""
    veil = hashlib.blake2b(digest_size=_VEIL, key=key, salt=tag, person=b"veil").digest()
    return (int.from_bytes(digests) ^ int.from_bytes(veil)).to_bytes(_VEIL)


def _keyed(key: bytes, purpose: bytes, size: int, data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=size, key=key, person=purpose).digest()


def _bytes(text: str) -> bytes:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        # Once where nothing is amiss: each answer a product gives is sealed.
        return (whole(text) if "\x00" in text else text).encode()
    except UnicodeEncodeError:
        return whole(text).encode()


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


def _demand(names: str, *texts: Any) -> None:
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError({names.split()[place]: [f"must be text, not {type(text).__name__}"]})


@lru_cache(maxsize=64)
def _audience(origin: str) -> bytes:
    return hashlib.sha256(_bytes(origin)).digest()[:8]


@lru_cache(maxsize=64)
def _key_id(key: bytes) -> bytes:
    return _keyed(key, b"key id", 4, b"")


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
