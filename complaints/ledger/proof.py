"""Verify a handling log with the standard library, and `cryptography` for signatures only.

Leaves are canonical JSON (RFC 8785), hashed and put into a tree as RFC 6962 says; checkpoints are signed notes as
C2SP says (c2sp.org/signed-note, c2sp.org/tlog-checkpoint). The package uses this file, and each bundle carries it,
so there is one verifier.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import hmac
import io
import json
import re
import sqlite3
import stat
import sys
import weakref
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import IO, Any

_sha256 = hashlib.sha256
VERSION = 1
ZERO = bytes(32)
EMPTY_ROOT = hashlib.sha256(b"").digest()
_LEAF, _NODE = b"\x00", b"\x01"
# C2SP signed-note: the byte that stands for Ed25519 in a key's hash and before its 32 bytes.
_ED25519 = b"\x01"
_DASH = "\u2014"
_HASH, _ID = 32, 4
_LARGEST = 2**63 - 1
_LONGEST_NOTE = 100_000
_LONGEST_NAME = 100
_NAMES = {"v", "origin", "stream", "seq", "prev", "type", "at", "actor", "meta", "commits"}
# `json.loads` looks first for encodings that no leaf has, and lets white space follow.
_DECODE = json.JSONDecoder().raw_decode
_BLOCK = 1024


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold: a stable code, where, and a sentence.

    `after` is the size of the last checkpoint that the log agrees with; what is wrong came later, or lies beside
    the log. None: no checkpoint says so.
    """

    code: str
    where: str
    text: str
    after: int | None = None


def leaf_hash(leaf: bytes) -> bytes:
    """Hash of a leaf: SHA-256 over 0x00 and its bytes (RFC 6962, section 2.1)."""
    return _sha256(_LEAF + leaf).digest()


def commitment(salt: bytes, field: str, payload: bytes) -> str:
    """What a leaf says of a personal field: HMAC-SHA256(salt, field ‖ 0x00 ‖ payload), hex."""
    return hmac.digest(salt, field.encode() + b"\x00" + payload, "sha256").hex()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two neighbours: SHA-256 over 0x01 and both (RFC 6962, section 2.1)."""
    return _sha256(_NODE + left + right).digest()


class Tree:
    """The root over leaf hashes as they come, holding only the roots of whole subtrees (RFC 6962, section 2.1)."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    @classmethod
    def grown(cls, size: int, peaks: Sequence[bytes]) -> Tree:
        """A tree of `size` leaves by the roots of its whole subtrees, largest first; raises ValueError."""
        if size < 0 or len(peaks) != size.bit_count() or any(len(each) != _HASH for each in peaks):
            raise ValueError("these are not the subtrees of a tree of that size")
        tree = cls()
        tree.size, tree._peaks = size, list(peaks)
        return tree

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of its whole subtrees, largest first."""
        return tuple(self._peaks)

    def add(self, leaf: bytes) -> None:
        """Take the next leaf's hash."""
        self._merge(leaf, 1)

    def _merge(self, subtree: bytes, width: int) -> None:
        self._peaks.append(subtree)
        self.size += width
        size = self.size // width
        while not size & 1:
            right = self._peaks.pop()
            self._peaks[-1] = node_hash(self._peaks[-1], right)
            size >>= 1

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Take the hashes of several leaves; whole blocks of 1,024 are folded at once."""
        for start in range(0, len(leaves), _BLOCK):
            row = list(leaves[start : start + _BLOCK])
            if len(row) < _BLOCK or self.size % _BLOCK:
                for leaf in row:
                    self.add(leaf)
                continue
            while len(row) > 1:
                pairs = iter(row)
                row = [
                    _sha256(_NODE + left + right).digest() for left, right in zip(pairs, pairs, strict=True)
                ]
            self._merge(row[0], _BLOCK)

    def root(self) -> bytes:
        """The root over all leaves taken so far."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2).

    Raises ValueError for an index outside the tree and for a path that is too short or too long.
    """
    if not 0 <= index < size <= _LARGEST or any(len(each) != _HASH for each in path):
        raise ValueError("the proof is not one of a leaf in this tree")
    place, last, root = index, size - 1, leaf
    for neighbour in path:
        if last == 0:
            raise ValueError("the proof is too long")
        if place & 1 or place == last:
            root = node_hash(neighbour, root)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            root = node_hash(root, neighbour)
        place, last = place >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return root


def consistent(first: int, first_root: bytes, second: int, second_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the tree of size `second` begins with the one of size `first` (RFC 9162, section 2.1.4.2)."""
    if not 0 <= first <= second <= _LARGEST or any(len(each) != _HASH for each in path):
        return False
    if first in {0, second}:
        return not path and first_root == (EMPTY_ROOT if first == 0 else second_root)
    rest = list(path)
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    if not place:
        rest.insert(0, first_root)
    if not rest:
        return False
    old = new = rest[0]
    for neighbour in rest[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(neighbour, old), node_hash(neighbour, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, neighbour)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


@dataclass(frozen=True)
class Verifier:
    """A public key with its name, as written `name+hash+key` (C2SP signed-note, vkey)."""

    name: str
    key: bytes

    @property
    def id(self) -> bytes:
        """The first four bytes of SHA-256(name ‖ 0x0a ‖ 0x01 ‖ key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:4]

    def __str__(self) -> str:
        """As people hand it on."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.key).decode()}"

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """The key written in `text`; raises ValueError."""
        name, _, rest = text.strip().partition("+")
        shown, _, encoded = rest.partition("+")
        data = _base64(encoded)
        if not _named(name) or data[:1] != _ED25519 or len(data) != 1 + _HASH:
            raise ValueError("not a verifier key; it reads name+hash+key")
        found = cls(name, data[1:])
        if found.id.hex() != shown:
            raise ValueError("the verifier key is damaged: its hash does not match")
        return found


@dataclass(frozen=True)
class Checkpoint:
    """What a signed note says of the log: whose it is, how many leaves it has, and the root over them."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The bytes that are signed (C2SP tlog-checkpoint)."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The checkpoint in a note's text; raises ValueError."""
        origin, size, root = (*text.split("\n"), "", "", "")[:3]
        if not text.endswith("\n") or not origin or not size.isascii() or not size.isdigit():
            raise ValueError("not a checkpoint: origin, size and root stand in its first three lines")
        number, data = int(size[:20]), _base64(root)
        if str(number) != size or number > _LARGEST or len(data) != _HASH:
            raise ValueError("not a checkpoint: its size or its root is not one")
        lines = tuple(text.split("\n")[3:-1])
        if not all(lines):
            raise ValueError("not a checkpoint: an empty line stands in it")
        return cls(origin, number, data, lines)


@dataclass(frozen=True)
class Note:
    """A text and its signatures: key name, key id, signature."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def parse(cls, data: str) -> Note:
        """A signed note (C2SP signed-note); raises ValueError."""
        if len(data) > _LONGEST_NOTE or any(ord(c) < ord(" ") and c != "\n" for c in data):
            raise ValueError("not a signed note: it is too long or holds control characters")
        head, gap, tail = data.rpartition("\n\n")
        if not gap or not tail.endswith("\n"):
            raise ValueError("not a signed note: a text, an empty line and signatures make one")
        found = []
        for line in tail[:-1].split("\n"):
            dash, name, encoded = (*line.split(" "), "", "")[:3]
            signature = _base64(encoded)
            if (
                line != f"{dash} {name} {encoded}"
                or dash != _DASH
                or not _named(name)
                or len(signature) <= _ID
            ):
                raise ValueError("not a signed note: a line of signatures is none")
            found.append((name, signature[:_ID], signature[_ID:]))
        return cls(f"{head}\n", tuple(found))

    def signed_by(self, keys: Iterable[Verifier]) -> tuple[Verifier, ...]:
        """Those of `keys` that signed it; a signature of a known key that fails raises ValueError."""
        known: dict[tuple[str, bytes], list[Verifier]] = {}
        for key in dict.fromkeys(keys):
            # Four bytes are soon met again by whoever tries: a key that shares them must not hide another.
            known.setdefault((key.name, key.id), []).append(key)
        good: list[Verifier] = []
        for name, key_id, signature in self.signatures:
            left = [key for key in known.get((name, key_id), ()) if key not in good]
            if not left:
                continue
            held = [key for key in left if signature_holds(key.key, signature, self.text.encode())]
            if not held:
                raise ValueError(f"the signature of {name} does not hold")
            good += held
        return tuple(good)


def signature_line(key: Verifier, signature: bytes) -> str:
    """One signature as it stands below a note's text."""
    return f"{_DASH} {key.name} {base64.b64encode(key.id + signature).decode()}\n"


def signature_holds(key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether an Ed25519 signature holds (RFC 8032); needs `cryptography`."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - hashes can be checked without it
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - as above

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


class Chains:
    """Checks each stream's order: sequence numbers without a gap, each leaf naming the hash before it.

    Holds one hash per stream, and beyond `most` streams keeps them in a temporary file. With `whole` False a
    stream may begin in its middle, as in the log of a period.
    """

    def __init__(self, *, whole: bool = True, most: int = 50_000) -> None:
        self.whole = whole
        self.continued = 0
        self._most = most
        self._heads: dict[str, tuple[int, bytes]] = {}
        self._spilled: sqlite3.Connection | None = None

    def take(self, leaf: bytes) -> tuple[Any, bytes, Sequence[Finding]]:
        """The leaf read, its hash, and what is wrong with it; leaves of a stream come in order.

        The loop of every verification: what is usual comes first and calls little.
        """
        entry, mark = _read(leaf), leaf_hash(leaf)
        if entry is None:
            return None, mark, [_unread(leaf)]
        stream, seq = entry["stream"], entry["seq"]
        at, previous = self._heads.get(stream) or self.head(stream)
        wrong: Sequence[Finding] = ()
        if seq != at + 1 or entry["prev"] != previous.hex() or entry["v"] != VERSION:
            wrong = self._wrong(entry, at, previous)
        self._heads[stream] = (seq, mark)
        if len(self._heads) > self._most:
            self._spill()
        return entry, mark, wrong

    def _wrong(self, entry: dict[str, Any], at: int, previous: bytes) -> list[Finding]:
        where, seq, found = f"{entry['stream']}/{entry['seq']}", entry["seq"], []
        if entry["v"] != VERSION:
            found.append(Finding("leaf-version", where, f"unknown leaf version {entry['v']}"))
        if not at and not self.whole and seq > 1:
            self.continued += 1
            return found
        if seq != at + 1:
            text = f"event {at + 1} of this complaint is missing or out of place"
            found.append(Finding("sequence", where, text))
        if entry["prev"] != previous.hex():
            text = "the event before this one was changed, dropped or replaced"
            found.append(Finding("chain", where, text))
        return found

    def head(self, stream: str) -> tuple[int, bytes]:
        """Sequence number and hash of the newest leaf seen of `stream`; (0, zeros) when none was."""
        found = self._heads.get(stream)
        if found is None and self._spilled is not None:
            query = "SELECT seq, hash FROM head WHERE stream = ?"
            found = self._spilled.execute(query, (stream,)).fetchone()
        return found or (0, ZERO)

    def _spill(self) -> None:
        if self._spilled is None:
            # Without a name: a file of SQLite's own, which goes with the connection.
            self._spilled = sqlite3.connect("", isolation_level=None)
            self._spilled.execute("PRAGMA journal_mode = OFF")
            self._spilled.execute("CREATE TABLE head (stream TEXT PRIMARY KEY, seq, hash) WITHOUT ROWID")
        self._spilled.execute("BEGIN")
        rows = ((stream, min(seq, _LARGEST), head) for stream, (seq, head) in self._heads.items())
        self._spilled.executemany("INSERT OR REPLACE INTO head VALUES (?, ?, ?)", rows)
        self._spilled.execute("COMMIT")
        self._heads.clear()


def _read(leaf: bytes) -> dict[str, Any] | None:
    """A leaf of version 1's form; None for anything else."""
    try:
        text = leaf.decode()
        entry, end = _DECODE(text)
    except (ValueError, RecursionError):
        return None
    if end != len(text) or type(entry) is not dict or entry.keys() != _NAMES:
        return None
    right = type(entry["v"]) is type(entry["seq"]) is int and type(entry["meta"]) is dict
    right = right and type(entry["stream"]) is type(entry["prev"]) is type(entry["type"]) is str
    right = right and type(entry["commits"]) is dict and type(entry["origin"]) is str
    # What is remembered of each leaf must be short, or a log of giant names would fill the memory.
    right = right and len(entry["stream"]) <= _LONGEST_NAME and len(entry["type"]) <= _LONGEST_NAME
    found: dict[str, Any] = entry
    return found if right and type(entry["at"]) is type(entry["actor"]) is str else None


def _unread(leaf: bytes) -> Finding:
    """Why a leaf could not be read."""
    try:
        entry = json.loads(leaf)
    except (ValueError, RecursionError):
        return Finding("leaf-unreadable", leaf[:40].hex(), "the leaf is not JSON")
    return Finding("leaf-form", str(entry)[:60], "the leaf does not have the fields of version 1")


def _named(name: str) -> bool:
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)


def _base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    if base64.b64encode(data).decode() != text:
        raise ValueError("not canonical base64")
    return data


class Refused(Exception):  # noqa: N818 - a verdict, no error of the program
    """What does not hold: a stable code, and a sentence in Chinese and English."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(code)
        self.code, self.zh, self.en = code, zh, en


def need(good: object, code: str, zh: str, en: str) -> None:
    """Raise Refused unless `good`."""
    if not good:
        raise Refused(code, zh, en)


def strict(data: bytes | str) -> Any:
    """JSON in UTF-8 that every reader reads alike: no name twice, no NaN; raises ValueError."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name stands twice")
        return found

    def never(name: str) -> Any:
        raise ValueError(name)

    text = data if isinstance(data, str) else data.decode()
    return json.loads(text, object_pairs_hook=once, parse_constant=never)


# --- Which key counts ------------------------------------------------------------------------------------------------
ROTATED, REVOKED = "key_rotated", "key_revoked"
_SYSTEM = "system"
_MOST_CHANGES = 1000
_WORDS = {
    "signer": ("不是由所给公钥签名", "it is not signed by the key that was given"),
    "UNANCHORED": (
        "签名的公钥{id}出现在文件里，但没有换钥记录从所给公钥通向它；请从外部取得这把公钥",
        "UNANCHORED: signed by key {id}, and no change of keys leads there from the one given; get it from outside",
    ),
    "rotation-revoked": (
        "所给公钥已被吊销（{why}），由它换到公钥{id}不足为凭：偷走它的人也能这样换。请从外部取得公钥{id}",
        "the key given was revoked ({why}): its thief, too, could hand over to key {id}. Get that one from outside",
    ),
    "revoked": (
        "公钥{id}已被吊销（{why}），它在此之后的签名不算数",
        "key {id} was revoked ({why}), and what it signed after that does not count",
    ),
    "retired": (
        "公钥{id}在这个检查点时不是有效的签名密钥（已更换，或尚未启用）",
        "key {id} did not sign this log at that size: it had handed over, or had not begun",
    ),
}


@dataclass(frozen=True)
class KeyChange:
    """A leaf by which a key hands over to `new`, or (`new` is None) is revoked, and the checkpoint it stands under.

    A revoked key is believed up to the size `last_good`. `growth` leads between that checkpoint and the one that
    the bundle or receipt is about.
    """

    leaf: bytes
    index: int
    key: Verifier
    new: Verifier | None
    last_good: int
    why: str
    note: Note
    under: Checkpoint
    growth: tuple[bytes, ...]

    @classmethod
    def read(cls, said: Any) -> KeyChange:
        """One line of log/keys.jsonl, or one of a receipt's `keys`; raises Refused, or as anything malformed does."""
        leaf, note, index = said["leaf"].encode(), Note.parse(said["checkpoint"]), said["index"]
        path = [bytes.fromhex(each) for each in said["path"]]
        entry, under = _read(leaf), Checkpoint.parse(note.text)
        if (
            entry is None
            or type(index) is not int
            or (entry["stream"], entry["origin"]) != (_SYSTEM, under.origin)
            or entry["type"] not in {ROTATED, REVOKED}
            or root_from_inclusion(leaf_hash(leaf), index, under.size, path) != under.root
        ):
            raise Refused(
                "keys",
                "换钥或吊销的记录不在它所附检查点的日志中",
                "a change of keys is not in the log under its checkpoint",
            )
        meta, growth = entry["meta"], tuple(bytes.fromhex(each) for each in said["growth"])
        if entry["type"] == ROTATED:
            old, new = Verifier.parse(meta["old"]), Verifier.parse(meta["new"])
            return cls(leaf, index, old, new, 0, "", note, under, growth)
        key, last_good, why = Verifier.parse(meta["vkey"]), meta["last_good_size"], meta["reason"]
        need(
            type(last_good) is int and 0 <= last_good <= index,
            "revocation",
            "吊销记录所称的有效范围超出了它自己的位置",
            "a revocation believes its key beyond the revocation's own place",
        )
        return cls(
            leaf, index, key, None, last_good, f"{entry['at']}, > {last_good}: {why}", note, under, growth
        )

    def grows(self, other: Checkpoint) -> bool:
        """Whether its checkpoint and `other` are of one log."""
        first, second = sorted((self.under, other), key=lambda each: each.size)
        return consistent(first.size, first.root, second.size, second.root, self.growth)


class KeyRing:
    """Which key is believed at which size: by the keys from outside, and by the log's own leaves about keys.

    A key is trusted when it was given, or when handings over connect it with one that was. Each of those is signed
    by both its keys, over a tree that holds its leaf; one that is not, is refused at once. A revocation counts
    whoever tells of it, since it only takes trust away. `named` are keys a bundle lists: known, never trusted.
    """

    def __init__(
        self, given: Sequence[Verifier], changes: Sequence[KeyChange] = (), named: Sequence[Verifier] = ()
    ) -> None:
        self.trusted, self._outcast = set(given), set[Verifier]()
        self._since, self._until = dict[Verifier, int](), dict[Verifier, int]()
        self._revoked = dict[Verifier, KeyChange]()
        places = [each.index for each in changes]
        need(
            places == sorted(set(places)),
            "keys",
            "换钥记录的次序不对",
            "the changes of keys are out of order",
        )
        for each in changes:
            known = self._revoked.setdefault(each.key, each) if each.new is None else each
            if each.last_good < known.last_good:
                self._revoked[each.key] = each
        passed = [(each, each.new) for each in changes if each.new is not None]
        for at, (each, new) in enumerate(passed):
            self._handed_over(each, new, passed[at - 1][1] if at else each.key)
        for each, new in reversed(passed):
            if self.verdict(new, each.under.size) == "":
                self.trusted.add(each.key)
        for each, new in passed:
            if each.key in self.trusted and not self._gone(each.key, each.under.size):
                self.trusted.add(new)
            elif each.key in self.trusted | self._outcast and new not in self.trusted:
                self._outcast.add(new)
        self._known = dict.fromkeys(
            [*given, *(key for pair in passed for key in (pair[0].key, pair[1])), *named]
        )

    def _handed_over(self, change: KeyChange, new: Verifier, expected: Verifier) -> None:
        try:
            signed = change.note.signed_by((change.key, new))
        except ValueError:
            signed = ()
        both = new in signed and (change.key in signed or self._gone(change.key, change.under.size))
        need(
            both and change.key not in self._until and new not in {*self._until, change.key},
            "rotation",
            "换钥记录没有由新旧两把密钥共同签名，或者同一把密钥换了两次",
            "a change of keys is not signed by both, or one key hands over twice",
        )
        need(
            change.key == expected, "keys", "中间缺少一次换钥的记录", "a change of keys in between is missing"
        )
        self._until[change.key], self._since[new] = change.index, change.index + 1

    def _gone(self, key: Verifier, size: int) -> bool:
        return key in self._revoked and size > self._revoked[key].last_good

    def verdict(self, key: Verifier, size: int) -> str:
        """Why its signature over a tree of `size` does not count: a code; empty where it does."""
        if key not in self.trusted:
            return "rotation-revoked" if key in self._outcast else "UNANCHORED"
        if self._gone(key, size):
            return "revoked"
        return "" if self._since.get(key, 0) <= size <= self._until.get(key, _LARGEST) else "retired"

    def signers(self, note: Note, size: int) -> tuple[Verifier, ...]:
        """The keys whose signature below a note counts at `size`; raises Refused where none does."""
        try:
            good = note.signed_by(self._known)
        except ValueError as error:
            raise Refused("signature", "签名无效", f"a signature does not hold: {error}") from error
        found = {key: self.verdict(key, size) for key in good}
        if counted := tuple(key for key, code in found.items() if not code):
            return counted
        code = next((code for code in _WORDS if code in found.values() and code != "UNANCHORED"), "")
        code = code or ("UNANCHORED" if found else "signer")
        key = next((key for key in found if found[key] == code), None)
        why = "; ".join(each.why for each in self._revoked.values() if key == each.key or code != "revoked")
        zh, en = (words.format(id=key and key.id.hex(), why=why) for words in _WORDS[code])
        raise Refused(code, zh, en)


# --- A bundle of evidence --------------------------------------------------------------------------------------------
BUNDLE = "flask-complaints/bundle/v1"
# Events are put into the tree within a minute; clocks of several hosts differ a little more.
TOLERANCE_MINUTES = 15
# Months are those of the people the figures are for.
_BEIJING = timezone(timedelta(hours=8))
# Names that are one file on every system; the only others are ours.
_PART = r"[\w-]{1,80}(\.[\w-]{1,80}){0,4}"
_NAME = re.compile(rf"{_PART}(/{_PART}){{0,4}}|核验说明\.txt", re.ASCII)
_SMALL, _LINE, _CHUNK = 8_000_000, 8_000_000, 1 << 20
# A log of hashes packs to a tenth; what packs to less than a two-hundredth of itself is there to fill a disk.
_DENSEST = 200
_LONGEST_LIST = 64_000_000


@dataclass(frozen=True)
class Step:
    """One numbered step of a verification."""

    number: int
    good: bool
    code: str
    zh: str
    en: str

    def __str__(self) -> str:
        """Both languages, one below the other; nothing in them commands a terminal or begins a line of its own."""
        mark = "OK" if self.good else f"!! {self.code}"
        zh, en = ("".join(c if c.isprintable() else "?" for c in text) for text in (self.zh, self.en))
        return f"{self.number}. [{mark}] {zh}\n   {en}"


class _Archive(io.FileIO):
    """A ZIP file whose list of names is not read into memory beyond reason."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _LONGEST_LIST:
            raise zipfile.BadZipFile("its list of files is far too long")
        return super().read(size)


class Files:
    """The files of a bundle, in a folder or in a ZIP archive; nothing is unpacked. Raises OSError, ValueError."""

    def __init__(self, path: Path) -> None:
        self._folder = path if path.is_dir() else None
        self._archive = None
        if self._folder is None:
            file = _Archive(path)
            weakref.finalize(self, file.close)
            try:
                self._archive = zipfile.ZipFile(file)
            except (zipfile.BadZipFile, NotImplementedError) as error:
                raise ValueError(str(error)) from error
            members = self._archive.infolist()
            self.odd = {each.filename for each in members if _odd(each)}
            listed = [(each.filename, each.file_size) for each in members]
        else:
            found = [(each, each.lstat()) for each in path.rglob("*")]
            names = {each: each.relative_to(path).as_posix() for each, _ in found}
            kept = [(each, seen) for each, seen in found if not stat.S_ISDIR(seen.st_mode)]
            self.odd = {names[each] for each, seen in kept if not stat.S_ISREG(seen.st_mode)}
            listed = [(names[each], seen.st_size) for each, seen in kept]
        self.sizes = dict(listed)
        self.doubled = len(listed) != len({name.casefold() for name, _ in listed})

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file's bytes, at most as many as its size says."""
        with self._open(name) as file:
            left = self.sizes[name]
            while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk

    def lines(self, name: str) -> Iterator[bytes]:
        """A file's lines without their ends; a line beyond reason ends the reading."""
        with self._open(name) as file:
            while line := file.readline(_LINE + 1):
                good = len(line) <= _LINE and line.endswith(b"\n")
                need(good, "line", f"{name}中有一行过长或不完整", f"a line of {name} is too long or cut off")
                yield line[:-1]

    def small(self, name: str) -> bytes:
        """A file that is read whole."""
        good = self.sizes.get(name, _SMALL) < _SMALL
        need(good, "missing", f"缺少文件{name}，或文件过大", f"{name} is missing, or far too large")
        return b"".join(self.chunks(name))

    def _open(self, name: str) -> IO[bytes]:
        need(name not in self.odd, "names", f"{name}不是普通文件", f"{name} is no ordinary file")
        if self._archive is not None:
            return self._archive.open(name)
        assert self._folder is not None
        return (self._folder / name).open("rb")


def _odd(member: zipfile.ZipInfo) -> bool:
    """Whether a member is a link or another special file, was renamed on reading, or is a bomb."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    dense = member.file_size > _SMALL and member.file_size > _DENSEST * member.compress_size
    return kind not in {0, stat.S_IFREG} or member.filename != member.orig_filename or dense


class Recount:
    """Counts a log again: events by type, and by month what was filed and what was done.

    Test cases are left out of the months, as far as their filing is among the events counted.
    """

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.filed: dict[str, Counter[str]] = {}
        self.months: dict[str, Counter[str]] = {}
        self.tests: set[str] = set()

    def take(self, entry: dict[str, Any]) -> None:
        """Count one leaf."""
        kind, meta, stream = entry["type"], entry["meta"], entry["stream"]
        self.events[kind] += 1
        if kind == "filed" and meta.get("test"):
            self.tests.add(stream)
        if stream == "system" or stream in self.tests:
            return
        month = _month(entry["at"])
        self.months.setdefault(month, Counter())[kind] += 1
        if kind != "filed":
            return
        change = meta.get("change")
        named = change.get("type") if isinstance(change, dict) else None
        what = str(named[1])[:_LONGEST_NAME] if isinstance(named, list) and len(named) == 2 else "?"  # noqa: PLR2004 - old, new
        self.filed.setdefault(month, Counter())[what] += 1

    def figures(self) -> dict[str, Any]:
        """The counts as they stand in figures.json."""
        filed = {month: dict(sorted(types.items())) for month, types in sorted(self.filed.items())}
        months = {month: dict(sorted(kinds.items())) for month, kinds in sorted(self.months.items())}
        events = dict(sorted(self.events.items()))
        return {"events": events, "filed": filed, "months": months, "tests": len(self.tests)}


def _month(at: str) -> str:
    """The month on a Beijing calendar; days up to the 27th are in it anyway, which spares most of the reckoning."""
    if at[8:10] <= "27":
        return at[:7]
    return datetime.fromisoformat(at).astimezone(_BEIJING).strftime("%Y-%m")


@dataclass
class _Seen:
    """What the steps have learnt so far."""

    files: Files
    keys: tuple[Verifier, ...]
    older: tuple[str, ...]
    ring: KeyRing
    changes: tuple[KeyChange, ...] = ()
    manifest: dict[str, Any] = field(default_factory=dict)
    before: Checkpoint = Checkpoint("", 0, EMPTY_ROOT)
    after: Checkpoint = Checkpoint("", 0, EMPTY_ROOT)
    roots: dict[int, bytes] = field(default_factory=dict)
    published: set[str] = field(default_factory=set)
    counted: Recount = field(default_factory=Recount)
    chains: Chains = field(default_factory=Chains)


def verify_bundle(files: Files, keys: Sequence[Verifier], older: Sequence[str] = ()) -> list[Step]:
    """Numbered steps over an untrusted bundle; never raises for what the bundle holds.

    `keys` come from outside; without one the bundle proves itself only, which step 2 says. `older` are signed
    notes kept elsewhere: the log must have grown out of each of them. A step that rests on one that does not hold is
    not taken: what it would find is the same thing once more.
    """
    seen, steps = _Seen(files, tuple(keys), tuple(older), KeyRing(keys)), list[Step]()
    acts = (_files, _anchor, _signed, _checkpoints, _leaves, _chosen, _rules, _figures, _earlier, _stamps)
    for number, act in enumerate(acts, 1):
        base = next(
            (step.number for step in steps if not step.good and step.number in _RESTS.get(act, ())), 0
        )
        if base:
            zh, en = f"第{base}步未通过，这一步无从核验", f"not checked, since step {base} does not hold"
            steps.append(Step(number, good=False, code="unchecked", zh=zh, en=en))
            continue
        try:
            zh, en = act(seen)
            steps.append(Step(number, good=True, code="", zh=zh, en=en))
        except Refused as refused:
            steps.append(Step(number, good=False, code=refused.code, zh=refused.zh, en=refused.en))
        except Exception as error:  # noqa: BLE001 - whatever a bundle makes a library raise is a finding
            name = type(error).__name__
            zh, en = f"无法读取（{name}）", f"it cannot be read ({name})"
            steps.append(Step(number, good=False, code="unreadable", zh=zh, en=en))
        if not seen.manifest:
            break
    return steps


def _files(seen: _Seen) -> tuple[str, str]:
    sizes = seen.files.sizes
    proper = not seen.files.doubled and all(_NAME.fullmatch(name) for name in sizes)
    need(
        proper and not seen.files.odd,
        "names",
        "文件名重复或不合规，或者不是普通文件",
        "a file's name stands twice or is none a bundle has, or it is no ordinary file",
    )
    manifest = strict(seen.files.small("manifest.json"))
    need(
        manifest["kind"] == BUNDLE,
        "kind",
        "这不是投诉办理证据包",
        "this is no bundle of evidence on complaints",
    )
    seen.manifest = manifest
    listed = {each["name"]: each for each in manifest["files"]}
    need(
        len(listed) == len(manifest["files"]), "names", "清单中文件名重复", "the manifest names a file twice"
    )
    stray = sorted(sizes.keys() - listed.keys() - {"manifest.json", "manifest.note"})
    need(not stray, "stray", f"多出文件：{stray[:1]}", f"a file that the manifest does not name: {stray[:1]}")
    for name, said in listed.items():
        need(name in sizes, "missing", f"缺少文件：{name}", f"a file is missing: {name}")
        digest = hashlib.sha256()
        if sizes[name] == said["size"]:
            for chunk in seen.files.chunks(name):
                digest.update(chunk)
        same = digest.hexdigest() == said["sha256"]
        need(same, "file", f"文件被改动：{name}", f"a file is not the one in the manifest: {name}")
    return f"{len(listed)}个文件齐全，未被改动", f"all {len(listed)} files are there and as the manifest says"


def _anchor(seen: _Seen) -> tuple[str, str]:
    inside = tuple(Verifier.parse(each["vkey"]) for each in strict(seen.files.small("keys.json")))
    seen.ring = KeyRing(seen.keys or inside, (), inside)
    if "log/keys.jsonl" in seen.files.sizes:
        found = list[KeyChange]()
        for line in seen.files.lines("log/keys.jsonl"):
            need(len(found) < _MOST_CHANGES, "keys", "换钥记录过多", "there are far too many changes of keys")
            found.append(KeyChange.read(strict(line)))
        seen.changes = tuple(found)
        seen.ring = KeyRing(seen.keys or inside, seen.changes, inside)
    need(
        seen.keys,
        "UNANCHORED",
        "没有给出外部公钥，以下各步只能说明包内自洽。请用 --key 给出从官网、信件或检查点邮件得到的公钥",
        "UNANCHORED: no key from outside was given, so the steps below show only that the bundle agrees with "
        "itself. Give one with --key, from the product's page, a letter or a mailed checkpoint",
    )
    rotated = sum(each.new is not None for each in seen.changes)
    revoked = len(seen.changes) - rotated
    if not seen.changes:
        return "使用外部给出的公钥核验", "checked with the key given from outside"
    return (
        f"使用外部给出的公钥核验；日志另有换钥{rotated}次、吊销{revoked}次",
        f"checked with the key given from outside; the log has {rotated} changes of keys, {revoked} revocations",
    )


def _signed(seen: _Seen) -> tuple[str, str]:
    note = Note.parse(seen.files.small("manifest.note").decode())
    digest = hashlib.sha256(seen.files.small("manifest.json")).hexdigest()
    same = note.text == f"{BUNDLE}\n{seen.manifest['origin']}\n{digest}\n"
    need(same, "manifest", "清单不是签名时的清单", "the manifest is not the one that was signed")
    # Whoever made it knew every change of keys in it.
    size = max([seen.manifest["size"], *(each.under.size for each in seen.changes)])
    names = ", ".join(key.id.hex() for key in seen.ring.signers(note, size))
    return f"清单签名有效（公钥{names}）", f"the manifest's signature holds (key {names})"


def _checkpoints(seen: _Seen) -> tuple[str, str]:
    first, size = seen.manifest["first"], seen.manifest["size"]
    good = type(first) is type(size) is int and 0 <= first <= size <= _LARGEST
    need(good, "range", "清单中的事件范围不合理", "the manifest's range of events is none")
    names = ("before", "after") if first else ("after",)
    for name in names:
        note = Note.parse(seen.files.small(f"log/{name}.note").decode())
        said = Checkpoint.parse(note.text)
        seen.ring.signers(note, said.size)
        setattr(seen, name, said)
    same = all(getattr(seen, name).origin == seen.manifest["origin"] for name in names)
    need(same, "origin", "检查点属于另一个系统", "a checkpoint is another installation's")
    need(
        (seen.before.size, seen.after.size) == (first, size),
        "range",
        "检查点与清单的范围不一致",
        "the checkpoints are not those of the manifest's range",
    )
    need(
        all(each.grows(seen.after) for each in seen.changes),
        "keys",
        "换钥或吊销的记录属于另一份日志",
        "a change of keys is of another log than this one",
    )
    return f"检查点签名有效，日志共{size}条", f"the checkpoints are signed; the log holds {size} events"


def _leaves(seen: _Seen) -> tuple[str, str]:
    return _case(seen) if seen.manifest["scope"]["kind"] == "case" else _period(seen)


def _linked(seen: _Seen, entry: Any, wrong: Sequence[Finding]) -> None:
    """What every leaf must be: of the form, next to the one before it, of this installation."""
    if wrong:
        where = wrong[0].where
        raise Refused(wrong[0].code, f"事件链断裂：{where}", f"{where}: {wrong[0].text}")
    if entry["origin"] != seen.manifest["origin"]:
        where = f"{entry['stream']}/{entry['seq']}"
        raise Refused(
            "origin", f"事件属于另一个系统：{where}", f"an event is another installation's: {where}"
        )


def _period(seen: _Seen) -> tuple[str, str]:
    first, size = seen.before.size, seen.after.size
    tree = Tree.grown(first, [bytes.fromhex(each) for each in strict(seen.files.small("log/peaks.json"))])
    same = tree.root() == seen.before.root
    need(same, "peaks", "期初的树根对不上", "the tree before the period is not the one that was signed")
    seen.roots[first] = seen.before.root
    wanted = set()
    for text in seen.older:
        with suppress(ValueError):
            # One that cannot be read is a later step's finding.
            wanted.add(Checkpoint.parse(Note.parse(text).text).size)
    chains, block, last, known = (
        Chains(whole=not first),
        list[bytes](),
        "",
        {each.leaf for each in seen.changes},
    )
    seen.chains = chains
    for line in seen.files.lines("log/leaves.jsonl"):
        entry, mark, wrong = chains.take(line)
        _linked(seen, entry, wrong)
        last = _in_time(seen, entry, last)
        seen.counted.take(entry)
        if entry["type"] == "policy_published":
            seen.published.add(str(entry["meta"].get("digest"))[:_LONGEST_NAME])
        if entry["type"] in {ROTATED, REVOKED} and entry["stream"] == _SYSTEM:
            zh, en = (
                "包内的换钥记录缺少一次换钥或吊销",
                "the bundle's changes of keys leave one of the log out",
            )
            need(line in known, "keys", zh, en)
        block.append(mark)
        if len(block) == _BLOCK or tree.size + len(block) in wanted:
            tree.extend(block)
            block.clear()
            if tree.size in wanted:
                seen.roots[tree.size] = tree.root()
        if tree.size + len(block) > size:
            break
    tree.extend(block)
    count = tree.size - first
    need(
        tree.size == size,
        "count",
        f"应有{size - first}条事件，实有{count}条",
        f"{count} events instead of {size - first}",
    )
    need(
        tree.root() == seen.after.root,
        "root",
        "事件与签名的树根不符：有增、删、改或换位",
        "the events do not lead to the signed root: one was added, dropped, changed or moved",
    )
    zh = f"{count}条事件首尾相接，一条不少，顺序未变；其中{chains.continued}件投诉始于期初之前"
    en = f"{count} events, none missing and none moved; {chains.continued} complaints began before the period"
    return zh, en


def _in_time(seen: _Seen, entry: dict[str, Any], last: str) -> str:
    """Times hardly go back, since events enter the tree as they happen; samples are dated as they were made up."""
    at: str = entry["at"]
    sample = entry["type"] == "filed" and entry["meta"].get("test")
    if sample or entry["stream"] in seen.counted.tests:
        return last
    if at < last:
        gap = datetime.fromisoformat(last) - datetime.fromisoformat(at)
        where = f"{entry['stream']}/{entry['seq']}"
        zh, en = f"事件时间倒填：{where}", f"an event is dated before others that came earlier: {where}"
        need(gap <= timedelta(minutes=TOLERANCE_MINUTES), "time", zh, en)
    return max(at, last)


def _case(seen: _Seen) -> tuple[str, str]:
    chains, paths = Chains(), seen.files.lines("log/paths.jsonl")
    count, place, commits = 0, -1, dict[tuple[int, str], str]()
    for line in seen.files.lines("log/leaves.jsonl"):
        entry, mark, wrong = chains.take(line)
        _linked(seen, entry, wrong)
        said, seq = strict(next(paths, b"{}")), entry["seq"]
        path = [bytes.fromhex(each) for each in said["path"]]
        mine = entry["stream"] == seen.manifest["scope"]["stream"] and said["index"] > place
        need(mine, "place", f"第{seq}条不属于本案", f"event {seq} is not of this case")
        place = said["index"]
        held = root_from_inclusion(mark, place, seen.after.size, path) == seen.after.root
        need(held, "inclusion", f"第{seq}条不在签名的日志中", f"event {seq} is not in the signed log")
        commits |= {(seq, name): commit for name, commit in entry["commits"].items()}
        seen.counted.take(entry)
        count += 1
    wanted = seen.manifest["scope"]["events"]
    zh, en = f"应有{wanted}条事件，实有{count}条", f"{count} events instead of {wanted}"
    need(count == wanted, "count", zh, en)
    shown = _disclosed(seen, commits)
    zh = f"本案{count}条事件均在签名的日志中，首尾相接；{shown}项内容与当时的承诺值一致"
    en = f"all {count} events of the case are in the signed log, in order; {shown} texts are those committed to"
    return zh, en


def _chosen(seen: _Seen) -> tuple[str, str]:
    """The cases that are in a period's bundle as a whole: each event in the signed log, none of the period missing."""
    cases = seen.manifest.get("cases", [])
    for case in cases:
        number, stream, folder = str(case["number"]), case["stream"], case["folder"]
        chains, test = Chains(), False
        paths = seen.files.lines(f"{folder}/paths.jsonl")
        for line in seen.files.lines(f"{folder}/leaves.jsonl"):
            entry, mark, wrong = chains.take(line)
            zh, en = f"{number}的事件链断裂", f"the events of {number} do not follow one another"
            need(not wrong and entry["stream"] == stream, "case", zh, en)
            said, seq = strict(next(paths, b"{}")), entry["seq"]
            path = [bytes.fromhex(each) for each in said["path"]]
            held = root_from_inclusion(mark, said["index"], seen.after.size, path) == seen.after.root
            zh, en = (
                f"{number}的第{seq}条不在签名的日志中",
                f"event {seq} of {number} is not in the signed log",
            )
            need(held, "case", zh, en)
            test = test or (entry["type"] == "filed" and bool(entry["meta"].get("test")))
        end, in_period = chains.head(stream), seen.chains.head(stream)
        whole = end[0] == case["events"] and (not in_period[0] or in_period == end)
        need(whole, "case", f"{number}的事件不完整", f"events of {number} are missing")
        zh, en = f"{number}的测试标记不符", f"{number} is not marked as its filing says"
        need(test == case["test"], "case", zh, en)
    if not cases:
        return "没有附完整案件", "no case is in it as a whole"
    zh = f"所附{len(cases)}件完整案件的事件均在签名的日志中，首尾相接"
    return zh, f"the events of all {len(cases)} chosen cases are in the signed log, in order"


def _disclosed(seen: _Seen, commits: dict[tuple[int, str], str]) -> int:
    if "disclosed.jsonl" not in seen.files.sizes:
        return 0
    count = 0
    for line in seen.files.lines("disclosed.jsonl"):
        said = strict(line)
        salt, payload = bytes.fromhex(said["salt"]), base64.b64decode(said["payload"], validate=True)
        same = commitment(salt, said["field"], payload) == commits.get((said["seq"], said["field"]))
        where = f"{said['seq']}/{said['field']}"
        zh, en = f"内容与承诺值不符：{where}", f"a text is not the one committed to: {where}"
        need(same, "disclosed", zh, en)
        count += 1
    return count


def _rules(seen: _Seen) -> tuple[str, str]:
    policies = seen.manifest["policies"]
    for each in policies:
        version, same = (
            each["version"],
            hashlib.sha256(seen.files.small(each["name"])).hexdigest() == each["digest"],
        )
        zh, en = f"规则第{version}版不是公布的那一版", f"policy version {version} is not the one published"
        need(same, "policy", zh, en)
    missing = sorted(seen.published - {each["digest"] for each in policies})
    zh, en = (
        f"缺少期间公布的规则：{missing[:1]}",
        f"a policy published in the period is missing: {missing[:1]}",
    )
    need(not missing, "policy", zh, en)
    return f"{len(policies)}版规则与公布时一致", f"{len(policies)} policy versions are as they were published"


def _figures(seen: _Seen) -> tuple[str, str]:
    counted = seen.counted.figures()
    same = strict(seen.files.small("figures.json")) == counted
    need(same, "figures", "数字与日志重数的结果不符", "the figures are not what the log recounts to")
    total = sum(sum(types.values()) for types in counted["filed"].values())
    return (
        f"数字由日志重数得出：受理投诉{total}件，测试{counted['tests']}件不计入",
        f"the figures recount from the log: {total} complaints filed, {counted['tests']} test cases left out",
    )


def _older(seen: _Seen) -> list[tuple[Checkpoint, bool]]:
    """The checkpoints from outside, and whether a key that counts at their size has signed them."""
    found = []
    for text in seen.older:
        try:
            note = Note.parse(text)
            said = Checkpoint.parse(note.text)
        except ValueError as error:
            zh, en = "给出的早先检查点无法读取", f"the older checkpoint cannot be read: {error}"
            raise Refused("older", zh, en) from error
        counts = True
        try:
            seen.ring.signers(note, said.size)
        except Refused as refused:
            # A true beginning of this log is one whoever signed it; see below for one that is not.
            counts = False
            if refused.code not in {"revoked", "retired"}:
                raise
        found.append((said, counts))
    return found


def _proofs(seen: _Seen, sizes: set[int]) -> dict[int, list[bytes]]:
    proofs = {}
    for line in seen.files.lines("log/earlier.jsonl"):
        said = strict(line)
        if said["size"] in sizes:
            proofs[said["size"]] = [bytes.fromhex(each) for each in said["proof"]]
    return proofs


def _growth(seen: _Seen, sizes: set[int]) -> Callable[[Checkpoint], bool]:
    """A test whether the log grew out of a checkpoint of one of these sizes."""
    proofs, after = _proofs(seen, sizes), seen.after

    def grew(old: Checkpoint) -> bool:
        held = seen.roots.get(old.size) == old.root
        return held or consistent(old.size, old.root, after.size, after.root, proofs.get(old.size, []))

    return grew


def _earlier(seen: _Seen) -> tuple[str, str]:
    older = _older(seen)
    grew = _growth(seen, {each.size for each, _ in older})
    for checkpoint, counts in older:
        size, now = checkpoint.size, seen.after.size
        need(
            checkpoint.origin == seen.manifest["origin"],
            "older",
            "早先的检查点属于另一个系统",
            "the older checkpoint is another installation's",
        )
        good = grew(checkpoint)
        need(
            good or counts,
            "disowned",
            f"{size}条的检查点由已吊销或已更换的密钥签名，日志也不是由它增长而来：或是密钥被盗后伪造，或是吊销倒填、"
            "历史被改写。吊销之前就已拿到它的，属于后者",
            f"the checkpoint of {size} events was signed by a key that no longer counted, and the log did not grow out "
            "of it: a thief made it, or the revocation is back-dated and history rewritten. If you had it before the "
            "revocation, it is the latter",
        )
        need(
            size <= now,
            "shorter",
            f"日志比早先签名的短：{now}条，少于{size}条",
            f"the log is shorter than what was signed before: {now} events, not {size}",
        )
        zh, en = (
            f"日志不是从早先{size}条的检查点增长而来",
            f"the log did not grow out of the older checkpoint of {size}",
        )
        need(good, "fork", zh, en)
    before, after = seen.before, seen.after
    if before.size:
        path = _proofs(seen, {before.size}).get(before.size, [])
        need(
            consistent(before.size, before.root, after.size, after.root, path),
            "growth",
            "期末的检查点不是从期初的检查点增长而来",
            "the checkpoint after the period did not grow out of the one before it",
        )
    if not older:
        return (
            "没有给出早先的检查点；可用 --checkpoint 加上",
            "no older checkpoint was given; add one with --checkpoint",
        )
    return f"与早先的{len(older)}个检查点一致", f"the log grew out of {len(older)} older checkpoints"


def _stamps(seen: _Seen) -> tuple[str, str]:
    names = sorted(name for name in seen.files.sizes if name.endswith(".tsr"))
    notes = {name: Note.parse(seen.files.small(f"{name[:-4]}.note").decode()) for name in names}
    said = {name: Checkpoint.parse(note.text) for name, note in notes.items()}
    grew = _growth(seen, {each.size for each in said.values()}) if names else None
    for name, note in notes.items():
        seen.ring.signers(note, said[name].size)
        imprint = hashlib.sha256(seen.files.small(f"{name[:-4]}.note")).digest()
        need(
            imprint in seen.files.small(name) and grew and grew(said[name]),
            "stamp",
            f"时间戳不是这份日志检查点的：{name}",
            f"the timestamp is not of a checkpoint of this log: {name}",
        )
    if not names:
        return "没有可信时间戳", "there are no trusted timestamps"
    line = f"openssl ts -verify -data {names[0][:-4]}.note -in {names[0]} -CAfile tsa-ca.pem"
    return (
        f"{len(names)}个时间戳对应各自的检查点；签发机构的签名请这样核验：{line}",
        f"{len(names)} timestamps are of their checkpoints; check their authority's signature with: {line}",
    )


# The steps that another rests on: without the signed size and root there is nothing to compare leaves with, and
# without the leaves nothing to count.
_RESTS: dict[Callable[[_Seen], tuple[str, str]], tuple[int, ...]] = {
    _leaves: (4,),
    _chosen: (4, 5),
    _figures: (4, 5),
    _earlier: (4,),
    _stamps: (4,),
}


def _unable() -> str:
    """Why nothing can be verified on this computer; empty where it can."""
    if sys.version_info < (3, 11):  # noqa: UP036 - a bundle meets whatever Python its reader has
        return "需要 Python 3.11 或更新版本 / Python 3.11 or newer is needed"
    try:
        import cryptography  # noqa: F401, PLC0415 - only whether it is there
    except ImportError:
        return (
            "缺少 cryptography，无法核验签名；请先运行 / cryptography is missing, and signatures cannot be verified; "
            f"first run: {sys.executable} -m pip install cryptography"
        )
    return ""


def _read_as(name: str, value: object, read: Callable[[Any], Any]) -> Any:
    """What `read` makes of a value; raises ValueError that names where the value was given."""
    try:
        return read(value)
    except (ValueError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ValueError(f"{name}{value}: {why}") from error


def _begin(given: argparse.Namespace) -> tuple[list[Verifier], list[str], Files]:
    """Keys, older checkpoints and files as they were given; raises ValueError where nothing can be verified."""
    keys = [_read_as("--key ", each, Verifier.parse) for each in given.key]
    # As an editor may have saved it: with a mark at its beginning, with the ends of lines of Windows.
    older = [
        _read_as("--checkpoint ", each, lambda path: path.read_text(encoding="utf-8-sig"))
        for each in given.checkpoint
    ]
    files = _read_as("", given.bundle, Files)
    if not {"manifest.json", "manifest.note"} & files.sizes.keys():
        raise ValueError(f"{given.bundle}: 不是证据包，没有清单 / no bundle: there is no manifest")
    if why := _unable():
        raise ValueError(why)
    return keys, older, files


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify a bundle; exit code 0: all holds, 1: something does not, 2: wrong use, or nothing to verify with."""
    parser = argparse.ArgumentParser(
        description="核验投诉办理证据包 Verify a bundle of evidence on complaints."
    )
    parser.add_argument(
        "bundle",
        nargs="?",
        type=Path,
        default=Path(__file__).parent,
        help="证据包或其文件夹 the bundle, packed or unpacked",
    )
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        help="外部公钥 a verifier key from outside the bundle: name+hash+key",
    )
    parser.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        type=Path,
        help="早先的检查点 an older checkpoint from outside",
    )
    given = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A console without Chinese characters must not keep the result back.
            stream.reconfigure(errors="replace")
    try:
        keys, older, files = _begin(given)
    except ValueError as error:
        print(f"无法开始核验 / cannot begin: {error}", file=sys.stderr)  # noqa: T201 - a program of its own
        return 2
    steps = verify_bundle(files, keys, older)
    good = all(step.good for step in steps)
    for step in steps:
        print(step)  # noqa: T201 - as above
    zh, en = (
        ("核验通过", "everything holds")
        if good
        else ("核验不通过，见标有 !! 的步骤", "something does not hold: see the steps marked !!")
    )
    print(f"{zh}\n{en}")  # noqa: T201 - as above
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
