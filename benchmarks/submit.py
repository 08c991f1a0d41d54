"""Submissions a second: ours by the short form and by the whole path, django-helpdesk, a bare Flask form.

Every contender is up during the whole run, and only one is driven at a time; the rounds take turns.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from sqlalchemy import URL

from benchmarks import places, scenarios, servers, stats
from benchmarks.load import Act, Round, Visitor, drive

# name of the row → who serves it, and what a visitor does there
PATHS: dict[str, tuple[servers.Contender, Act]] = {
    "bare": (servers.BARE, scenarios.bare),
    "django-helpdesk": (servers.HELP, scenarios.helpdesk),
    "short": (servers.OURS, scenarios.short),
    "whole": (servers.OURS, scenarios.whole),
}
# row, beside row, what is asked for, what is aimed at
RATIOS = (
    ("short", "django-helpdesk", 1.8, 2.5),
    ("short", "bare", 0.4, 0.6),
    ("whole", "django-helpdesk", 1.3, 1.7),
)


def run(options: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {"options": {k: v for k, v in vars(options).items() if k != "what"}}
    for kind in options.databases:
        figures[kind] = _on(kind, options)
    path = stats.keep("submit", figures)
    print(f"\nkept in {path.relative_to(servers.HERE.parent)}")
    return figures


def _on(kind: str, options: argparse.Namespace) -> dict[str, Any]:
    chosen = {name: PATHS[name] for name in PATHS if name in options.only}
    contenders = {contender.name: contender for contender, _ in chosen.values()}
    rounds: dict[str, list[Round]] = defaultdict(list)
    filed: dict[str, set[str]] = defaultdict(set)
    with ExitStack() as stack:
        folder = stack.enter_context(places.folder())
        urls: dict[str, URL] = {}
        up: dict[str, servers.Served] = {}
        for name, contender in contenders.items():
            own = folder / name
            urls[name] = stack.enter_context(places.database(kind, name.replace("-", "_"), folder))
            servers.prepare(contender, urls[name], own)
            up[name] = stack.enter_context(servers.served(contender, urls[name], own))
        if servers.OURS.name in up:
            scenarios.rehearse(Visitor(up[servers.OURS.name].port))

        def drive_one(name: str, seconds: float) -> Round:
            contender, act = chosen[name]
            server = up[contender.name]
            computed = server.processor_seconds()
            done = drive(server.port, act, seconds=seconds, clients=options.clients, renew=options.renew)
            done = replace(done, processor=server.processor_seconds() - computed)
            before = len(filed[contender.name])
            filed[contender.name].update(done.filed)
            if len(filed[contender.name]) != before + len(done.filed):
                raise SystemExit(f"{name}: one filing was answered for two submissions")
            return done

        for name in chosen:
            drive_one(name, options.warm_up)
        processor = time.process_time()
        begin = time.perf_counter()
        for turn in range(options.rounds):
            names = list(chosen)
            # Nobody is always first after the pause, and nobody always follows the same neighbour.
            for name in (*names[turn % len(names) :], *names[: turn % len(names)]):
                done = drive_one(name, options.seconds)
                rounds[name].append(done)
                print(f"{kind:>10}  round {turn + 1}  {name:<16} {done.rate:7.1f}/s", flush=True)
        client_share = (time.process_time() - processor) / (time.perf_counter() - begin)
        for name, contender in contenders.items():
            places.check_durable(urls[name])
            if (found := places.rows(urls[name], contender.table)) != len(filed[name]):
                raise SystemExit(
                    f"{name}: {len(filed[name])} submissions were answered, {found} rows are there"
                )
    return _report(kind, rounds, filed, client_share)


def _report(
    kind: str, rounds: dict[str, list[Round]], filed: dict[str, set[str]], client_share: float
) -> dict[str, Any]:
    rates = {name: [each.rate for each in done] for name, done in rounds.items()}
    found: dict[str, Any] = {"client_share_of_a_core": round(client_share, 3), "rows": {}, "ratios": []}
    found["checked_rows"] = {name: len(names) for name, names in filed.items()}
    rows = []
    for name, done in rounds.items():
        durations = [1000 * duration for each in done for duration in each.durations]
        rate = stats.spread(rates[name])
        each = stats.spread([1000 * one.processor / len(one.filed) for one in done])
        latency = {"p50": stats.percentile(durations, 0.5), "p95": stats.percentile(durations, 0.95)}
        found["rows"][name] = {
            "per_second": rate,
            "rounds": rates[name],
            "milliseconds": latency,
            "server_cpu_ms": each,
        }
        range_ = f"{rate['low']:.1f}–{rate['high']:.1f}"
        submissions = str(sum(len(each.filed) for each in done))
        rows.append(
            (
                name,
                f"{rate['median']:.1f}",
                range_,
                f"{latency['p50']:.0f}",
                f"{latency['p95']:.0f}",
                f"{each['median']:.1f}",
                submissions,
            )
        )
    print(f"\n{kind}: submissions a second, median of {len(next(iter(rounds.values())))} rounds")
    print(stats.table(("path", "per second", "low–high", "p50 ms", "p95 ms", "CPU ms", "submissions"), rows))
    compared = []
    for ours, theirs, asked, aim in RATIOS:
        if ours in rates and theirs in rates:
            value = stats.ratio(rates[ours], rates[theirs])
            found["ratios"].append({"of": ours, "to": theirs, **value, "asked": asked, "aim": aim})
            verdict = "aim met" if value["median"] >= aim else "met" if value["median"] >= asked else "MISSED"
            range_ = f"{value['low']:.2f}–{value['high']:.2f}"
            compared.append(
                (f"{ours} : {theirs}", f"{value['median']:.2f}", range_, f"{asked}", f"{aim}", verdict)
            )
    if compared:
        print(stats.table(("ratio, round by round", "median", "low–high", "asked", "aim", ""), compared))
    print(
        f"errors 0, rows counted {found['checked_rows']}, client's share of a core {client_share:.2f}\n",
        flush=True,
    )
    return found
