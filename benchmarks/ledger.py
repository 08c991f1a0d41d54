"""What the handling log costs: verifying it beside a bare loop, its memory, and filing while events get their places."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from benchmarks import places, scenarios, servers, stats
from benchmarks.load import Visitor, drive

# Asked for: the verifier beside the bare loop, bytes a stream, filing with the sequencer beside filing without.
VERIFIER, BYTES, INTAKE = 0.75, 200, 0.9
STREAMS = (10_000, 50_000, 500_000)
# The verifier's own limit, one so low that nearly all is spilled, and one that is never reached.
LIMITS = {"50,000 (its own)": 50_000, "1,000": 1_000, "none": 10**9}


def run(options: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {"options": {k: v for k, v in vars(options).items() if k != "what"}}
    figures["verifier"] = _verifier(options)
    figures["memory"] = _memory()
    for kind in options.databases:
        figures[kind] = _intake(kind, options)
    path = stats.keep("ledger", figures)
    print(f"\nkept in {path.relative_to(servers.HERE.parent)}")
    return figures


def _child(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks.proving", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _verifier(options: argparse.Namespace) -> dict[str, Any]:
    rounds: dict[str, list[float]] = defaultdict(list)
    with places.folder() as folder:
        _child("write", str(options.leaves), str(folder))
        for _ in range(options.rounds):
            found = json.loads(_child("rate", str(folder)))
            if found["leaves"] != options.leaves:
                raise SystemExit(f"{found['leaves']} leaves were verified instead of {options.leaves}")
            for name in ("bare", "verifier", "bundle"):
                rounds[name].append(found[name])
    rows, figures = [], {"leaves": options.leaves, "bytes_a_leaf": found["bytes"]}
    for name, words in (
        ("bare", "json.loads and SHA-256"),
        ("verifier", "parse, hash, chain, tree"),
        ("bundle", "a bundle's step: from a file, times and figures too"),
    ):
        each, ratio = stats.spread(rounds[name]), stats.ratio(rounds[name], rounds["bare"])
        figures[name] = {"per_second": each, "ratio": ratio}
        asked = _verdict(ratio["median"], VERIFIER) if name == "verifier" else ""
        shown = f"{ratio['median']:.2f} ({ratio['low']:.2f}–{ratio['high']:.2f})"
        rows.append(
            (words, f"{each['median']:,.0f}", f"{each['low']:,.0f}–{each['high']:,.0f}", shown, asked)
        )
    print(
        f"\n{options.leaves:,} leaves of {found['bytes']:.0f} bytes on average, median of {options.rounds} processes"
    )
    print(stats.table(("", "leaves a second", "low–high", "ratio", "asked"), rows), flush=True)
    return figures


def _memory() -> list[dict[str, Any]]:
    figures, rows = [], []
    for words, limit in LIMITS.items():
        base = 0.0
        for streams in STREAMS:
            found = json.loads(_child("memory", str(streams), str(limit)))
            base = base or found["bytes"]
            each = (found["bytes"] - base) / (streams - STREAMS[0]) if streams > STREAMS[0] else None
            figures.append({"limit": limit, "streams": streams, "bytes_a_stream": each, **found})
            # Asked of what the verifier does by itself, up to the largest log.
            asked = each is not None and streams == STREAMS[-1] and limit < STREAMS[-1]
            rows.append(
                (
                    words,
                    f"{streams:,}",
                    f"{found['bytes'] / 1e6:.1f}",
                    "yes" if found["spilled"] else "no",
                    "–" if each is None else f"{each:.0f}",
                    _verdict(each, BYTES, at_least=False) if asked and each is not None else "",
                )
            )
    print("\nresident memory of chains and tree, one leaf per stream; peak of a process of its own")
    head = ("limit", "streams", "peak MB", "spilled", f"bytes a stream above {STREAMS[0]:,}", "asked")
    print(stats.table(head, rows), flush=True)
    return figures


def _intake(kind: str, options: argparse.Namespace) -> dict[str, Any]:
    """Filings a second by the short form, in turns with and without the sequencer beside the servers."""
    rates: dict[str, list[float]] = {"off": [], "on": []}
    ticks = filed = placed = 0
    seconds = max(options.seconds, options.every)
    with ExitStack() as stack:
        folder = stack.enter_context(places.folder())
        url = stack.enter_context(places.database(kind, "ledger", folder))
        own = folder / "ledger"
        servers.prepare(servers.OURS, url, own)
        at_first = json.loads(_sequencer(url, own, 0).communicate("")[0])["events"]
        up = stack.enter_context(servers.served(servers.OURS, url, own))
        scenarios.rehearse(Visitor(up.port))

        def drive_for(span: float) -> float:
            nonlocal filed
            done = drive(up.port, scenarios.short, seconds=span, clients=options.clients, renew=options.renew)
            filed += len(done.filed)
            return done.rate

        drive_for(options.warm_up)
        for turn in range(options.rounds):
            for name in ("off", "on") if turn % 2 == 0 else ("on", "off"):
                sequencer = _sequencer(url, own, options.every) if name == "on" else None
                rates[name].append(drive_for(seconds))
                print(
                    f"{kind:>10}  round {turn + 1}  sequencer {name:<3} {rates[name][-1]:7.1f}/s", flush=True
                )
                if sequencer is not None:
                    found = json.loads(sequencer.communicate("")[0])
                    if sequencer.returncode or not found["ran"] or not found["placed"]:
                        raise SystemExit(f"the sequencer did nothing in its round: {found}")
                    ticks, placed = ticks + found["ran"], placed + found["placed"]
        rest = json.loads(_sequencer(url, own, 0).communicate("")[0])
        placed += rest["placed"]
        places.check_durable(url)
        if (rows := places.rows(url, servers.OURS.table)) != filed:
            raise SystemExit(f"{filed} filings were answered, {rows} rows are there")
        if rest["waiting"] or placed != rest["events"] - at_first:
            raise SystemExit(f"{placed} of {rest['events'] - at_first} events were given a place")
    ratio = stats.ratio(rates["on"], rates["off"])
    rows_ = [
        (name, *(f"{stats.spread(each)[of]:.1f}" for of in ("median", "low", "high")))
        for name, each in rates.items()
    ]
    print(
        f"\n{kind}: filings a second, {options.rounds} rounds of {seconds:g} s, a tick every {options.every:g} s"
    )
    print(stats.table(("sequencer", "median", "low", "high"), rows_))
    print(
        f"on : off {ratio['median']:.2f} ({ratio['low']:.2f}–{ratio['high']:.2f}), asked "
        f"{_verdict(ratio['median'], INTAKE)}; {filed} filings, {placed} events placed, {ticks} ticks in the rounds",
        flush=True,
    )
    return {
        "per_second": {name: stats.spread(each) for name, each in rates.items()},
        "ratio": ratio,
        "filed": filed,
        "placed": placed,
        "ticks": ticks,
    }


def _sequencer(url: URL, own: Path, every: float) -> subprocess.Popen[str]:
    """The sequencer in a process of its own, ready to work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sequencing", str(every)],
        env=servers.environment(servers.OURS, url, own),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        raise SystemExit("the sequencer did not start")
    return process


def _verdict(value: float, asked: float, *, at_least: bool = True) -> str:
    good = value >= asked if at_least else value <= asked
    return f"{'≥' if at_least else '≤'} {asked}: {'met' if good else 'MISSED'}"
