"""`complaints verify`: check a receipt without Flask, without a database, without us."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from complaints.evidence import receipts

FOUND, WRONG_USE = 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Verify a receipt; exit code 0 good, 1 a finding, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="complaints", description="Verify what an installation gave out.")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="verify a receipt")
    verify.add_argument("receipt", type=Path)
    verify.add_argument(
        "--key", default="", help="the installation's public key, base64, from outside the receipt"
    )
    given = parser.parse_args(arguments)
    try:
        receipt = json.loads(given.receipt.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        print(f"{given.receipt}: cannot be read ({type(error).__name__})", file=sys.stderr)
        return WRONG_USE
    steps = receipts.verify(receipt, given.key)
    for step in steps:
        print(f"{step.number}. [{'ok' if step.good else 'NO'}] {step.text}")
    return 0 if all(step.good for step in steps) else FOUND


if __name__ == "__main__":
    sys.exit(main())
