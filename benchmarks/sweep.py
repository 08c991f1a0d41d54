"""A sweep over 1,000 and 100,000 open complaints of which 100 are due, beside django-helpdesk's escalation."""

from __future__ import annotations

import argparse
import json
import statistics
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from benchmarks import places, servers, stats
from benchmarks.sweeping import DUE

SMALL, LARGE, HUGE = 1_000, 100_000, 1_000_000
PEER = "django-helpdesk"
# asked for: how the large run may compare with the small one, statements a milestone, of an idle tick, times faster
GROWTH, STATEMENTS, IDLE, FASTER = 1.2, 8, 3, 3


def run(options: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {"options": {k: v for k, v in vars(options).items() if k != "what"}}
    sizes = [SMALL, LARGE, *([HUGE] if options.large else [])]
    for kind in options.databases:
        figures[kind] = _on(kind, sizes, options)
    path = stats.keep("sweep", figures)
    print(f"\nkept in {path.relative_to(servers.HERE.parent)}")
    return figures


def _on(kind: str, sizes: list[int], options: argparse.Namespace) -> dict[str, Any]:
    measured: dict[str, list[dict[str, Any]]] = {}
    with ExitStack() as stack:
        folder = stack.enter_context(places.folder())
        runs = []
        for size in sizes:
            name = f"open_{size}"
            url = stack.enter_context(places.database(kind, name, folder))
            servers.prepare(servers.OURS, url, folder / name)
            print(f"{kind:>10}  filling {size:,} open complaints", flush=True)
            command = ("-m", "benchmarks.sweeping", "fill", str(size), str(options.rounds * _TURNS))
            servers.run(servers.OURS, command, url, folder / name)
            settle(url)
            places.check_durable(url)
            runs.append((f"{size:,} open", servers.OURS, url, folder / name))
        url = stack.enter_context(places.database(kind, "helpdesk", folder))
        servers.prepare(servers.HELP, url, folder / "helpdesk")
        print(f"{kind:>10}  filling {LARGE:,} tickets of {PEER}", flush=True)
        _peer(url, folder / "helpdesk", "tickets", str(LARGE), str(DUE))
        settle(url)
        runs.append((PEER, servers.HELP, url, folder / "helpdesk"))
        for turn in range(_TURNS):
            for name, contender, url, own in (*runs[turn % 2 :], *runs[: turn % 2]):
                measured.setdefault(name, []).append(_once(contender, url, own, turn, options.rounds))
    return _report(kind, sizes, measured)


_TURNS = 3


def _once(contender: servers.Contender, url: Any, own: Path, turn: int, rounds: int) -> Any:
    if contender is servers.HELP:
        return json.loads(_peer(url, own, "escalate", str(DUE), str(rounds)))
    command = ("-m", "benchmarks.sweeping", "measure", str(turn * rounds), str(rounds))
    return json.loads(servers.run(contender, command, url, own).splitlines()[-1])


def _peer(url: Any, own: Path, *command: str) -> str:
    return servers.run(
        servers.HELP, (str(servers.HERE / "peers" / "helpdesk_escalation.py"), *command), url, own
    )


def settle(url: Any) -> None:
    """Statistics as a database that has grown over weeks would have them."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("ANALYZE" if url.get_backend_name() == "sqlite" else "VACUUM ANALYZE"))
    engine.dispose()


def _report(kind: str, sizes: list[int], measured: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    found: dict[str, Any] = {"rows": {}, "checks": []}
    rows = []
    for name, turns in measured.items():
        times = [1000 * each for turn in turns for each in turn["seconds"]]
        spread = stats.spread(times)
        statements = max(max(turn["statements"]) for turn in turns)
        peak = statistics.median(turn["peak_mb"] for turn in turns)
        idle = max((turn["idle"] for turn in turns if "idle" in turn), default=None)
        found["rows"][name] = {
            "milliseconds": spread,
            "statements": statements,
            "peak_mb": peak,
            "idle": idle,
        }
        rows.append((name, f"{spread['median']:.0f}", f"{spread['low']:.0f}–{spread['high']:.0f}", str(statements), f"{statements / DUE:.2f}", "–" if idle is None else str(idle), f"{peak:.0f}"))  # fmt: skip
    print(f"\n{kind}: one pass over {DUE} due, median of {_TURNS} processes")
    head = ("", "ms", "low–high", "statements", "per milestone", "idle tick", "peak MB")
    print(stats.table(head, rows))
    ours = [found["rows"][f"{size:,} open"] for size in sizes]
    peer = found["rows"][PEER]["milliseconds"]["median"]
    small, large = ours[0], ours[1]
    checks = [
        ("time, 100,000 : 1,000", large["milliseconds"]["median"] / small["milliseconds"]["median"], GROWTH, False),
        ("peak memory, 100,000 : 1,000", large["peak_mb"] / small["peak_mb"], GROWTH, False),
        ("statements a milestone", max(each["statements"] for each in ours) / DUE, STATEMENTS, False),
        ("statements of an idle tick", max(each["idle"] for each in ours), IDLE, False),
        (f"times faster than {PEER}", peer / large["milliseconds"]["median"], FASTER, True),
    ]  # fmt: skip
    lines = []
    for words, value, asked, at_least in checks:
        good = value >= asked if at_least else value <= asked
        found["checks"].append({"what": words, "value": value, "asked": asked, "met": good})
        lines.append(
            (words, f"{value:.2f}", f"{'≥' if at_least else '≤'} {asked}", "met" if good else "MISSED")
        )
    print(stats.table(("", "found", "asked", ""), lines), flush=True)
    return found
