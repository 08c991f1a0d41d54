"""`python -m benchmarks submit start workdays sweep export ledger seal queue`: what to measure, how long, on which databases."""

from __future__ import annotations

import argparse

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from benchmarks import export, ledger, places, queue, seal, start, submit, sweep, workdays

BENCHMARKS = {
    "submit": submit.run,
    "start": start.run,
    "workdays": workdays.run,
    "sweep": sweep.run,
    "export": export.run,
    "seal": seal.run,
    "ledger": ledger.run,
    "queue": queue.run,
}
# These ask no database.
ALONE = {"workdays", "seal"}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measured work, peers side by side."
    )
    parser.add_argument("what", nargs="+", choices=BENCHMARKS)
    parser.add_argument("--databases", nargs="+", choices=places.KINDS, default=list(places.KINDS))
    parser.add_argument(
        "--only", nargs="+", choices=submit.PATHS, default=list(submit.PATHS), help="paths of submit"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each round")
    parser.add_argument("--warm-up", type=float, default=3.0, help="seconds each path is driven beforehand")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--renew", type=int, default=10, help="submissions per connection")
    parser.add_argument(
        "--large",
        action="store_true",
        help="sweep and queue over 1,000,000 complaints too, export 1,000,000 events",
    )
    parser.add_argument(
        "--events", type=int, help=f"of export; {export.EVENTS:,}, or {export.MANY:,} with --large"
    )
    parser.add_argument(
        "--complaints", type=int, default=queue.LARGE, help="of queue; a hundredth beside them"
    )
    parser.add_argument("--alone", action="store_true", help="queue without its peer")
    parser.add_argument("--leaves", type=int, default=200_000, help="of ledger's verifier")
    parser.add_argument(
        "--every",
        type=float,
        default=30.0,
        help="seconds between two ticks in ledger, whose rounds last as long",
    )
    options = parser.parse_args()
    options.events = options.events or (export.MANY if options.large else export.EVENTS)
    if "postgresql" in options.databases and set(options.what) - ALONE:
        _demand_postgresql()
    for name in options.what:
        BENCHMARKS[name](options)


def _demand_postgresql() -> None:
    try:
        create_engine(places.server()).connect().close()
    except SQLAlchemyError as error:
        shown = places.server().render_as_string(hide_password=True)
        raise SystemExit(
            f"no PostgreSQL at {shown} ({type(error).__name__}): name one in {places.VARIABLE}, or say --databases sqlite"
        ) from error


if __name__ == "__main__":
    main()
