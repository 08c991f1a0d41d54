"""Readers of signed notes that are not ours: openssl with a parser written from c2sp.org/signed-note alone.

Where the package `aics-tlog` (Python 3.12 and newer) is installed, its parser and verifier read each note as well.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tempfile
from pathlib import Path

# RFC 8410: what stands before the 32 bytes of an Ed25519 public key in DER.
_PREFIX = bytes.fromhex("302a300506032b6570032100")


def by_openssl(note, vkey):
    """Origin, size and root of a note that `openssl pkeyutl` verifies against the key; raises otherwise."""
    name, key_id, encoded = vkey.split("+", 2)
    key = base64.b64decode(encoded)
    assert key[0] == 1
    assert hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex() == key_id
    cut = note.rindex("\n\n") + 1
    text, signatures = note[:cut], note[cut + 1 :]
    lines = [line.split(" ") for line in signatures.splitlines()]
    assert all(line[0] == "—" and len(line) == 3 for line in lines)
    raw = next(
        base64.b64decode(line[2])
        for line in lines
        if line[1] == name and base64.b64decode(line[2])[:4].hex() == key_id
    )
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "key.der").write_bytes(_PREFIX + key[1:])
        (place / "text").write_bytes(text.encode())
        (place / "signature").write_bytes(raw[4:])
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", place / "key.der"]
        command += ["-rawin", "-in", place / "text", "-sigfile", place / "signature"]
        subprocess.run(command, check=True, capture_output=True)
    origin, size, root = text.split("\n")[:3]
    return origin, int(size), base64.b64decode(root)


def by_aics_tlog(note, vkey):
    from aics_tlog import checkpoint
    from aics_tlog.note import parse_note, parse_vkey, verify_note

    parsed = parse_note(note)
    assert verify_note(parsed, [parse_vkey(vkey)])
    said = checkpoint.parse_checkpoint(parsed.text)
    return said.origin, said.size, said.root


def readers():
    try:
        import aics_tlog  # noqa: F401 - only whether it is there
    except ImportError:
        return [by_openssl]
    return [by_openssl, by_aics_tlog]
