"""Each way to cheat with a bundle is refused under its own code."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from dataclasses import dataclass

import pytest
import rfc8785
import servers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from evidence.bundles import (
    STRANGER,
    codes,
    live,
    make_case,
    make_period,
    packed,
    public,
    sign,
    unpacked,
)
from factories import beside_others
from lasting import installed

from complaints.ledger.proof import (
    BUNDLE,
    Checkpoint,
    Tree,
    leaf_hash,
)


@pytest.fixture(scope="module", params=servers.databases())
def lived(request, database_servers, tmp_path_factory):
    """Lived once on each database: what is done to the files of a bundle touches nothing."""
    with installed(request.param, database_servers, tmp_path_factory) as made:
        yield live(beside_others(*made))


@pytest.fixture(scope="module")
def period(lived, tmp_path_factory):
    """The files of a period's bundle."""
    return unpacked(make_period(lived, tmp_path_factory.mktemp("period") / "whole.zip"))


@pytest.fixture(scope="module")
def case(lived, tmp_path_factory):
    """The files of a case's bundle."""
    path = tmp_path_factory.mktemp("case") / "whole.zip"
    return unpacked(make_case(lived, path, disclose=("complainant",)))


@dataclass
class Cheat:
    """An unpacked bundle in the hands of somebody who may hold the signing key as well."""

    files: dict
    lived: object
    key: Ed25519PrivateKey
    older: list

    @property
    def leaves(self):
        return self.files["log/leaves.jsonl"].split(b"\n")[:-1]

    @leaves.setter
    def leaves(self, lines):
        self.files["log/leaves.jsonl"] = b"".join(line + b"\n" for line in lines)

    @property
    def manifest(self):
        return json.loads(self.files["manifest.json"])

    def edit_leaf(self, place, /, **changes):
        lines = self.leaves
        lines[place] = rfc8785.dumps({**json.loads(lines[place]), **changes})
        self.leaves = lines

    def edit(self, name, change):
        value = json.loads(self.files[name])
        self.files[name] = json.dumps(change(value)).encode()

    def resign(self, **changes):
        """The manifest made anew for what is there now, and signed."""
        listed = [
            {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in self.files.items()
            if not name.startswith("manifest.")
        ]
        manifest = rfc8785.dumps({**self.manifest, "files": listed, **changes})
        text = f"{BUNDLE}\n{self.lived.origin}\n{hashlib.sha256(manifest).hexdigest()}\n"
        self.files["manifest.json"] = manifest
        self.files["manifest.note"] = sign(self.key, self.lived.origin, text).encode()

    def sign_tree(self, name="after", *, size=None, origin=None):
        """A checkpoint over what the leaves are now, as whoever holds the key can make one."""
        first = self.manifest["first"]
        tree = Tree.grown(first, [bytes.fromhex(each) for each in json.loads(self.files["log/peaks.json"])])
        tree.extend([leaf_hash(line) for line in self.leaves])
        origin = origin or self.lived.origin
        note = sign(self.key, origin, Checkpoint(origin, size or tree.size, tree.root()).text())
        self.files[f"log/{name}.note"] = note.encode()
        return size or tree.size


def drop(at):
    def act(cheat):
        lines = cheat.leaves
        del lines[at]
        cheat.leaves = lines

    return act


def swap(one, two):
    def act(cheat):
        lines = cheat.leaves
        lines[one], lines[two] = lines[two], lines[one]
        cheat.leaves = lines

    return act


def put(name, data):
    return lambda cheat: cheat.files.__setitem__(name, data)


def take(name):
    return lambda cheat: cheat.files.pop(name)


def flip(name, at=10):
    def act(cheat):
        data = bytearray(cheat.files[name])
        data[at] ^= 1
        cheat.files[name] = bytes(data)

    return act


def add_leaf(cheat, **changes):
    lines = cheat.leaves
    last = json.loads(lines[-1])
    prev = {"prev": leaf_hash(lines[-1]).hex(), "seq": last["seq"] + 1}
    cheat.leaves = [*lines, rfc8785.dumps({**last, **prev, **changes})]


def backdated(cheat):
    add_leaf(cheat, at="2026-01-05T02:00:00.000000Z")
    cheat.resign(size=cheat.sign_tree())


def forged_older(cheat):
    origin = cheat.lived.origin
    cheat.older.append(sign(cheat.lived.key, origin, Checkpoint(origin, 2, bytes(32)).text()))


def longer_older(cheat):
    origin = cheat.lived.origin
    cheat.older.append(sign(cheat.lived.key, origin, Checkpoint(origin, 10_000, bytes(32)).text()))


def strange_older(cheat):
    text = Checkpoint("other.example.cn", 2, bytes(32)).text()
    cheat.older.append(sign(cheat.lived.key, cheat.lived.origin, text))


def cut_proof(cheat):
    cheat.older.append(cheat.lived.notes[0])
    lines = [json.loads(line) for line in cheat.files["log/earlier.jsonl"].splitlines()]
    cut = [{**each, "proof": each["proof"][:-1]} for each in lines]
    cheat.files["log/earlier.jsonl"] = b"".join(json.dumps(each).encode() + b"\n" for each in cut)


def long_proof(cheat):
    cheat.older.append(cheat.lived.notes[0])
    lines = [json.loads(line) for line in cheat.files["log/earlier.jsonl"].splitlines()]
    grown = [{**each, "proof": [*each["proof"], "00" * 32]} for each in lines]
    cheat.files["log/earlier.jsonl"] = b"".join(json.dumps(each).encode() + b"\n" for each in grown)


def edit_figures(cheat):
    cheat.edit("figures.json", lambda value: {**value, "tests": 5})


def policy_name(cheat):
    return next(name for name in cheat.files if name.startswith("policy/") and name.endswith(".json"))


def no_policy(cheat):
    gone = policy_name(cheat)
    del cheat.files[gone]
    cheat.resign(policies=[each for each in cheat.manifest["policies"] if each["name"] != gone])


def wrong_stamp(cheat):
    cheat.files["stamps/3.note"] = cheat.files["log/after.note"]
    cheat.files["stamps/3.tsr"] = b"a token of something else"


def stranger(cheat):
    """Everything made anew by somebody with a key of his own, which he puts inside."""
    cheat.key = STRANGER
    cheat.edit_leaf(-1, actor="handler:op_bob")
    cheat.sign_tree()
    before = Checkpoint.parse(cheat.files["log/before.note"].decode().rpartition("\n\n")[0] + "\n")
    cheat.files["log/before.note"] = sign(STRANGER, cheat.lived.origin, before.text()).encode()
    cheat.edit("keys.json", lambda _: [{"vkey": str(public(STRANGER, cheat.lived.origin))}])


# what is done; whether the manifest is then signed anew with the real key ("real"), a stranger's, or not at all; the code
PERIOD = {
    "a byte of the leaves": (flip("log/leaves.jsonl", 40), "", "file"),
    "a byte of the register": (flip("register.csv"), "", "file"),
    "a byte of the verifier": (flip("verify.py", 200), "", "file"),
    "a byte of the manifest": (flip("manifest.json", 60), "", "manifest|file|unreadable|origin|kind"),
    "a byte of the manifest's signature": (flip("manifest.note", -20), "", "signature|unreadable|signer"),
    "a file dropped": (take("handling-log.csv"), "", "missing"),
    "a file added": (put("extra.txt", b"x"), "", "stray"),
    "the manifest is garbage": (put("manifest.json", b"{"), "", "unreadable"),
    "the manifest is nested beyond reason": (put("manifest.json", b"[" * 200_000), "", "unreadable"),
    "the manifest is something else": (put("manifest.json", b'{"kind":"x"}'), "", "kind"),
    "the keys are garbage": (put("keys.json", b"nothing"), "real", "unreadable"),
    "who did it": (lambda cheat: cheat.edit_leaf(1, actor="handler:op_bob"), "real", "chain|root"),
    "when it was done": (lambda cheat: cheat.edit_leaf(1, at="2026-11-23T05:00:00.000000Z"), "real", "chain|root|time"),
    "what was done": (lambda cheat: cheat.edit_leaf(2, type="declined"), "real", "chain|root"),
    "what it says of a text": (lambda cheat: cheat.edit_leaf(0, commits={}), "real", "chain|root"),
    "a value": (lambda cheat: cheat.edit_leaf(0, meta={}), "real", "chain|root"),
    "the newest event": (lambda cheat: cheat.edit_leaf(-1, actor="system"), "real", "root"),
    "the leaf's version": (lambda cheat: cheat.edit_leaf(0, v=2), "real", "leaf-version"),
    "a field more": (lambda cheat: cheat.edit_leaf(0, more=1), "real", "leaf-form"),
    "a line that is no leaf": (lambda cheat: setattr(cheat, "leaves", [b"x", *cheat.leaves[1:]]), "real", "leaf-unreadable"),
    "a space behind a leaf": (lambda cheat: setattr(cheat, "leaves", [cheat.leaves[0] + b" ", *cheat.leaves[1:]]), "real", "leaf-form"),
    "a line without its end": (lambda cheat: put("log/leaves.jsonl", cheat.files["log/leaves.jsonl"][:-1])(cheat), "real", "line"),
    "the first event dropped": (drop(0), "real", "sequence|chain|root|count"),
    "a middle event dropped": (drop(2), "real", "sequence|chain"),
    "the tail cut": (drop(-1), "real", "count"),
    "two events of a complaint swapped": (swap(1, 2), "real", "sequence|chain"),
    "two complaints' events swapped": (swap(3, 4), "real", "root"),
    "an event twice": (lambda cheat: setattr(cheat, "leaves", [cheat.leaves[0], *cheat.leaves]), "real", "sequence"),
    "an event added": (add_leaf, "real", "count"),
    "an event back-dated by whoever holds the key": (backdated, "", "time"),
    "the tail cut and signed anew, against an older checkpoint": (
        lambda cheat: (cheat.older.append(cheat.lived.notes[-1]), drop(-1)(cheat), drop(-1)(cheat), cheat.resign(size=cheat.sign_tree())),
        "", "shorter",
    ),
    "history rewritten and signed anew, against an older checkpoint": (
        lambda cheat: (cheat.older.append(cheat.lived.notes[2]), cheat.edit_leaf(3, actor="handler:op_eve"), cheat.sign_tree()),
        "real", "fork|chain",
    ),
    "the period's beginning moved": (put("log/peaks.json", b"[]"), "real", "unreadable"),
    "the tree before the period made up": (
        lambda cheat: cheat.edit("log/peaks.json", lambda peaks: ["00" * 32 for _ in peaks]), "real", "peaks",
    ),
    "a checkpoint of another size": (lambda cheat: cheat.sign_tree(size=10_000), "real", "range"),
    "a checkpoint of another installation": (lambda cheat: cheat.sign_tree(origin="other.example.cn"), "real", "signer|origin"),
    "a checkpoint signed by a stranger": (
        lambda cheat: put("log/after.note", sign(STRANGER, cheat.lived.origin, cheat.files["log/after.note"].decode().rpartition("\n\n")[0] + "\n").encode())(cheat),
        "real", "signer",
    ),
    "a checkpoint's signature broken": (flip("log/after.note", -10), "real", "signature|unreadable|signer"),
    "a checkpoint that is none": (put("log/after.note", b"x\n\n\xe2\x80\x94 a b\n"), "real", "unreadable"),
    "the two checkpoints exchanged": (
        lambda cheat: cheat.files.update({"log/before.note": cheat.files["log/after.note"], "log/after.note": cheat.files["log/before.note"]}),
        "real", "range",
    ),
    "a range beyond reason": (lambda cheat: cheat.resign(size=2**52, first=2**51), "", "range"),
    "a range below nothing": (lambda cheat: cheat.resign(first=-1), "", "range"),
    "a range that is no number": (lambda cheat: cheat.resign(size="many"), "", "range"),
    "a policy edited": (lambda cheat: flip(policy_name(cheat), 50)(cheat), "real", "policy"),
    "the figures embellished": (edit_figures, "real", "figures"),
    "an older checkpoint with another root": (forged_older, "", "fork"),
    "an older checkpoint of a longer log": (longer_older, "", "shorter"),
    "an older checkpoint of another installation": (strange_older, "", "older"),
    "an older checkpoint that is none": (lambda cheat: cheat.older.append("x"), "", "older"),
    "a proof of growth too short": (cut_proof, "real", "fork"),
    "a proof of growth too long": (long_proof, "real", "fork"),
    "a timestamp of something else": (wrong_stamp, "real", "stamp"),
    "all of it made anew with another key": (stranger, "stranger", "UNANCHORED"),
}  # fmt: skip


def test_the_corpus_holds_at_least_forty_ways_to_cheat():
    assert len(PERIOD) + len(CASE) + len(ARCHIVES) >= 40


def caught(cheat, act, signing, expected, tmp_path):
    act(cheat)
    if signing:
        cheat.key = STRANGER if signing == "stranger" else cheat.lived.key
        cheat.resign()
    found = codes(packed(cheat.files, tmp_path / "cheat.zip"), [cheat.lived.vkey], cheat.older)
    assert found, "the cheat was not noticed"
    assert set(expected.split("|")) & set(found), found


@pytest.mark.parametrize("name", PERIOD)
def test_each_way_to_cheat_with_a_period_is_refused(lived, period, tmp_path, name):
    act, signing, expected = PERIOD[name]
    caught(Cheat(dict(period), lived, lived.key, []), act, signing, expected, tmp_path)


def edit_path(change):
    def act(cheat):
        lines = [json.loads(line) for line in cheat.files["log/paths.jsonl"].splitlines()]
        lines = change(lines)
        cheat.files["log/paths.jsonl"] = b"".join(json.dumps(each).encode() + b"\n" for each in lines)

    return act


def edit_disclosed(**changes):
    def act(cheat):
        lines = [json.loads(line) for line in cheat.files["disclosed.jsonl"].splitlines()]
        lines[0] |= changes
        cheat.files["disclosed.jsonl"] = b"".join(json.dumps(each).encode() + b"\n" for each in lines)

    return act


CASE = {
    "a proof too short": (edit_path(lambda rows: [{**rows[0], "path": rows[0]["path"][:-1]}, *rows[1:]]), "unreadable|inclusion"),
    "a proof too long": (edit_path(lambda rows: [{**rows[0], "path": [*rows[0]["path"], "00" * 32]}, *rows[1:]]), "unreadable|inclusion"),
    "a proof of another leaf": (edit_path(lambda rows: [{**rows[1], "index": rows[0]["index"]}, *rows[1:]]), "unreadable|inclusion"),
    "a place beyond the tree": (edit_path(lambda rows: [{**rows[0], "index": 10**9}, *rows[1:]]), "unreadable|inclusion"),
    "places out of order": (edit_path(lambda rows: [rows[0], *rows[2:3], rows[1], *rows[3:]]), "place|inclusion|unreadable"),
    "no proofs": (put("log/paths.jsonl", b""), "unreadable"),
    "an event edited": (lambda cheat: cheat.edit_leaf(0, actor="handler:op_eve"), "inclusion"),
    "the newest event dropped": (drop(-1), "count"),
    "an event of another complaint": (lambda cheat: cheat.edit_leaf(0, stream="f" * 32), "place"),
    "a text edited": (edit_disclosed(payload=base64.b64encode("没有这回事".encode()).decode()), "disclosed"),
    "a salt edited": (edit_disclosed(salt="00" * 32), "disclosed"),
    "a text under another name": (edit_disclosed(field="contact2"), "disclosed"),
    "a text that is none": (edit_disclosed(payload="***"), "unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASE)
def test_each_way_to_cheat_with_a_case_is_refused(lived, case, tmp_path, name):
    act, expected = CASE[name]
    caught(Cheat(dict(case), lived, lived.key, []), act, "real", expected, tmp_path)


def doubled(path, files):
    packed(files, path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("register.csv", b"another")


ARCHIVES = {
    "a name that leads out": lambda path, files: packed({**files, "../evil.py": b"x"}, path),
    "a name from the root": lambda path, files: packed({**files, "/etc/passwd": b"x"}, path),
    "a name with a backslash": lambda path, files: packed({**files, "log\\x": b"x"}, path),
    "a name twice": doubled,
    "a name that differs by case alone": lambda path, files: packed({**files, "REGISTER.csv": b"x"}, path),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_with_names_no_bundle_has_is_refused(lived, period, tmp_path, name):
    path = tmp_path / "cheat.zip"
    ARCHIVES[name](path, period)
    assert codes(path, [lived.vkey])[0] == "names"


def test_a_link_in_an_unpacked_bundle_is_not_followed(lived, tmp_path):
    folder = tmp_path / "unpacked"
    zipfile.ZipFile(make_period(lived, tmp_path / "b.zip")).extractall(folder)
    other = tmp_path / "elsewhere.csv"
    (folder / "register.csv").rename(other)
    (folder / "register.csv").symlink_to(other)
    assert codes(folder, [lived.vkey])[0] in {"names", "file"}


def test_a_bomb_is_not_unpacked(lived, tmp_path):
    files = unpacked(make_period(lived, tmp_path / "whole.zip"))
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, bytes(300_000_000) if name == "manifest.json" else data)
    assert codes(path, [lived.vkey])[0] == "names"
