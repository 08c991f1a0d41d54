"""A handling log in memory, whose keys change hands: bundles and receipts of it, made by whoever holds which key."""

from __future__ import annotations

import hashlib
import json
import zipfile

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from complaints.ledger.proof import (
    BUNDLE,
    REVOKED,
    ROTATED,
    ZERO,
    Checkpoint,
    Note,
    Recount,
    Tree,
    Verifier,
    leaf_hash,
    node_hash,
    signature_line,
)

ORIGIN = "ai.example.cn"
NUMBER = "TS20261123-7K3M9Q"


class Key:
    """One signing key of the installation, or of whoever pretends to be it."""

    def __init__(self, number):
        self.private = Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big"))
        self.public = Verifier(ORIGIN, self.private.public_key().public_bytes_raw())

    def __str__(self):
        return str(self.public)

    def line(self, text):
        return signature_line(self.public, self.private.sign(text.encode()))


K1, K2, K3, THIEF = (Key(number) for number in (1, 2, 3, 66))


def note(text, *keys):
    return f"{text}\n{''.join(key.line(text) for key in keys)}"


def fold(hashes):
    """The root as RFC 6962 defines it, slowly and by no code of ours."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    cut = _cut(len(hashes))
    return node_hash(fold(hashes[:cut]), fold(hashes[cut:]))


def inclusion(at, hashes):
    if len(hashes) == 1:
        return []
    cut = _cut(len(hashes))
    if at < cut:
        return [*inclusion(at, hashes[:cut]), fold(hashes[cut:])]
    return [*inclusion(at - cut, hashes[cut:]), fold(hashes[:cut])]


def consistency(first, hashes, *, whole=True):
    if first == len(hashes):
        return [] if whole else [fold(hashes)]
    cut = _cut(len(hashes))
    if first <= cut:
        return [*consistency(first, hashes[:cut], whole=whole), fold(hashes[cut:])]
    return [*consistency(first - cut, hashes[cut:], whole=False), fold(hashes[:cut])]


def _cut(count):
    return 1 << (count - 1).bit_length() - 1


class Log:
    """Leaves, and what is signed over them."""

    def __init__(self):
        self.leaves, self.changes, self.heads = [], [], {}

    @property
    def hashes(self):
        return [leaf_hash(leaf) for leaf in self.leaves]

    def add(self, kind, stream, **meta):
        seq, prev = self.heads.get(stream, (0, ZERO))
        at = f"2026-11-23T02:00:{len(self.leaves):02d}.000000Z"
        leaf = rfc8785.dumps(
            {
                "v": 1,
                "origin": ORIGIN,
                "stream": stream,
                "seq": seq + 1,
                "prev": prev.hex(),
                "type": kind,
                "at": at,
                "actor": "system",
                "meta": meta,
                "commits": {},
            }
        )
        self.leaves.append(leaf)
        self.heads[stream] = (seq + 1, leaf_hash(leaf))
        return self

    def file(self, *numbers):
        for number in numbers:
            self.add("filed", number, change={"number": [None, number], "type": [None, "other"]})
        return self

    def sign(self, *keys):
        text = Checkpoint(ORIGIN, len(self.leaves), fold(self.hashes)).text()
        return note(text, *keys)

    def rotate(self, old, new, *signed, stream="system"):
        """The event, and the checkpoint that is to carry both signatures."""
        self.add(ROTATED, stream, old=str(old), new=str(new))
        self.changes.append((len(self.leaves) - 1, self.sign(*(signed or (old, new)))))
        return self

    def revoke(self, key, last_good, by=None):
        """The event; the checkpoint above it is signed with `by`, or is the one of the change that follows."""
        self.add(REVOKED, "system", vkey=str(key), last_good_size=last_good, reason="stolen\x1b[2J")
        self.changes.append((len(self.leaves) - 1, by and self.sign(*by)))
        return self

    def told(self, size):
        """The changes of keys as a bundle and a receipt tell them, about the tree of `size`."""
        made, after = [], None
        for index, signed in reversed(self.changes):
            after = signed or after
            over = Checkpoint.parse(Note.parse(after).text).size
            small, large = sorted((over, size))
            made.append(
                {
                    "leaf": self.leaves[index].decode(),
                    "index": index,
                    "checkpoint": after,
                    "path": [each.hex() for each in inclusion(index, self.hashes[:over])],
                    "growth": [each.hex() for each in consistency(small, self.hashes[:large])],
                }
            )
        return made[::-1]

    def receipt(self, after, told, key, *, earlier=0):
        size, at = Checkpoint.parse(Note.parse(after).text).size, 1
        made = {
            "kind": "flask-complaints/proof/v1",
            "number": NUMBER,
            "leaf": self.leaves[at].decode(),
            "index": at,
            "size": size,
            "path": [each.hex() for each in inclusion(at, self.hashes[:size])],
            "checkpoint": after,
            "key": str(key),
            "keys": told,
        }
        if 0 < earlier <= size:
            path = [each.hex() for each in consistency(earlier, self.hashes[:size])]
            made["earlier"] = {"size": earlier, "path": path}
        return made

    def bundle(self, path, after, told, key, *, earlier=0):
        """Everything from the first event up to a checkpoint, with a manifest signed by `key`."""
        size, counted = Checkpoint.parse(Note.parse(after).text).size, Recount()
        for leaf in self.leaves[:size]:
            counted.take(json.loads(leaf))
        sizes = [earlier] if 0 < earlier <= size else []
        grown = [
            {"size": one, "proof": [each.hex() for each in consistency(one, self.hashes[:size])]}
            for one in sizes
        ]
        files = {
            "log/peaks.json": json.dumps([each.hex() for each in Tree().peaks]),
            "log/leaves.jsonl": "".join(leaf.decode() + "\n" for leaf in self.leaves[:size]),
            "log/after.note": after,
            "log/keys.jsonl": "".join(json.dumps(each) + "\n" for each in told),
            "log/earlier.jsonl": "".join(json.dumps(each) + "\n" for each in grown),
            "keys.json": json.dumps([{"vkey": str(key)}]),
            "figures.json": json.dumps(counted.figures()),
        }
        listed = [
            {
                "name": name,
                "size": len(text.encode()),
                "sha256": hashlib.sha256(text.encode()).hexdigest(),
            }
            for name, text in files.items()
        ]
        manifest = json.dumps(
            {
                "kind": BUNDLE,
                "origin": ORIGIN,
                "scope": {"kind": "period"},
                "first": 0,
                "size": size,
                "policies": [],
                "files": listed,
            }
        )
        digest = hashlib.sha256(manifest.encode()).hexdigest()
        files |= {"manifest.json": manifest, "manifest.note": note(f"{BUNDLE}\n{ORIGIN}\n{digest}\n", key)}
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return path
