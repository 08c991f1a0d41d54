"""Microseconds to seal and to check an answer of 4 kB, beside two SHA-256 over the same texts and one HMAC."""

from __future__ import annotations

import argparse
import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from benchmarks import servers, stats
from complaints import answers

KEY = hashlib.sha256(b"benchmark").digest()
ORIGIN = "ai.example.cn"
OUTPUT = ("太阳并不绕着地球转，地球绕着太阳转，一年一圈。" * 100)[:1365]
PROMPT = "太阳和地球，谁绕着谁转？"
NAMED = {"model": "m-1", "answer_id": "0123456789abcdef", "filing_no": "网信算备000号", "user_ref": "user-7"}
NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
TOKEN = answers.seal(KEY, ORIGIN, output=OUTPUT, prompt=PROMPT, at=NOW, **NAMED)  # type: ignore[arg-type]  # all text
TEXTS = OUTPUT.encode(), PROMPT.encode()
PIECES = [OUTPUT[at : at + 8] for at in range(0, len(OUTPUT), 8)]
CALLS, SPAN = 200, 0.2
ASKED = {"seal": 3.0, "check": 4.0}


def _floor() -> None:
    """What no seal can do without; the texts are bytes already, ours must encode them first."""
    for text in TEXTS:
        hashlib.sha256(text).digest()
    hmac.digest(KEY, TEXTS[1], "sha256")


def _seal() -> None:
    answers.seal(KEY, ORIGIN, output=OUTPUT, prompt=PROMPT, **NAMED)  # type: ignore[arg-type]  # all text


def _check() -> None:
    answers.check((KEY,), ORIGIN, TOKEN, output=OUTPUT, prompt=PROMPT, user_ref="user-7", now=NOW, days=180)


def _stream() -> None:
    sealer = answers.Sealer(KEY, ORIGIN, prompt=PROMPT, **NAMED)  # type: ignore[arg-type]  # all text
    for piece in PIECES:
        sealer.feed(piece)
    sealer.seal()


CONTENDERS: dict[str, Callable[[], None]] = {
    "floor": _floor,
    "seal": _seal,
    "check": _check,
    "stream": _stream,
}


def run(options: argparse.Namespace) -> dict[str, Any]:
    _agree()
    micros: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    names = list(CONTENDERS)
    for turn in range(options.rounds):
        for name in (*names[turn % len(names) :], *names[: turn % len(names)]):
            micros[name].append(_micros(CONTENDERS[name]))
    figures = _report(micros, options.rounds)
    path = stats.keep("seal", figures)
    print(f"kept in {path.relative_to(servers.HERE.parent)}")
    return figures


def _agree() -> None:
    """What does not verify, or is not refused, is not measured."""
    for output, mark in ((OUTPUT, "verified"), (OUTPUT + "。", "altered")):
        found = answers.check((KEY,), ORIGIN, TOKEN, output=output, prompt=PROMPT)
        if found.mark != mark:
            raise SystemExit(f"the token gives {found.mark} where it must give {mark}")


def _micros(act: Callable[[], None]) -> float:
    """Microseconds of processor time per call, again and again until the span is over."""
    calls, begin = 0, time.process_time()
    while (spent := time.process_time() - begin) < SPAN:
        for _ in range(CALLS):
            act()
        calls += CALLS
    return 1e6 * spent / calls


def _report(micros: dict[str, list[float]], rounds: int) -> dict[str, Any]:
    each = {name: stats.spread(found) for name, found in micros.items()}
    ratios = {name: stats.ratio(found, micros["floor"]) for name, found in micros.items() if name != "floor"}
    rows = [
        (
            name,
            f"{one['median']:.1f} ({one['low']:.1f}–{one['high']:.1f})",
            f"{ratios[name]['median']:.2f} ({ratios[name]['low']:.2f}–{ratios[name]['high']:.2f})"
            if name in ratios
            else "",
            f"{ASKED[name]:.0f}" if name in ASKED else "",
        )
        for name, one in each.items()
    ]
    print(f"\nµs computed per answer of {len(TEXTS[0])} bytes, median (low–high) of {rounds} rounds")
    print(stats.table(("", "µs", "times the floor", "at most"), rows))
    missed = [name for name, most in ASKED.items() if ratios[name]["median"] > most]
    print("asked: " + (f"MISSED for {', '.join(missed)}" if missed else "met for each"))
    return {"microseconds": each, "times_the_floor": ratios, "token_bytes": len(TOKEN)}
