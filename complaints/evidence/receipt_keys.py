"""Which keys a receipt is verified with: those given from outside, and those that the log's changes of keys lead to."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from complaints.ledger.proof import KeyChange, KeyRing, Refused, Step, Verifier

OTHER_LOG = (
    "收录证明所附的换钥记录或检查点不属于同一份处理记录",
    "the changes of keys in the proof, or its checkpoint, are not of the same log",
)
_KEY = 32


def yes(zh: str, en: str) -> Step:
    """A step that holds; its number comes later."""
    return Step(0, good=True, code="", zh=zh, en=en)


def no(code: str, zh: str, en: str) -> Step:
    """A step that does not."""
    return Step(0, good=False, code=code, zh=zh, en=en)


def named(keys: Sequence[str], inside: str) -> Step:
    """Whether the key that the receipt names is one of those given."""
    if not keys:
        return no(
            "UNANCHORED",
            "UNANCHORED（无外部依据）：请用 --key 给出从公示页或信函得到的公钥",
            "UNANCHORED: give the installation's key with --key, from its public page or a letter",
        )
    raw = public(inside)
    if raw is not None and raw in {public(key) for key in keys}:
        return yes("密钥与您给出的一致", "the key is the one you gave")
    return no(
        "other-key",
        f"回执里写的密钥与您给出的不同：{_shown(inside)}。如果对方换过密钥，请从公示页或信函取得这一把，用 --key "
        "加上；重新下载的收录证明会说明两把密钥之间的交接",
        f"the receipt names another key than the one you gave: {_shown(inside)}. If the installation changed its key, "
        "get this one from its public page or a letter and add it with --key; the proof, downloaded anew, shows how "
        "one key led to the next",
    )


def _shown(key: str) -> str:
    """A key's number, or its beginning where it has none."""
    try:
        return Verifier.parse(key).id.hex()
    except ValueError:
        return key[:8]


def ring_of(receipt: Mapping[str, Any], keys: Sequence[str]) -> tuple[KeyRing, list[KeyChange], Step]:
    """The keys that count by those given and by the changes of keys in the proof; those changes; what to say of it."""
    inside, given = str(receipt["key"]), list[Verifier]()
    for key in keys or [inside]:
        given += _verifier(key, inside)
    try:
        changes = [KeyChange.read(each) for each in receipt.get("keys", ())]
        ring = KeyRing(given, changes, _verifier(inside, inside))
    except Refused as refused:
        return KeyRing(given), [], no(refused.code, refused.zh, refused.en)
    except (ValueError, LookupError, TypeError, AttributeError):
        return KeyRing(given), [], no("keys", *OTHER_LOG)
    said = named(keys, inside)
    if keys and not said.good and inside in {str(key) for key in ring.trusted}:
        said = yes(
            f"日志中由新旧两把密钥共同签名的换钥记录，把您给出的密钥与回执里的密钥（{_shown(inside)}）连了起来",
            "the log's own changes of keys, signed by both keys each time, connect the key you gave with the one in "
            f"the receipt ({_shown(inside)})",
        )
    return ring, changes, said


def _verifier(key: str, inside: str) -> list[Verifier]:
    """A key with its name; a bare one has none, and signs under the name of the one in the receipt."""
    try:
        return [Verifier.parse(key)]
    except ValueError:
        raw = public(key)
        return [Verifier(inside.partition("+")[0], raw)] if raw is not None else []


def public(key: str) -> bytes | None:
    """The 32 bytes of a vkey or of a bare key in base64; None for anything else."""
    try:
        if "+" in key and len(key.split("+", 2)) == 3:  # noqa: PLR2004 - name, hash and key
            return Verifier.parse(key).key
    except ValueError:
        pass
    try:
        found = base64.b64decode(key, validate=True)
    except ValueError:
        return None
    return found if len(found) == _KEY else None
