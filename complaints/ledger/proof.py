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
import json
import re
import sqlite3
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
        known = {(key.name, key.id): key for key in keys}
        good = []
        for name, key_id, signature in self.signatures:
            key = known.get((name, key_id))
            if key is None or key in good:
                continue
            if not signature_holds(key.key, signature, self.text.encode()):
                raise ValueError(f"the signature of {name} does not hold")
            good.append(key)
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


# --- A bundle of evidence --------------------------------------------------------------------------------------------
BUNDLE = "flask-complaints/bundle/v1"
# Events are put into the tree within a minute; clocks of several hosts differ a little more.
TOLERANCE_MINUTES = 15
# Months are those of the people the figures are for.
_BEIJING = timezone(timedelta(hours=8))
_NAME = re.compile(r"[\w.-]{1,120}(/[\w.-]{1,120}){0,4}")
_SMALL, _LINE, _CHUNK = 8_000_000, 8_000_000, 1 << 20
_SHOWN = 20


class Refused(Exception):  # noqa: N818 - a verdict, no error of the program
    """What does not hold: a stable code, and a sentence in Chinese and English."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(code)
        self.code, self.zh, self.en = code, zh, en


@dataclass(frozen=True)
class Step:
    """One numbered step of a verification."""

    number: int
    good: bool
    code: str
    zh: str
    en: str

    def __str__(self) -> str:
        """Both languages, one below the other."""
        mark = "OK" if self.good else f"!! {self.code}"
        return f"{self.number}. [{mark}] {self.zh}\n   {self.en}"


class Files:
    """The files of a bundle, in a folder or in a ZIP archive; nothing is unpacked."""

    def __init__(self, path: Path) -> None:
        self._folder = path if path.is_dir() else None
        self._archive = None if path.is_dir() else zipfile.ZipFile(path)
        if self._archive is not None:
            listed = [(each.filename, each.file_size) for each in self._archive.infolist()]
        else:
            found = (each for each in path.rglob("*") if not each.is_dir() or each.is_symlink())
            listed = [(each.relative_to(path).as_posix(), each.lstat().st_size) for each in found]
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
                if len(line) > _LINE or not line.endswith(b"\n"):
                    raise Refused(
                        "line", f"{name}中有一行过长或不完整", f"a line of {name} is too long or cut off"
                    )
                yield line[:-1]

    def small(self, name: str) -> bytes:
        """A file that is read whole."""
        if self.sizes.get(name, _SMALL) >= _SMALL:
            raise Refused("missing", f"缺少文件{name}，或文件过大", f"{name} is missing, or far too large")
        return b"".join(self.chunks(name))

    def _open(self, name: str) -> IO[bytes]:
        if self._archive is not None:
            return self._archive.open(name)
        assert self._folder is not None
        path = self._folder / name
        if path.is_symlink():
            raise Refused("names", f"{name}是链接，不是文件", f"{name} is a link, not a file")
        return path.open("rb")


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
        what = str(named[1]) if isinstance(named, list) and len(named) == 2 else "?"  # noqa: PLR2004 - old, new
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
    manifest: dict[str, Any] = field(default_factory=dict)
    trusted: tuple[Verifier, ...] = ()
    before: Checkpoint = Checkpoint("", 0, EMPTY_ROOT)
    after: Checkpoint = Checkpoint("", 0, EMPTY_ROOT)
    roots: dict[int, bytes] = field(default_factory=dict)
    published: dict[str, int] = field(default_factory=dict)
    counted: Recount = field(default_factory=Recount)
    chains: Chains = field(default_factory=Chains)


def verify_bundle(files: Files, keys: Sequence[Verifier], older: Sequence[str] = ()) -> list[Step]:
    """Numbered steps over an untrusted bundle; never raises for what the bundle holds.

    `keys` come from outside; without one the bundle proves itself only, which step 2 says. `older` are signed
    notes kept elsewhere: the log must have grown out of each of them.
    """
    seen, steps = _Seen(files, tuple(keys), tuple(older)), list[Step]()
    for number, act in enumerate(
        (_files, _anchor, _signed, _checkpoints, _leaves, _chosen, _rules, _figures, _earlier, _stamps), 1
    ):
        try:
            zh, en = act(seen)
            steps.append(Step(number, good=True, code="", zh=zh, en=en))
        except Refused as refused:
            steps.append(Step(number, good=False, code=refused.code, zh=refused.zh, en=refused.en))
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            LookupError,
            OSError,
            RecursionError,
            zipfile.BadZipFile,
        ) as error:
            name = type(error).__name__
            zh, en = f"无法读取（{name}）", f"it cannot be read ({name})"
            steps.append(Step(number, good=False, code="unreadable", zh=zh, en=en))
        if not seen.manifest:
            break
    return steps


def _files(seen: _Seen) -> tuple[str, str]:
    sizes = seen.files.sizes
    if seen.files.doubled or not all(_NAME.fullmatch(name) and ".." not in name for name in sizes):
        raise Refused("names", "文件名重复或不合规", "a file's name stands twice, or is none a bundle has")
    manifest = json.loads(seen.files.small("manifest.json"))
    if manifest["kind"] != BUNDLE:
        raise Refused("kind", "这不是投诉办理证据包", "this is no bundle of evidence on complaints")
    seen.manifest = manifest
    listed = {each["name"]: each for each in manifest["files"]}
    if stray := sorted(sizes.keys() - listed.keys() - {"manifest.json", "manifest.note"}):
        raise Refused("stray", f"多出文件：{stray[0]}", f"a file that the manifest does not name: {stray[0]}")
    for name, said in listed.items():
        if name not in sizes:
            raise Refused("missing", f"缺少文件：{name}", f"a file is missing: {name}")
        digest = hashlib.sha256()
        if sizes[name] == said["size"]:
            for chunk in seen.files.chunks(name):
                digest.update(chunk)
        if digest.hexdigest() != said["sha256"]:
            raise Refused("file", f"文件被改动：{name}", f"a file is not the one in the manifest: {name}")
    return f"{len(listed)}个文件齐全，未被改动", f"all {len(listed)} files are there and as the manifest says"


def _anchor(seen: _Seen) -> tuple[str, str]:
    inside = tuple(Verifier.parse(each["vkey"]) for each in json.loads(seen.files.small("keys.json")))
    seen.trusted = seen.keys or inside
    if not seen.keys:
        raise Refused(
            "UNANCHORED",
            "没有给出外部公钥，以下各步只能说明包内自洽。请用 --key 给出从官网、信件或检查点邮件得到的公钥",
            "UNANCHORED: no key from outside was given, so the steps below show only that the bundle agrees with "
            "itself. Give one with --key, from the product's page, a letter or a mailed checkpoint",
        )
    return "使用外部给出的公钥核验", "checked with the key given from outside"


def _signed(seen: _Seen) -> tuple[str, str]:
    note = Note.parse(seen.files.small("manifest.note").decode())
    digest = hashlib.sha256(seen.files.small("manifest.json")).hexdigest()
    if note.text != f"{BUNDLE}\n{seen.manifest['origin']}\n{digest}\n":
        raise Refused("manifest", "清单不是签名时的清单", "the manifest is not the one that was signed")
    names = ", ".join(key.id.hex() for key in _signers(seen, note))
    return f"清单签名有效（公钥{names}）", f"the manifest's signature holds (key {names})"


def _signers(seen: _Seen, note: Note) -> tuple[Verifier, ...]:
    try:
        good = note.signed_by(seen.trusted)
    except ValueError as error:
        raise Refused("signature", "签名无效", f"a signature does not hold: {error}") from error
    if not good:
        raise Refused("signer", "不是由所给公钥签名", "it is not signed by the key that was given")
    return good


def _checkpoints(seen: _Seen) -> tuple[str, str]:
    first, size = seen.manifest["first"], seen.manifest["size"]
    if type(first) is not int or type(size) is not int or not 0 <= first <= size <= _LARGEST:
        raise Refused("range", "清单中的事件范围不合理", "the manifest's range of events is none")
    names = ("before", "after") if first else ("after",)
    for name in names:
        note = Note.parse(seen.files.small(f"log/{name}.note").decode())
        _signers(seen, note)
        setattr(seen, name, Checkpoint.parse(note.text))
    if any(getattr(seen, name).origin != seen.manifest["origin"] for name in names):
        raise Refused("origin", "检查点属于另一个系统", "a checkpoint is another installation's")
    if (seen.before.size, seen.after.size) != (first, size):
        raise Refused(
            "range", "检查点与清单的范围不一致", "the checkpoints are not those of the manifest's range"
        )
    return f"检查点签名有效，日志共{size}条", f"the checkpoints are signed; the log holds {size} events"


def _leaves(seen: _Seen) -> tuple[str, str]:
    return _case(seen) if seen.manifest["scope"]["kind"] == "case" else _period(seen)


def _period(seen: _Seen) -> tuple[str, str]:
    first, size = seen.before.size, seen.after.size
    tree = Tree.grown(first, [bytes.fromhex(each) for each in json.loads(seen.files.small("log/peaks.json"))])
    if tree.root() != seen.before.root:
        raise Refused(
            "peaks", "期初的树根对不上", "the tree before the period is not the one that was signed"
        )
    seen.roots[first] = seen.before.root
    wanted = {checkpoint.size for checkpoint in _older(seen)}
    seen.chains = chains = Chains(whole=not first)
    block, last = list[bytes](), ""
    for line in seen.files.lines("log/leaves.jsonl"):
        entry, mark, wrong = chains.take(line)
        if wrong:
            raise Refused(
                wrong[0].code, f"事件链断裂：{wrong[0].where}", f"{wrong[0].where}: {wrong[0].text}"
            )
        last = _in_time(seen, entry, last)
        seen.counted.take(entry)
        if entry["type"] == "policy_published":
            seen.published[str(entry["meta"].get("digest"))] = tree.size + len(block)
        block.append(mark)
        if len(block) == _BLOCK or tree.size + len(block) in wanted:
            tree.extend(block)
            block.clear()
            seen.roots[tree.size] = tree.root() if tree.size in wanted else b""
        if tree.size + len(block) > size:
            break
    tree.extend(block)
    if tree.size != size:
        count = tree.size - first
        raise Refused(
            "count", f"应有{size - first}条事件，实有{count}条", f"{count} events instead of {size - first}"
        )
    if tree.root() != seen.after.root:
        raise Refused(
            "root",
            "事件与签名的树根不符：有增、删、改或换位",
            "the events do not lead to the signed root: one was added, dropped, changed or moved",
        )
    zh = f"{size - first}条事件首尾相接，一条不少，顺序未变；其中{chains.continued}件投诉始于期初之前"
    en = f"{size - first} events, none missing and none moved; {chains.continued} complaints began before the period"
    return zh, en


def _in_time(seen: _Seen, entry: dict[str, Any], last: str) -> str:
    """Times hardly go back, since events enter the tree as they happen; samples are dated as they were made up."""
    at: str = entry["at"]
    if at < last and entry["stream"] not in seen.counted.tests and not entry["meta"].get("test"):
        gap = datetime.fromisoformat(last) - datetime.fromisoformat(at)
        if gap > timedelta(minutes=TOLERANCE_MINUTES):
            where = f"{entry['stream']}/{entry['seq']}"
            raise Refused(
                "time",
                f"事件时间倒填：{where}",
                f"an event is dated before others that came earlier: {where}",
            )
    return last if entry["stream"] in seen.counted.tests else max(at, last)


def _case(seen: _Seen) -> tuple[str, str]:
    chains, paths = Chains(), seen.files.lines("log/paths.jsonl")
    count, place, commits = 0, -1, dict[tuple[int, str], str]()
    for line in seen.files.lines("log/leaves.jsonl"):
        entry, mark, wrong = chains.take(line)
        if wrong:
            raise Refused(
                wrong[0].code, f"事件链断裂：{wrong[0].where}", f"{wrong[0].where}: {wrong[0].text}"
            )
        said = json.loads(next(paths, b"{}"))
        path = [bytes.fromhex(each) for each in said["path"]]
        if entry["stream"] != seen.manifest["scope"]["stream"] or said["index"] <= place:
            raise Refused(
                "place", f"第{entry['seq']}条不属于本案", f"event {entry['seq']} is not of this case"
            )
        place = said["index"]
        if root_from_inclusion(mark, place, seen.after.size, path) != seen.after.root:
            raise Refused(
                "inclusion",
                f"第{entry['seq']}条不在签名的日志中",
                f"event {entry['seq']} is not in the signed log",
            )
        commits |= {(entry["seq"], name): commit for name, commit in entry["commits"].items()}
        seen.counted.take(entry)
        count += 1
    if count != seen.manifest["scope"]["events"]:
        said_count = seen.manifest["scope"]["events"]
        raise Refused(
            "count", f"应有{said_count}条事件，实有{count}条", f"{count} events instead of {said_count}"
        )
    shown = _disclosed(seen, commits)
    zh = f"本案{count}条事件均在签名的日志中，首尾相接；{shown}项内容与当时的承诺值一致"
    return (
        zh,
        f"all {count} events of the case are in the signed log, in order; {shown} texts are those committed to",
    )


def _chosen(seen: _Seen) -> tuple[str, str]:
    """The cases that are in a period's bundle as a whole: each event in the signed log, none of the period missing."""
    cases = seen.manifest.get("cases", [])
    for case in cases:
        number, stream, folder = str(case["number"]), case["stream"], case["folder"]
        chains, test, place = Chains(), False, -1
        paths = seen.files.lines(f"{folder}/paths.jsonl")
        for line in seen.files.lines(f"{folder}/leaves.jsonl"):
            entry, mark, wrong = chains.take(line)
            if wrong or entry["stream"] != stream:
                raise Refused(
                    "case", f"{number}的事件链断裂", f"the events of {number} do not follow one another"
                )
            said = json.loads(next(paths, b"{}"))
            place, path = said["index"], [bytes.fromhex(each) for each in said["path"]]
            if root_from_inclusion(mark, place, seen.after.size, path) != seen.after.root:
                zh = f"{number}的第{entry['seq']}条不在签名的日志中"
                raise Refused("case", zh, f"event {entry['seq']} of {number} is not in the signed log")
            test = test or (entry["type"] == "filed" and bool(entry["meta"].get("test")))
        end, in_period = chains.head(stream), seen.chains.head(stream)
        if end[0] != case["events"] or (in_period[0] and in_period != end):
            raise Refused("case", f"{number}的事件不完整", f"events of {number} are missing")
        if test != case["test"]:
            raise Refused("case", f"{number}的测试标记不符", f"{number} is not marked as its filing says")
    if not cases:
        return "没有附完整案件", "no case is in it as a whole"
    return (
        f"所附{len(cases)}件完整案件的事件均在签名的日志中，首尾相接",
        f"the events of all {len(cases)} chosen cases are in the signed log, in order",
    )


def _disclosed(seen: _Seen, commits: dict[tuple[int, str], str]) -> int:
    if "disclosed.jsonl" not in seen.files.sizes:
        return 0
    count = 0
    for line in seen.files.lines("disclosed.jsonl"):
        said = json.loads(line)
        salt, payload = bytes.fromhex(said["salt"]), base64.b64decode(said["payload"], validate=True)
        if commitment(salt, said["field"], payload) != commits.get((said["seq"], said["field"])):
            where = f"{said['seq']}/{said['field']}"
            raise Refused(
                "disclosed", f"内容与承诺值不符：{where}", f"a text is not the one committed to: {where}"
            )
        count += 1
    return count


def _rules(seen: _Seen) -> tuple[str, str]:
    policies = seen.manifest["policies"]
    for each in policies:
        if hashlib.sha256(seen.files.small(each["name"])).hexdigest() != each["digest"]:
            raise Refused(
                "policy",
                f"规则第{each['version']}版不是公布的那一版",
                f"policy version {each['version']} is not the one published",
            )
    if missing := sorted(seen.published.keys() - {each["digest"] for each in policies}):
        raise Refused(
            "policy",
            f"缺少期间公布的规则：{missing[0]}",
            f"a policy published in the period is missing: {missing[0]}",
        )
    return f"{len(policies)}版规则与公布时一致", f"{len(policies)} policy versions are as they were published"


def _figures(seen: _Seen) -> tuple[str, str]:
    counted = seen.counted.figures()
    if json.loads(seen.files.small("figures.json")) != counted:
        raise Refused("figures", "数字与日志重数的结果不符", "the figures are not what the log recounts to")
    total = sum(sum(types.values()) for types in counted["filed"].values())
    return (
        f"数字由日志重数得出：受理投诉{total}件，测试{counted['tests']}件不计入",
        f"the figures recount from the log: {total} complaints filed, {counted['tests']} test cases left out",
    )


def _older(seen: _Seen) -> list[Checkpoint]:
    found = []
    for text in seen.older:
        try:
            note = Note.parse(text)
            found.append(Checkpoint.parse(note.text))
        except ValueError as error:
            raise Refused(
                "older", "给出的早先检查点无法读取", f"the older checkpoint cannot be read: {error}"
            ) from error
        _signers(seen, note)
    return found


def _earlier(seen: _Seen) -> tuple[str, str]:
    proofs = {}
    for line in seen.files.lines("log/earlier.jsonl"):
        said = json.loads(line)
        proofs[said["size"]] = [bytes.fromhex(each) for each in said["proof"]]
    older = _older(seen)
    for checkpoint in older:
        size = checkpoint.size
        if checkpoint.origin != seen.manifest["origin"]:
            raise Refused(
                "older", "早先的检查点属于另一个系统", "the older checkpoint is another installation's"
            )
        if size > seen.after.size:
            raise Refused(
                "shorter",
                f"日志比早先签名的短：{seen.after.size}条，少于{size}条",
                f"the log is shorter than what was signed before: {seen.after.size} events, not {size}",
            )
        held = seen.roots.get(size) == checkpoint.root
        if not held and not consistent(
            size, checkpoint.root, seen.after.size, seen.after.root, proofs.get(size, [])
        ):
            raise Refused(
                "fork",
                f"日志不是从早先{size}条的检查点增长而来",
                f"the log did not grow out of the older checkpoint of {size} events",
            )
    before, after = seen.before, seen.after
    if before.size and not consistent(
        before.size, before.root, after.size, after.root, proofs.get(before.size, [])
    ):
        raise Refused(
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
    for name in names:
        imprint = hashlib.sha256(seen.files.small(f"{name[:-4]}.note")).digest()
        if imprint not in seen.files.small(name):
            raise Refused(
                "stamp", f"时间戳不是这个检查点的：{name}", f"the timestamp is not of its checkpoint: {name}"
            )
    if not names:
        return "没有可信时间戳", "there are no trusted timestamps"
    line = f"openssl ts -verify -data {names[0][:-4]}.note -in {names[0]} -CAfile tsa-ca.pem"
    return (
        f"{len(names)}个时间戳对应各自的检查点；签发机构的签名请这样核验：{line}",
        f"{len(names)} timestamps are of their checkpoints; check their authority's signature with: {line}",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify a bundle; exit code 0: all holds, 1: something does not, 2: wrong use."""
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
    try:
        keys = [Verifier.parse(each) for each in given.key]
        older = [each.read_text(encoding="utf-8") for each in given.checkpoint]
        files = Files(given.bundle)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        print(f"{given.bundle}: {error}", file=sys.stderr)  # noqa: T201 - a program of its own
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
