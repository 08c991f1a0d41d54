"""`complaints verify`: check a receipt or a bundle without Flask, without a database, without us."""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from pathlib import Path

from complaints.evidence import receipt_check
from complaints.ledger import proof

FOUND, WRONG_USE = 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Verify a receipt or a bundle; exit code 0 good, 1 a finding, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="complaints", description="Verify what an installation gave out.")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser(
        "verify", help="verify a receipt (a promise of filing, or a proof) or a bundle of evidence"
    )
    verify.add_argument("file", type=Path)
    verify.add_argument(
        "--key",
        action="append",
        default=[],
        help="the installation's public key (vkey), from outside the receipt; again for each key you have",
    )
    verify.add_argument(
        "--checkpoint",
        type=Path,
        default=None,
        help="an older checkpoint from outside, as a witness keeps it",
    )
    given = parser.parse_args(arguments)
    if given.file.is_dir() or zipfile.is_zipfile(given.file):
        words = [word for key in given.key for word in ("--key", key)]
        words += ["--checkpoint", str(given.checkpoint)] if given.checkpoint else []
        return proof.main([str(given.file), *words])
    try:
        receipt = proof.strict(given.file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        return _unreadable(given.file, error)
    try:
        # As an editor may have saved it: with a mark at its beginning.
        older = given.checkpoint.read_text(encoding="utf-8-sig") if given.checkpoint else ""
    except (OSError, ValueError) as error:
        return _unreadable(given.checkpoint, error)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A console without Chinese characters must not keep the result back.
        sys.stdout.reconfigure(errors="replace")
    steps = receipt_check.verify(receipt, given.key, older)
    for step in steps:
        mark = "ok" if step.good else f"NO {step.code}".strip()
        print(f"{step.number}. [{mark}] {_tame(step.zh)}\n        {_tame(step.en)}")
    return 0 if all(step.good for step in steps) else FOUND


def _tame(text: str) -> str:
    """Without characters by which a made-up receipt could command the reader's terminal."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _unreadable(path: Path, error: Exception) -> int:
    print(f"{path}: 无法读取 / cannot be read ({type(error).__name__})", file=sys.stderr)
    return WRONG_USE


if __name__ == "__main__":
    sys.exit(main())
