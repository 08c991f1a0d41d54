"""Verify a receipt, promise or proof, without a database and without trusting anything inside it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import rfc8785

from complaints.evidence.receipt_keys import OTHER_LOG, named, no, public, ring_of, yes
from complaints.ledger.proof import (
    Chains,
    Checkpoint,
    KeyRing,
    Note,
    Refused,
    Step,
    consistent,
    leaf_hash,
    need,
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


def verify(receipt: Any, keys: Sequence[str] = (), older: str = "") -> list[Step]:
    """Numbered steps over an untrusted receipt; without `keys` from outside it stays unanchored.

    A key is a vkey or a bare public key in base64; `older` is a checkpoint's note from outside. Never raises:
    whatever the receipt holds, the answer is a list of steps, and it is good when all of them are.
    """
    given = receipt if isinstance(receipt, Mapping) else {}
    check = _proof if given.get("kind") == PROOF else _promise
    outside = [key.strip() for key in keys if key.strip()]
    return [replace(step, number=n) for n, step in enumerate(check(given, outside, older), 1)]


def _promise(receipt: Mapping[str, Any], keys: Sequence[str], older: str) -> Iterator[Step]:
    said = receipt.get("promise")
    form = isinstance(said, Mapping) and _is_promise(said)
    yield _step(
        form,
        "form",
        ("这是一份受理回执（承诺）", "this is a promise of filing"),
        ("这既不是受理回执（承诺），也不是收录证明", "this is neither a promise of filing nor a proof"),
    )
    if not form or not isinstance(said, Mapping):
        return
    inside, signature = str(receipt.get("key", "")), str(receipt.get("signature", ""))
    yield named(keys, inside)
    yield _step(
        any(_signed(said, signature, key) for key in keys or [inside]),
        "signature",
        ("签名有效", "the signature holds"),
        (
            "签名无效：回执被改动过，或是伪造的",
            "the signature does not hold: the receipt was changed or made up",
        ),
    )
    if older:
        yield no(
            "promise",
            "承诺无法与检查点比对；请在查询页下载收录证明",
            "a promise is not compared with a checkpoint; download the proof from the tracking page",
        )
    yield yes(
        f"内容：{said['origin']}于 {said['filed_at']} 收到 {said['number']}，答复期限 {said['result_due']}；"
        "处理记录是否仍保留这一条，由查询页的收录证明说明",
        f"it says: {said['origin']} took in {said['number']} at {said['filed_at']}, answer by {said['result_due']}; "
        "that the log keeps it is shown by the proof, from the tracking page",
    )


def _proof(receipt: Mapping[str, Any], keys: Sequence[str], older: str) -> Iterator[Step]:
    form = _is_proof(receipt)
    yield _step(
        form,
        "form",
        ("这是一份收录证明（投诉已写入处理记录）", "this is a proof that a filing is in the log"),
        ("收录证明的格式不对", "the proof does not have the form of one"),
    )
    if not form:
        return
    ring, changes, anchor = ring_of(receipt, keys)
    yield anchor
    try:
        checkpoint = _checkpoint(receipt["checkpoint"], ring)
        same = checkpoint.size == receipt["size"] and all(each.grows(checkpoint) for each in changes)
        need(same, "keys", *OTHER_LOG)
    except Refused as refused:
        yield no(refused.code, refused.zh, refused.en)
        return
    yield yes("检查点的签名有效", "the checkpoint's signature holds")
    entry = _filing(receipt["leaf"])
    same = bool(entry) and (entry["origin"], _number(entry)) == (checkpoint.origin, receipt["number"])
    yield _step(
        same,
        "filing",
        ("这条记录正是该编号的提交", "the event is the filing of this number"),
        (
            "这条记录不是该编号在这份处理记录中的提交",
            "the event is not the filing of this number in this log",
        ),
    )
    yield _step(
        _included(receipt, checkpoint),
        "inclusion",
        (
            f"它是检查点所含 {checkpoint.size} 条记录中的第 {receipt['index']} 条（从 0 数起）",
            f"it is event {receipt['index']} of the {checkpoint.size} in the checkpoint",
        ),
        ("检查点中没有这条记录", "the event is not in the checkpoint"),
    )
    if older:
        yield _older(receipt, checkpoint, older, ring)
    if same:
        yield yes(
            f"内容：{entry['origin']}于 {entry['at']} 把 {receipt['number']} 写入处理记录",
            f"it says: {entry['origin']} wrote {receipt['number']} into its log at {entry['at']}",
        )


def _step(good: bool, code: str, well: tuple[str, str], ill: tuple[str, str]) -> Step:
    return yes(*well) if good else no(code, *ill)


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
        set(receipt) - {"earlier", "keys"} == _PROOF_FIELDS
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


def _signed(said: Mapping[str, Any], signature: str, key: str) -> bool:
    raw_key = public(key)
    try:
        raw, data = base64.b64decode(signature, validate=True), rfc8785.dumps(dict(said))
    except (ValueError, rfc8785.CanonicalizationError):
        return False
    return raw_key is not None and signature_holds(raw_key, raw, data)


def _checkpoint(note: str, ring: KeyRing) -> Checkpoint:
    """The checkpoint in a note, signed by a key that counts at its size; raises Refused."""
    try:
        parsed = Note.parse(note)
        said = Checkpoint.parse(parsed.text)
    except ValueError as error:
        raise Refused(
            "checkpoint", "检查点无法读取：被改动过，或是伪造的", f"the checkpoint cannot be read: {error}"
        ) from error
    ring.signers(parsed, said.size)
    return said


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


def _older(receipt: Mapping[str, Any], checkpoint: Checkpoint, older: str, ring: KeyRing) -> Step:
    counts = True
    try:
        old = _checkpoint(older, ring)
    except Refused as refused:
        if refused.code not in {"revoked", "retired"}:
            zh, en = "您给出的检查点不是由这把密钥签名的", "the checkpoint you gave is not signed by this key"
            return no("older", zh, en)
        # A true beginning of this log is one whoever signed it; see below for one that is not.
        old, counts = Checkpoint.parse(Note.parse(older).text), False
    if old.origin != checkpoint.origin:
        return no(
            "older", "您给出的检查点属于另一个系统", "the checkpoint you gave is another installation's"
        )
    earlier = receipt.get("earlier")
    path = _path(earlier.get("path")) if isinstance(earlier, Mapping) else None
    if path is None or earlier is None or earlier.get("size") != old.size:
        path = []
        if old.size != checkpoint.size:
            return no(
                "unconnected",
                f"这份证明没有说明从您的检查点（{old.size} 条）到它自己的检查点（{checkpoint.size} 条）；"
                "请向对方索取（flask complaints receipt --checkpoint）",
                f"the proof does not lead from your checkpoint of {old.size} events to its own of "
                f"{checkpoint.size}; ask the installation for one that does (flask complaints receipt --checkpoint)",
            )
    if consistent(old.size, old.root, checkpoint.size, checkpoint.root, path):
        return yes(
            f"处理记录的开头仍是您那份检查点的 {old.size} 条",
            f"the log still begins with the {old.size} events of your checkpoint",
        )
    if counts:
        return no(
            "fork",
            "处理记录的开头与您的检查点不再一致：记录被改写过",
            "the log no longer begins with your checkpoint: it was rewritten",
        )
    return no(
        "disowned",
        "您的检查点由已吊销或已更换的密钥签名，处理记录的开头也与它不一致：或是密钥被盗后伪造，或是吊销倒填、记录被改写。"
        "吊销之前您就已拿到它的，属于后者",
        "your checkpoint is signed by a key that no longer counted, and the log does not begin with it: a thief made "
        "it, or the revocation is back-dated and the log rewritten. If you had it before the revocation, it is the "
        "latter",
    )
