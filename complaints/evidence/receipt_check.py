"""Verify a receipt, promise or proof, without a database and without trusting anything inside it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import rfc8785

from complaints.ledger.proof import (
    Chains,
    Checkpoint,
    Note,
    Verifier,
    consistent,
    leaf_hash,
    root_from_inclusion,
    signature_holds,
)

PROMISE, PROOF = "flask-complaints/promise/v2", "flask-complaints/proof/v1"
# Receipts of the first version are in people's hands; theirs named the bare key and no delay.
_OLD_PROMISE = "flask-complaints/promise/v1"
_OLD_FIELDS = frozenset(
    {"kind", "origin", "number", "filed_at", "leaf", "accept_due", "result_due", "policy"}
)
_FIELDS = {PROMISE: _OLD_FIELDS | {"in_tree_within_seconds"}, _OLD_PROMISE: _OLD_FIELDS}
_PROOF_FIELDS = frozenset({"kind", "number", "leaf", "index", "size", "path", "checkpoint", "key"})
_LONGEST_PATH = 64
_KEY = 32


@dataclass(frozen=True)
class Step:
    """One numbered step of a verification, in English and in Chinese."""

    number: int
    good: bool
    text: str
    zh: str


def verify(receipt: Any, key: str = "", older: str = "") -> list[Step]:
    """Numbered steps over an untrusted receipt; without `key` from outside it stays unanchored.

    `key` is a vkey or a bare public key in base64; `older` is a checkpoint's note from outside. Never raises:
    whatever the receipt holds, the answer is a list of steps, and it is good when all of them are.
    """
    given = receipt if isinstance(receipt, Mapping) else {}
    check = _proof if given.get("kind") == PROOF else _promise
    return [replace(step, number=n) for n, step in enumerate(check(given, key.strip(), older), 1)]


def _promise(receipt: Mapping[str, Any], key: str, older: str) -> Iterator[Step]:
    said = receipt.get("promise")
    form = isinstance(said, Mapping) and _is_promise(said)
    yield _step(
        form,
        ("this is a promise of filing", "这是一份受理回执（承诺）"),
        ("this is neither a promise of filing nor a proof", "这既不是受理回执（承诺），也不是收录证明"),
    )
    if not form or not isinstance(said, Mapping):
        return
    inside = str(receipt.get("key", ""))
    yield _anchor(key, inside)
    yield _step(
        _signed(said, str(receipt.get("signature", "")), key or inside),
        ("the signature holds", "签名有效"),
        (
            "the signature does not hold: the receipt was changed or made up",
            "签名无效：回执被改动过，或是伪造的",
        ),
    )
    if older:
        yield Step(
            0,
            good=False,
            text="a promise is not compared with a checkpoint; download the proof from the tracking page",
            zh="承诺无法与检查点比对；请在查询页下载收录证明",
        )
    yield Step(
        0,
        good=True,
        text=f"it says: {said['origin']} took in {said['number']} at {said['filed_at']}, answer by {said['result_due']}; "
        "that the log keeps it is shown by the proof, from the tracking page",
        zh=f"内容：{said['origin']}于 {said['filed_at']} 收到 {said['number']}，答复期限 {said['result_due']}；"
        "处理记录是否仍保留这一条，由查询页的收录证明说明",
    )


def _proof(receipt: Mapping[str, Any], key: str, older: str) -> Iterator[Step]:
    form = _is_proof(receipt)
    yield _step(
        form,
        ("this is a proof that a filing is in the log", "这是一份收录证明（投诉已写入处理记录）"),
        ("the proof does not have the form of one", "收录证明的格式不对"),
    )
    if not form:
        return
    yield _anchor(key, str(receipt["key"]))
    checkpoint = _checkpoint(receipt, key or str(receipt["key"]))
    yield _step(
        checkpoint is not None,
        ("the checkpoint's signature holds", "检查点的签名有效"),
        (
            "the checkpoint is not signed by this key: it was changed or made up",
            "检查点不是由这把密钥签名的：被改动过，或是伪造的",
        ),
    )
    if checkpoint is None:
        return
    entry = _filing(receipt["leaf"])
    same = bool(entry) and (entry["origin"], _number(entry)) == (checkpoint.origin, receipt["number"])
    yield _step(
        same,
        ("the event is the filing of this number", "这条记录正是该编号的提交"),
        (
            "the event is not the filing of this number in this log",
            "这条记录不是该编号在这份处理记录中的提交",
        ),
    )
    yield _step(
        _included(receipt, checkpoint),
        (
            f"it is event {receipt['index']} of the {checkpoint.size} in the checkpoint",
            f"它是检查点所含 {checkpoint.size} 条记录中的第 {receipt['index']} 条（从 0 数起）",
        ),
        ("the event is not in the checkpoint", "检查点中没有这条记录"),
    )
    if older:
        yield _older(receipt, checkpoint, older, key or str(receipt["key"]))
    if same:
        yield Step(
            0,
            good=True,
            text=f"it says: {entry['origin']} wrote {receipt['number']} into its log at {entry['at']}",
            zh=f"内容：{entry['origin']}于 {entry['at']} 把 {receipt['number']} 写入处理记录",
        )


def _step(good: bool, well: tuple[str, str], ill: tuple[str, str]) -> Step:
    text, zh = well if good else ill
    return Step(0, good, text, zh)


def _anchor(key: str, inside: str) -> Step:
    if not key:
        return Step(
            0,
            good=False,
            text="UNANCHORED: give the installation's key with --key, from its public page or a letter",
            zh="UNANCHORED（无外部依据）：请用 --key 给出从公示页或信函得到的公钥",
        )
    given = _public(key)
    return _step(
        given is not None and given == _public(inside),
        ("the key is the one you gave", "密钥与您给出的一致"),
        (
            "the receipt names another key than the one you gave",
            "回执里写的密钥与您给出的不同",
        ),
    )


def _is_promise(said: Mapping[str, Any]) -> bool:
    kind = said.get("kind")
    if not isinstance(kind, str) or kind not in _FIELDS or set(said) != _FIELDS[kind]:
        return False
    return all(
        isinstance(value, str)
        or (value is None and name.endswith("_due"))
        or (name == "in_tree_within_seconds" and type(value) is int)
        for name, value in said.items()
    )


def _is_proof(receipt: Mapping[str, Any]) -> bool:
    path = receipt.get("path")
    return (
        set(receipt) - {"earlier"} == _PROOF_FIELDS
        and all(isinstance(receipt[name], str) for name in ("number", "leaf", "checkpoint", "key"))
        and all(type(receipt[name]) is int for name in ("index", "size"))
        and _path(path) is not None
        and receipt["leaf"].isprintable()
    )


def _path(path: Any) -> list[bytes] | None:
    if not isinstance(path, list) or len(path) > _LONGEST_PATH:
        return None
    try:
        return [bytes.fromhex(each) for each in path]
    except (TypeError, ValueError):
        return None


def _public(key: str) -> bytes | None:
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


def _signed(said: Mapping[str, Any], signature: str, key: str) -> bool:
    public = _public(key)
    try:
        raw, data = base64.b64decode(signature, validate=True), rfc8785.dumps(dict(said))
    except (ValueError, rfc8785.CanonicalizationError):
        return False
    return public is not None and signature_holds(public, raw, data)


def _checkpoint(receipt: Mapping[str, Any], key: str) -> Checkpoint | None:
    public = _public(key)
    try:
        note = Note.parse(receipt["checkpoint"])
        said = Checkpoint.parse(note.text)
        # A bare key has no name of its own: it signs under the one the note names.
        names = [name for name, _, _ in note.signatures]
        signed = public is not None and note.signed_by([Verifier(name, public) for name in names])
    except ValueError:
        return None
    return said if signed and said.size == receipt["size"] else None


def _filing(leaf: str) -> dict[str, Any]:
    entry, _, wrong = Chains().take(leaf.encode())
    found: dict[str, Any] = {} if wrong or entry["type"] != "filed" else entry
    return found


def _number(entry: Mapping[str, Any]) -> Any:
    change = entry["meta"].get("change")
    said = change.get("number") if isinstance(change, Mapping) else None
    return said[1] if isinstance(said, list) and len(said) == 2 else None  # noqa: PLR2004 - from and to


def _included(receipt: Mapping[str, Any], checkpoint: Checkpoint) -> bool:
    path = _path(receipt["path"]) or []
    try:
        root = root_from_inclusion(
            leaf_hash(receipt["leaf"].encode()), receipt["index"], checkpoint.size, path
        )
    except ValueError:
        return False
    return root == checkpoint.root


def _older(receipt: Mapping[str, Any], checkpoint: Checkpoint, older: str, key: str) -> Step:
    old = _checkpoint({"checkpoint": older, "size": _size(older)}, key)
    if old is None or old.origin != checkpoint.origin:
        return Step(
            0,
            good=False,
            text="the checkpoint you gave is not signed by this key",
            zh="您给出的检查点不是由这把密钥签名的",
        )
    earlier = receipt.get("earlier")
    path = _path(earlier.get("path")) if isinstance(earlier, Mapping) else None
    if path is None or earlier is None or earlier.get("size") != old.size:
        path = []
        if old.size != checkpoint.size:
            return Step(
                0,
                good=False,
                text=f"the proof does not lead from your checkpoint of {old.size} events to its own of "
                f"{checkpoint.size}; ask the installation for one that does (flask complaints receipt --checkpoint)",
                zh=f"这份证明没有说明从您的检查点（{old.size} 条）到它自己的检查点（{checkpoint.size} 条）；"
                "请向对方索取（flask complaints receipt --checkpoint）",
            )
    return _step(
        consistent(old.size, old.root, checkpoint.size, checkpoint.root, path),
        (
            f"the log still begins with the {old.size} events of your checkpoint",
            f"处理记录的开头仍是您那份检查点的 {old.size} 条",
        ),
        (
            "the log no longer begins with your checkpoint: it was rewritten",
            "处理记录的开头与您的检查点不再一致：记录被改写过",
        ),
    )


def _size(note: str) -> int:
    try:
        return Checkpoint.parse(Note.parse(note).text).size
    except ValueError:
        return -1
