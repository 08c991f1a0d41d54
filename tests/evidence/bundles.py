"""A life worth a bundle, the bundles made of it, and what their verifier says of one."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from factories import CAROL
from sqlalchemy import insert

from complaints.administration.publishing import publish
from complaints.cases.access import find
from complaints.evidence import bundle
from complaints.ledger.proof import (
    Checkpoint,
    Files,
    Verifier,
    signature_line,
    verify_bundle,
)
from complaints.ledger.sequencer import head, sequence
from complaints.store.tables import Checkpoint as CheckpointRow

WORDS = "回答里写着我的名字和电话"
STRANGER = Ed25519PrivateKey.generate()


def public(key, name):
    return Verifier(name, key.public_key().public_bytes_raw())


def sign(key, name, text):
    return f"{text}\n{signature_line(public(key, name), key.sign(text.encode()))}"


def checkpoint(desk):
    """Sequence what waits and sign the tree as the signer does."""
    sequence(desk.installation.database)
    with desk.installation.reading() as work:
        at = head(work.session)
        key = Ed25519PrivateKey.from_private_bytes(work.keys.log)
        note = sign(key, work.origin, Checkpoint(work.origin, at.size, at.root).text())
        row = {"size": at.size, "root": at.root, "note": note, "at": desk.clock.now, "stamp_state": "none"}
    desk.installation.database.write(
        lambda session: session.execute(insert(CheckpointRow.__table__), [row]) and None
    )
    return note


@dataclass
class Lived:
    desk: object
    key: Ed25519PrivateKey
    origin: str
    filed: object
    notes: list
    since: object
    until: object

    @property
    def vkey(self):
        return public(self.key, self.origin)


def live(desk):
    """Four checkpoints; a complaint that began before the period and goes on in it, and one within it."""
    desk.installation.write(
        lambda work: publish(work, work.policy, CAROL, trial=False, render_page=lambda *_: "<p>流程</p>")
    )
    notes, old = [], desk.file(fields={"details": WORDS})
    notes.append(checkpoint(desk))
    desk.do(old, "accept")
    notes.append(checkpoint(desk))
    desk.later(hours=1)
    since = desk.clock.now
    filed = desk.file("inaccurate", fields={"details": WORDS, "answer": "它说的话"})
    for name in ("accept", "ask", "supply"):
        desk.do(filed, name)
    desk.do(old, "start")
    notes.append(checkpoint(desk))
    for name in ("decide", "release", "rate"):
        desk.do(filed, name)
    desk.do(old, "note")
    desk.later(hours=1)
    until = desk.clock.now
    notes.append(checkpoint(desk))
    desk.later(days=1)
    desk.do(old, "note")
    with desk.installation.reading() as work:
        key, origin = Ed25519PrivateKey.from_private_bytes(work.keys.log), work.origin
    return Lived(desk, key, origin, filed, notes, since, until)


def make_period(lived, path):
    lived.desk.read(lambda work: bundle.period(work, path, lived.since, lived.until))
    return path


def make_case(lived, path, **options):
    lived.desk.read(lambda work: bundle.case(work, path, find(work, lived.filed.number), **options))
    return path


def steps(path, keys, older=()):
    return verify_bundle(Files(path), keys, older)


def codes(path, keys, older=()):
    return [step.code for step in steps(path, keys, older) if not step.good]


def unpacked(path):
    archive = zipfile.ZipFile(path)
    return {name: archive.read(name) for name in archive.namelist()}


def packed(files, path):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
