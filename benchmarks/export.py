"""What leaving the system costs: our exports beside the plainest writer over the same rows, in the same minutes."""

from __future__ import annotations

import argparse
import csv
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, insert

from benchmarks import places, servers, stats

START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
PER_COMPLAINT = 8
BATCH = 5000
EVENTS, MANY = 200_000, 1_000_000
# Asked for: rows a second beside the plain writer, and the most memory above the start, in MB.
GOALS = {"jsonl": 0.5, "csv": 1 / 3, "xlsx": 1 / 1.3}
MEMORY = 64


def run(options: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for kind in options.databases:
        with places.folder() as folder, places.database(kind, "export", folder) as url:
            fill(url.render_as_string(hide_password=False), options.events)
            found = {
                form: _measure(form, url.render_as_string(hide_password=False), folder, options)
                for form in ("jsonl", "csv", "xlsx")
            }
        figures[kind] = {"events": options.events, **found}
        rows = []
        for form, each in found.items():
            ours, theirs, ratio = each["ours"], each["plain"], each["ratio"]
            rows.append(
                (
                    form,
                    *(f"{x['median']:,.0f} ({x['low']:,.0f}–{x['high']:,.0f})" for x in (ours, theirs)),
                    f"{ratio['median']:.2f} ({ratio['low']:.2f}–{ratio['high']:.2f})",
                    f"{GOALS[form]:.2f}",
                    f"{max(each['memory_mb']):.0f}",
                    "met"
                    if ratio["median"] >= GOALS[form] and max(each["memory_mb"]) <= MEMORY
                    else "MISSED",
                )
            )
        print(f"\n{kind}: {options.events:,} events, median (low–high) of {options.rounds} rounds")
        print(
            stats.table(
                (
                    "format",
                    "ours, rows/s",
                    "plain writer, rows/s",
                    "ratio",
                    "at least",
                    f"MB, at most {MEMORY}",
                    "",
                ),
                rows,
            ),
            flush=True,
        )
    path = stats.keep("export", figures)
    print(f"kept in {path.relative_to(servers.HERE.parent)}")
    return figures


def _measure(form: str, url: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Each round in a process of its own: memory is a peak, and nothing of the last round may be in it."""
    ours, plain, memory = [], [], []
    for _ in range(options.rounds):
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.export", form, url, str(folder)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        rows, mine, theirs, grown = int(answer[0]), *map(float, answer[1:])
        if rows != options.events:
            raise SystemExit(f"{form}: {rows} rows left instead of {options.events}")
        ours.append(rows / mine)
        plain.append(rows / theirs)
        memory.append(grown)
    return {
        "ours": stats.spread(ours),
        "plain": stats.spread(plain),
        "ratio": stats.ratio(ours, plain),
        "memory_mb": memory,
    }


def fill(url: str, events: int) -> None:
    """A log like a real one: leaves of 500 to 900 bytes, eight per complaint, sealed and in the tree."""
    from complaints.base.resources import folder as packaged
    from complaints.ledger.canonical import dumps
    from complaints.ledger.projection import COLUMNS
    from complaints.ledger.proof import ZERO, leaf_hash
    from complaints.ledger.sequencer import sequence
    from complaints.store import schema
    from complaints.store.tables import Complaint, Event
    from complaints.store.transactions import Database

    engine = create_engine(url)
    schema.upgrade(engine, packaged("migrations"))
    left, number, said = (
        events,
        0,
        ("filed", "accepted", "viewed", "asked", "supplied", "replied", "decided", "released"),
    )
    while left:
        cases, rows = [], []
        for _ in range(min(BATCH, -(-left // PER_COMPLAINT))):
            uid, at, head = secrets.token_hex(16), START + timedelta(seconds=7 * number), ZERO
            case = dict.fromkeys(COLUMNS)
            case |= {
                "uid": uid,
                "number": f"TS20260105-{number:06X}",
                "state": "decided",
                "type": "inaccurate",
                "filed_type": "inaccurate",
                "severity": "normal",
                "restricted": False,
                "is_test": number % 50 == 0,
                "channel": "web",
                "lang": "zh",
                "policy_version": 0,
                "answer_mark": "none",
                "filed_at": at,
                "cycle": 0,
                "provisional": False,
                "late": False,
                "appeals": 0,
                "reach": "",
                "contact_verified": False,
                "files": 0,
                "unread": False,
                "version": 8,
                "filing_hash": secrets.token_hex(32),
                "code_hash": "",
                "outcome": "upheld",
            }
            cases.append(case)
            number += 1
            for seq in range(1, min(PER_COMPLAINT, left) + 1):
                kind, when = said[seq - 1], at + timedelta(minutes=seq)
                body = {
                    "v": 1,
                    "origin": "ai.example.cn",
                    "stream": uid,
                    "seq": seq,
                    "prev": head.hex(),
                    "type": kind,
                    "at": when.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                    "actor": f"handler:op_{number % 7:08x}",
                    "meta": {
                        "change": {
                            "state": ["submitted", kind],
                            "accepted_at": [None, "2026-01-05T01:00:00.000000Z"],
                        },
                        "clocks": [
                            {
                                "cycle": 0,
                                "kind": "accept",
                                "step": "due",
                                "rev": 0,
                                "state": "met",
                                "acted_at": "2026-01-05T01:00:00.000000Z",
                            }
                        ]
                        * (1 + seq % 3),
                        "note": "已核实；处理中",
                    },
                    "commits": {"message": secrets.token_hex(32)} if seq % 2 else {},
                }
                leaf = dumps(body)
                head = leaf_hash(leaf)
                rows.append({"stream": uid, "seq": seq, "type": kind, "at": when, "leaf": leaf})
            left -= min(PER_COMPLAINT, left)
        with engine.begin() as connection:
            connection.execute(insert(Complaint.__table__), cases)
            connection.execute(insert(Event.__table__), rows)
    while sequence(Database(engine)):
        pass
    engine.dispose()


def installation(url: str, folder: Path) -> Any:
    from complaints.administration.installation import Hooks, Installation
    from complaints.base.keys import Keys
    from complaints.base.settings import Settings
    from complaints.store.files import LocalFiles
    from complaints.store.transactions import Database

    values = {"SECRET_KEY": "of this run", "COMPLAINTS_BASE_URL": "https://ai.example.cn", "TESTING": True}
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _wal(connection: Any, _: Any) -> None:
            connection.execute("PRAGMA journal_mode=WAL")

    made = Installation(
        Settings.from_mapping(values, folder), Database(engine), LocalFiles(folder / "files"), Hooks()
    )
    made.__dict__["keys"] = Keys.random()
    return made


def child(form: str, url: str, folder: Path) -> None:
    """One round: ours from the database to a file, then the plain writer with the same rows from memory."""
    from complaints.evidence import export, handling_log
    from complaints.evidence.cells import shown
    from complaints.evidence.chosen import Chosen

    found = installation(url, folder)
    chosen = export.settle(found, Chosen("log", form))
    chosen = replace(chosen, at=START)
    target = folder / f"ours.{form}"
    with found.reading() as work:
        # The first page loads what is loaded once, and would be paid by whoever came first.
        next(handling_log.batches(work, chosen))
        before = peak(anew=True)
        began = time.perf_counter()
        with target.open("wb") as file:
            for block in export.stream(work, chosen):
                file.write(block)
        mine = time.perf_counter() - began
        grown = peak() - before
        rows = [
            row for _, batch in handling_log.batches(work, chosen) for row in handling_log.table(batch, shown)
        ]
    theirs = PLAIN[form](rows, folder / f"plain.{form}")
    print(len(rows), mine, theirs, grown)


def _csv(rows: list[Any], target: Path) -> float:
    began = time.perf_counter()
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return time.perf_counter() - began


def _xlsx(rows: list[Any], target: Path) -> float:
    import xlsxwriter

    began = time.perf_counter()
    book = xlsxwriter.Workbook(
        str(target),
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    sheet = book.add_worksheet()
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write_string(place, column, cell)
    book.close()
    return time.perf_counter() - began


PLAIN: dict[str, Callable[[list[Any], Path], float]] = {"jsonl": _csv, "csv": _csv, "xlsx": _xlsx}


def peak(*, anew: bool = False) -> float:
    """The most memory this process has had, in MB; `anew` begins at what it has now."""
    if anew:
        # getrusage would count what the parent had before this process was its own.
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


if __name__ == "__main__":
    child(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
