"""Time from spawn to the first good answer, and memory per worker after each has served pages."""

from __future__ import annotations

import argparse
from collections import defaultdict
from contextlib import ExitStack
from typing import Any

from benchmarks import places, servers, stats
from benchmarks.load import Visitor

CONTENDERS = (servers.OURS, servers.HELP, servers.BARE)
PAGES_EACH = 40


def run(options: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for kind in options.databases:
        figures[kind] = _on(kind, options.rounds)
    path = stats.keep("start", figures)
    print(f"kept in {path.relative_to(servers.HERE.parent)}")
    return figures


def _on(kind: str, rounds: int) -> dict[str, Any]:
    seconds: dict[str, list[float]] = defaultdict(list)
    sizes: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with ExitStack() as stack:
        folder = stack.enter_context(places.folder())
        urls = {}
        for each in CONTENDERS:
            urls[each.name] = stack.enter_context(places.database(kind, each.name.replace("-", "_"), folder))
            servers.prepare(each, urls[each.name], folder / each.name)
        for turn in range(rounds):
            # The first start writes .pyc files and fills the page cache: it is thrown away.
            for each in CONTENDERS if turn else CONTENDERS * 2:
                with servers.served(each, urls[each.name], folder / each.name) as up:
                    _visit(up)
                    measured = [servers.memory(pid) for pid in up.workers()]
                if turn or len(seconds) == len(CONTENDERS):
                    seconds[each.name].append(up.first_answer)
                    for worker in measured:
                        for what, size in worker.items():
                            sizes[each.name][what].append(size)
                else:
                    seconds[each.name] = []
    rows = []
    found = {}
    for name, times in seconds.items():
        first, resident, own = (
            stats.spread(times),
            stats.spread(sizes[name]["rss"]),
            stats.spread(sizes[name]["pss"]),
        )
        found[name] = {"first_answer_seconds": first, "rss_mb": resident, "pss_mb": own}
        rows.append(
            (
                name,
                *(
                    f"{each['median']:.{n}f} ({each['low']:.{n}f}–{each['high']:.{n}f})"
                    for each, n in ((first, 2), (resident, 0), (own, 0))
                ),
            )
        )
    print(f"\n{kind}: median (low–high) of {rounds} starts with {servers.WORKERS} workers")
    print(stats.table(("contender", "first answer, s", "worker RSS, MB", "worker PSS, MB"), rows), flush=True)
    return found


def _visit(up: servers.Served) -> None:
    """Pages on connections of their own, so that every worker has served some."""
    for _ in range(PAGES_EACH):
        visitor = Visitor(up.port)
        visitor.get(up.contender.page).expect(200)
        visitor.renew()
