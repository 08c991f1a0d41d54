"""The log's own work in a tick, beside servers that take filings: `python -m benchmarks.sequencing SECONDS`.

Works every so many seconds, the first time after half of them, until its input ends; prints how often it ran and how
many events it placed. With 0 seconds it places what waits, once, and says how many events are without a place.
"""

from __future__ import annotations

import json
import select
import sys

from sqlalchemy import func
from sqlalchemy import select as query

from benchmarks.host import create_app
from complaints.jobs.checkpoints import tend
from complaints.store.tables import Event


def main(every: float) -> None:
    app = create_app()
    ran, placed = 0, 0
    with app.app_context():
        found = app.extensions["complaints"]
        print("ready", flush=True)
        pause = every / 2
        while every and not select.select([sys.stdin], [], [], pause)[0]:
            ran, placed, pause = ran + 1, placed + tend(found).placed, every
        if not every:
            while done := tend(found).placed:
                placed += done
        with found.database.reading() as session:
            waiting = session.scalar(query(func.count()).where(Event.leaf_index.is_(None)))
            events = session.scalar(query(func.count()).select_from(Event))
    print(json.dumps({"ran": ran, "placed": placed, "waiting": waiting, "events": events}))


if __name__ == "__main__":
    main(float(sys.argv[1]))
