"""The verifier over a log of the package's own writing; each measurement runs in a process of its own.

`python -m benchmarks.proving write COUNT FOLDER`, `… rate FOLDER` and `… memory STREAMS LIMIT`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select

from benchmarks.export import installation, peak
from complaints.administration import sampling
from complaints.base.resources import folder as packaged
from complaints.ledger import proof
from complaints.ledger.canonical import dumps
from complaints.ledger.sequencer import sequence
from complaints.store import schema
from complaints.store.tables import Event

BLOCK = 1024


def written(folder: Path) -> list[dict[str, Any]]:
    """The leaves of all sample complaints, filed and handled by the services, in the order of the tree."""
    url = f"sqlite:///{folder / 'sample.db'}"
    engine = create_engine(url)
    schema.upgrade(engine, packaged("migrations"))
    found = installation(url, folder)
    sampling.fill(found)
    while sequence(found.database):
        pass
    with found.database.reading() as session:
        leaves = [json.loads(leaf) for leaf in session.scalars(select(Event.leaf).order_by(Event.leaf_index))]
    engine.dispose()
    return leaves


def copies(entries: Sequence[dict[str, Any]], count: int) -> Iterator[bytes]:
    """The same lives again and again under new names, each chained anew, until there are `count` leaves."""
    done = 0
    while done < count:
        names, heads = dict[str, str](), dict[str, bytes]()
        for entry in entries[: count - done]:
            stream = names.setdefault(entry["stream"], secrets.token_hex(16))
            leaf = dumps({**entry, "stream": stream, "prev": heads.get(stream, proof.ZERO).hex()})
            heads[stream] = proof.leaf_hash(leaf)
            yield leaf
        done += len(entries)


def write(count: int, folder: Path) -> None:
    """A bundle's log without the rest of the bundle."""
    (folder / "log").mkdir()
    (folder / "log" / "peaks.json").write_text("[]", encoding="ascii")
    with (folder / "log" / "leaves.jsonl").open("wb") as file:
        file.writelines(leaf + b"\n" for leaf in copies(written(folder), count))


def rate(folder: Path) -> dict[str, Any]:
    """Leaves per second of processor time: the bare loop, the verifier's loop, and a bundle's whole step."""
    leaves = (folder / "log" / "leaves.jsonl").read_bytes().split(b"\n")[:-1]
    bare = _timed(lambda: _bare(leaves))
    tree = proof.Tree()
    chain = _timed(lambda: _verified(leaves, tree))
    step = proof._Seen(proof.Files(folder), (), (), proof.KeyRing(()))  # noqa: SLF001 - one step of a bundle, not all ten
    step.manifest = {"origin": json.loads(leaves[0])["origin"]}
    step.after = proof.Checkpoint("", len(leaves), tree.root())
    whole = _timed(lambda: proof._period(step))  # noqa: SLF001 - as above
    if tree.size != len(leaves) or sum(step.counted.events.values()) != len(leaves):
        raise SystemExit(f"{tree.size} leaves in the tree, {len(leaves)} in the log")
    found = {"bare": bare, "verifier": chain, "bundle": whole}
    size = sum(map(len, leaves)) / len(leaves)
    return {"leaves": len(leaves), "bytes": size, **{k: len(leaves) / v for k, v in found.items()}}


def _bare(leaves: Sequence[bytes]) -> None:
    read, digest = json.loads, hashlib.sha256
    for leaf in leaves:
        read(leaf)
        digest(leaf).digest()


def _verified(leaves: Sequence[bytes], tree: proof.Tree) -> None:
    chains, block = proof.Chains(), list[bytes]()
    for leaf in leaves:
        _, mark, wrong = chains.take(leaf)
        if wrong:
            raise SystemExit(f"the verifier refuses what the package wrote: {wrong[0]}")
        block.append(mark)
        if len(block) == BLOCK:
            tree.extend(block)
            block.clear()
    tree.extend(block)


def _timed(act: Callable[[], object]) -> float:
    # Processor time, since whatever else the machine does meanwhile is nobody's cost here.
    began = time.process_time()
    act()
    return time.process_time() - began


def memory(streams: int, limit: int) -> dict[str, Any]:
    """Bytes of resident memory the chains and the tree take at most, with one leaf per stream, the worst case."""
    body = {
        "v": 1, "origin": "ai.example.cn", "stream": "", "seq": 1, "prev": proof.ZERO.hex(), "type": "filed",
        "at": "2026-01-05T01:00:00.000000Z", "actor": "complainant", "meta": {"policy": "0" * 64}, "commits": {},
    }  # fmt: skip
    chains, tree = proof.Chains(most=limit), proof.Tree()
    chains.take(dumps(body))
    before = peak(anew=True)
    for _ in range(streams):
        _, mark, wrong = chains.take(dumps({**body, "stream": secrets.token_hex(16)}))
        if wrong:
            raise SystemExit(f"the verifier refuses what the package wrote: {wrong[0]}")
        tree.add(mark)
    return {"bytes": (peak() - before) * 2**20, "spilled": chains._spilled is not None}  # noqa: SLF001 - nobody else asks


def main(arguments: list[str]) -> None:
    match arguments:
        case ["write", count, folder]:
            write(int(count), Path(folder))
        case ["rate", folder]:
            print(json.dumps(rate(Path(folder))))
        case ["memory", streams, limit]:
            print(json.dumps(memory(int(streams), int(limit))))


if __name__ == "__main__":
    main(sys.argv[1:])
