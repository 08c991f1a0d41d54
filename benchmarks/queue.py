"""The operators' pages over 1,000 and 100,000 complaints, beside django-helpdesk's list of tickets."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from benchmarks import places, servers, stats
from benchmarks.sweep import settle

LARGE, HUGE = 100_000, 1_000_000
PEER = "django-helpdesk"
# asked for: how a page over the large number may compare with the small one, statements of a page
GROWTH, STATEMENTS = 1.5, 12
# how many times faster than the peer's; of its list of open tickets, one in twenty, nothing is asked
FASTER = {"first page": 0, "all, first page": 50, "rare word": 10}
# A search reads the texts of its hits as well.
SEARCH, SEARCHED = "rare word", 3
# Of ours enough that a pause of Python's does not stand for one in twenty; the peer's pages take seconds.
_REQUESTS, _PEERS = 100, 20


def run(options: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {"options": {k: v for k, v in vars(options).items() if k != "what"}}
    sizes = [options.complaints // 100, options.complaints, *([HUGE] if options.large else [])]
    for kind in options.databases:
        figures[kind] = _on(kind, sizes, options)
    path = stats.keep("queue", figures)
    print(f"\nkept in {path.relative_to(servers.HERE.parent)}")
    return figures


def _on(kind: str, sizes: list[int], options: argparse.Namespace) -> dict[str, Any]:
    rounds: dict[str, list[dict[str, Any]]] = {}
    with ExitStack() as stack:
        folder = stack.enter_context(places.folder())
        runs = []
        for size in sizes:
            name = f"queue_{size}"
            url = stack.enter_context(places.database(kind, name, folder))
            servers.prepare(servers.OURS, url, folder / name)
            print(f"{kind:>10}  filling {size:,} complaints", flush=True)
            servers.run(servers.OURS, ("-m", "benchmarks.queueing", "fill", str(size)), url, folder / name)
            settle(url)
            places.check_durable(url)
            runs.append((f"{size:,}", servers.OURS, url, folder / name))
        if not options.alone:
            url = stack.enter_context(places.database(kind, "helpdesk", folder))
            servers.prepare(servers.HELP, url, folder / "helpdesk")
            print(f"{kind:>10}  filling {sizes[1]:,} tickets of {PEER}", flush=True)
            _peer(url, folder / "helpdesk", "fill", str(sizes[1]))
            settle(url)
            runs.append((PEER, servers.HELP, url, folder / "helpdesk"))
        for turn in range(options.rounds):
            for name, contender, url, own in (*runs[turn % 2 :], *runs[: turn % 2]):
                rounds.setdefault(name, []).append(_once(contender, url, own))
    return _report(kind, sizes, rounds)


def _once(contender: servers.Contender, url: URL, own: Path) -> Any:
    if contender is servers.HELP:
        return json.loads(_peer(url, own, "measure", str(_PEERS)))
    command = ("-m", "benchmarks.queueing", "measure", str(_REQUESTS))
    return json.loads(servers.run(contender, command, url, own).splitlines()[-1])


def _peer(url: URL, own: Path, *command: str) -> str:
    return servers.run(servers.HELP, (str(servers.HERE / "peers" / "helpdesk_list.py"), *command), url, own)


def _report(kind: str, sizes: list[int], rounds: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    found: dict[str, Any] = {"rows": {}, "checks": []}
    rows = []
    for name, turns in rounds.items():
        for page in turns[0]:
            spread = stats.spread([turn[page]["milliseconds"] for turn in turns])
            statements = max(turn[page]["statements"] for turn in turns)
            found["rows"][f"{name}: {page}"] = {"milliseconds": spread, "statements": statements}
            low, high = spread["low"], spread["high"]
            half = stats.spread([turn[page]["median"] for turn in turns])["median"]
            found["rows"][f"{name}: {page}"]["half"] = half
            rows.append(
                (
                    f"{name}: {page}",
                    f"{spread['median']:.1f}",
                    f"{low:.1f}–{high:.1f}",
                    f"{half:.1f}",
                    str(statements),
                )
            )
    print(f"\n{kind}: 95 of 100 requests are as fast, and half of them; median of the rounds")
    print(stats.table(("", "ms (95)", "low–high", "ms (50)", "statements"), rows))
    small, large = (rounds[f"{size:,}"] for size in sizes[:2])
    checks: list[tuple[str, float, float, bool]] = []
    for page in small[0]:
        growth = stats.ratio(
            [turn[page]["milliseconds"] for turn in large], [turn[page]["milliseconds"] for turn in small]
        )["median"]
        checks.append(
            (f"{page}, {sizes[1]:,} : {sizes[0]:,}", growth, SEARCHED if page == SEARCH else GROWTH, False)
        )
        most = max(turn[page]["statements"] for turn in (*small, *large))
        checks.append((f"{page}, statements", most, STATEMENTS, False))
    if PEER in rounds:
        for page, times in FASTER.items():
            # Half and half: of twenty pages of the peer the slowest is no measure, and a machine's mood passes over
            # ours within milliseconds.
            faster = stats.ratio(
                [turn[page]["median"] for turn in rounds[PEER]], [turn[page]["median"] for turn in large]
            )["median"]
            checks.append((f"{page}, times faster than {PEER}", faster, times, True))
    lines = []
    for words, value, asked, at_least in checks:
        if not asked:
            lines.append((words, f"{value:.2f}", "nothing", ""))
            continue
        good = value >= asked if at_least else value <= asked
        found["checks"].append({"what": words, "value": value, "asked": asked, "met": good})
        lines.append(
            (words, f"{value:.2f}", f"{'≥' if at_least else '≤'} {asked}", "met" if good else "MISSED")
        )
    print(stats.table(("", "found", "asked", ""), lines), flush=True)
    return found
