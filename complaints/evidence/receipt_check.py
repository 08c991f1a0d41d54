"""Verify a receipt, promise or proof, without a database and without trusting anything inside it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import rfc8785

from complaints.ledger.proof import (
    Chains,
    Checkpoint,
    KeyChange,
    KeyRing,
    Note,
    Refused,
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
_OTHER_LOG = (
    "收录证明所附的换钥记录或检查点不属于同一份处理记录",
    "the changes of keys in the proof, or its checkpoint, are not of the same log",
)
_LONGEST_PATH = 64
_KEY = 32


@dataclass(frozen=True)
class Step:
    """One numbered step of a verification, in English and in Chinese; `code` names what does not hold."""

    number: int
    good: bool
    text: str
    zh: str
    code: str = ""


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
        ("this is a promise of filing", "这是一份受理回执（承诺）"),
        ("this is neither a promise of filing nor a proof", "这既不是受理回执（承诺），也不是收录证明"),
    )
    if not form or not isinstance(said, Mapping):
        return
    inside, signature = str(receipt.get("key", "")), str(receipt.get("signature", ""))
    yield _named(keys, inside)
    yield _step(
        any(_signed(said, signature, key) for key in keys or [inside]),
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


def _proof(receipt: Mapping[str, Any], keys: Sequence[str], older: str) -> Iterator[Step]:
    form = _is_proof(receipt)
    yield _step(
        form,
        ("this is a proof that a filing is in the log", "这是一份收录证明（投诉已写入处理记录）"),
        ("the proof does not have the form of one", "收录证明的格式不对"),
    )
    if not form:
        return
    ring, changes, anchor = _ring(receipt, keys)
    yield anchor
    try:
        checkpoint = _checkpoint(receipt["checkpoint"], ring)
        if checkpoint.size != receipt["size"] or not all(each.grows(checkpoint) for each in changes):
            raise Refused("keys", *_OTHER_LOG)
    except Refused as refused:
        yield Step(0, good=False, text=refused.en, zh=refused.zh, code=refused.code)
        return
    yield Step(0, good=True, text="the checkpoint's signature holds", zh="检查点的签名有效")
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
        yield _older(receipt, checkpoint, older, ring)
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


def _unanchored() -> Step:
    return Step(
        0,
        good=False,
        text="UNANCHORED: give the installation's key with --key, from its public page or a letter",
        zh="UNANCHORED（无外部依据）：请用 --key 给出从公示页或信函得到的公钥",
        code="UNANCHORED",
    )


def _named(keys: Sequence[str], inside: str) -> Step:
    """Whether the key that the receipt names is one of those given."""
    if not keys:
        return _unanchored()
    named = _public(inside)
    if named is not None and named in {_public(key) for key in keys}:
        return Step(0, good=True, text="the key is the one you gave", zh="密钥与您给出的一致")
    return Step(
        0,
        good=False,
        text=f"the receipt names another key than the one you gave: {_shown(inside)}. If the installation changed "
        "its key, get this one from its public page or a letter and add it with --key; the proof, downloaded anew, "
        "shows how one key led to the next",
        zh=f"回执里写的密钥与您给出的不同：{_shown(inside)}。如果对方换过密钥，请从公示页或信函取得这一把，用 --key "
        "加上；重新下载的收录证明会说明两把密钥之间的交接",
        code="other-key",
    )


def _shown(key: str) -> str:
    """A key's number, or its beginning where it has none."""
    try:
        return Verifier.parse(key).id.hex()
    except ValueError:
        return key[:8]


def _ring(receipt: Mapping[str, Any], keys: Sequence[str]) -> tuple[KeyRing, list[KeyChange], Step]:
    """The keys that count by those given and by the changes of keys in the proof; those changes; what to say of it."""
    inside, given = str(receipt["key"]), list[Verifier]()
    for key in keys or [inside]:
        public = _public(key)
        # A bare key has no name of its own: it signs under the one that the receipt's key has.
        names = {key.partition("+")[0]} if "+" in key else {inside.partition("+")[0]}
        given += [Verifier(name, public) for name in names if public is not None]
    try:
        changes = [KeyChange.read(each) for each in receipt.get("keys", ())]
        ring = KeyRing(given, changes)
    except Refused as refused:
        return KeyRing(given), [], Step(0, good=False, text=refused.en, zh=refused.zh, code=refused.code)
    except (ValueError, LookupError, TypeError, AttributeError):
        return KeyRing(given), [], Step(0, good=False, text=_OTHER_LOG[1], zh=_OTHER_LOG[0], code="keys")
    direct = _named(keys, inside)
    if direct.good or not keys:
        return ring, changes, direct
    known = next((key for key in ring.trusted if str(key) == inside), None)
    if known is None:
        return ring, changes, direct
    return (
        ring,
        changes,
        Step(
            0,
            good=True,
            text="the log's own changes of keys, signed by both keys each time, connect the key you gave with the "
            f"one in the receipt ({known.id.hex()})",
            zh=f"日志中由新旧两把密钥共同签名的换钥记录，把您给出的密钥与回执里的密钥（{known.id.hex()}）连了起来",
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
            return Step(
                0,
                good=False,
                text="the checkpoint you gave is not signed by this key",
                zh="您给出的检查点不是由这把密钥签名的",
                code="older",
            )
        # A true beginning of this log is one whoever signed it; see below for one that is not.
        old, counts = Checkpoint.parse(Note.parse(older).text), False
    if old.origin != checkpoint.origin:
        return Step(
            0,
            good=False,
            text="the checkpoint you gave is another installation's",
            zh="您给出的检查点属于另一个系统",
            code="older",
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
                code="unconnected",
            )
    if consistent(old.size, old.root, checkpoint.size, checkpoint.root, path):
        return Step(
            0,
            good=True,
            text=f"the log still begins with the {old.size} events of your checkpoint",
            zh=f"处理记录的开头仍是您那份检查点的 {old.size} 条",
        )
    return Step(
        0,
        good=False,
        text="the log no longer begins with your checkpoint: it was rewritten"
        if counts
        else "your checkpoint is signed by a key that no longer counted, and the log does not begin with it: a thief "
        "made it, or the revocation is back-dated and the log rewritten. If you had it before the revocation, it is "
        "the latter",
        zh="处理记录的开头与您的检查点不再一致：记录被改写过"
        if counts
        else "您的检查点由已吊销或已更换的密钥签名，处理记录的开头也与它不一致：或是密钥被盗后伪造，或是吊销倒填、记录被"
        "改写。吊销之前您就已拿到它的，属于后者",
        code="fork" if counts else "disowned",
    )
