"""Complaints in bulk as an office has them, and the operators' pages over them; each runs in a process of its own.

`python -m benchmarks.queueing fill COMPLAINTS` and `… measure REQUESTS`, with the environment of
`servers.environment`. Each complaint has its stream, its first event, its sealed words and its milestones. That most
of them have come to an end is written to the working table alone, for a list reads nothing else: an audit of this
database would say so.
"""

from __future__ import annotations

import json
import re
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert, select

from benchmarks.host import create_app
from benchmarks.scenarios import TEXT
from benchmarks.sweeping import BATCH
from complaints.administration import operators, sessions
from complaints.administration.installation import Installation
from complaints.base.clock import beijing
from complaints.base.ids import ALPHABET, complaint_number, random_uid
from complaints.cases import searching
from complaints.cases.intake import KINDS
from complaints.jobs.indexing import index
from complaints.ledger import sequencer
from complaints.ledger.entries import Clock, Personal
from complaints.ledger.opening import Opening, prepare_opening
from complaints.ledger.work import COMPLAINANT, SYSTEM, Work
from complaints.policy.deadlines import plan
from complaints.sla import milestones
from complaints.store.tables import Complaint, Event, Milestone, PersonKey, Private, Stream

ADMIN = "/complaints/admin"
# A Monday; what is open arrived in the week before it.
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
# One in twenty is open; one in four is of the type that is filtered for; ten people share the work.
OPEN, TYPES, PEOPLE = 20, ("inaccurate", "other", "billing", "service"), 10
# One complaint in the middle of all of them says this; forty came by letter.
RARE, LETTERS = "葡萄柚", 40
_SHARE = 0.95
_PLANNED: dict[tuple[str, datetime], list[Clock]] = {}


def fill(found: Installation, amount: int) -> None:
    found.now = lambda: NOW
    with found.reading() as work:
        pending: list[Opening] = []
        for n in range(1, amount + 1):
            pending.append(_opened(work, n, amount))
            if len(pending) == BATCH or n == amount:
                _write(found, n - len(pending), pending)
                pending = []
    # As the clock does, at one go: every event its place in the tree, every text into the search index.
    while sequencer.sequence(found.database):
        continue
    index(found, seconds=float("inf"))


def measure(app: Flask, found: Installation, requests: int) -> dict[str, Any]:
    """Milliseconds (95 of 100 are as fast, and half of them) and statements of each page, as a supervisor reads it."""
    found.now = lambda: NOW
    client, statements = _logged_in(app, found), list[str]()
    event.listen(found.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    figures = {}
    for name, path in _pages(found, client).items():
        seconds, most = [], 0
        client.get(path)
        for _ in range(requests):
            statements.clear()
            begin = time.perf_counter()
            answer = client.get(path)
            seconds.append(time.perf_counter() - begin)
            most = max(most, len(statements))
            if answer.status_code != 200 or not re.search(rb"TS\d{8}-", answer.data):
                raise SystemExit(f"{path} answered {answer.status_code} without a complaint")
        seconds.sort()
        figures[name] = {
            "milliseconds": 1000 * seconds[int(_SHARE * (requests - 1))],
            "median": 1000 * seconds[requests // 2],
            "statements": most,
        }
    return figures


def _pages(found: Installation, client: FlaskClient) -> dict[str, str]:
    """What is read; the deep page begins in the middle of everything."""
    with found.database.reading() as session:
        ended = select(Complaint.id).where(Complaint.due_next.is_(None)).order_by(Complaint.id)
        rows = session.scalars(ended).all()
        number = session.scalar(select(Complaint.number).where(Complaint.due_next.is_not(None)).limit(1))
    with found.reading() as work:
        token = searching.seal(work, RARE)
    # Views that are kept are counted on each page.
    client.get(f"{ADMIN}/")
    return {
        "first page": f"{ADMIN}/",
        "all, first page": f"{ADMIN}/?view=all",
        "deep page": f"{ADMIN}/?view=all&after=0-{rows[len(rows) // 2]}",
        "filtered": f"{ADMIN}/?view=all&type={TYPES[0]}&test=no&channel=web",
        "rare word": f"{ADMIN}/?view=all&q={token}",
        "rare value": f"{ADMIN}/?view=all&channel=letter",
        "case": f"{ADMIN}/case/{number}",
    }


def _logged_in(app: Flask, found: Installation) -> FlaskClient:
    def begin(work: Work) -> str:
        login = f"reader-{random_uid()[:8]}"
        row, _ = operators.create(work, login, "Reader", ("supervisor",), restricted=False, by=SYSTEM)
        row.must_change = False
        return sessions.begin(work, row.id, 12)

    client = app.test_client()
    client.set_cookie("complaints_operator", found.write(begin), path=ADMIN, domain="localhost")
    return client


def _opened(work: Work, n: int, amount: int) -> Opening:
    """One complaint as filing writes it; the older nineteen of twenty have come to their end."""
    age = timedelta(hours=(amount - n) * 7 * 24 * OPEN / amount)
    arrived = (NOW - age).replace(minute=0, second=0, microsecond=0)
    key = TYPES[n % len(TYPES)]
    kind, policy, clocks = work.policy.types[key], work.policy, _planned(work, key, arrived)
    uid, ended = random_uid(), n <= amount - amount // OPEN
    # Of what has been answered a third waits until a review can be asked for no more.
    out = {"released_at": arrived, "release_due": arrived} if ended else {}
    row: dict[str, Any] = {
        "number": _number(n, arrived), **out,
        "state": ("decided" if n % 3 == 0 else "closed") if ended else "submitted", "type": key, "filed_type": key, "severity": kind.severity,
        "restricted": kind.restricted, "is_test": False, "channel": _channel(n, amount), "lang": "zh",
        "policy_version": work.policy_version, "answer_mark": "none", "filed_at": arrived, "cycle": 0,
        "accept_due": milestones.due_of(clocks, "accept"), "result_due": milestones.due_of(clocks, "result"),
        "provisional": False, "late": False, "appeals": 0, "reach": "mail", "contact_verified": False,
        "files": 0, "unread": n % 50 == 0, "assignee": f"op_{n % PEOPLE}" if n % 2 else None,
    }  # fmt: skip
    hashes = dict.fromkeys(("mail_hash", "owner_hash", "answer_hash", "text_hash", "source_hash"))
    due = None if ended else row["accept_due"]
    said = TEXT.format(n=n) + (RARE if n == amount // 2 else "")
    details = json.dumps({"details": said}, ensure_ascii=False).encode()
    return prepare_opening(
        work,
        uid,
        "filed",
        COMPLAINANT,
        row=row,
        hashes={"filing_hash": uid, "code_hash": uid, **hashes, "due_next": due},
        meta={"policy": policy.digest},
        clocks=() if ended else clocks,
        personal={"details": Personal("complainant", details)},
    )


def _channel(n: int, amount: int) -> str:
    """Forty came by letter, however many there are: what a filter is after that has next to nothing to find."""
    return "letter" if n % max(1, amount // LETTERS) == 0 else ("web", "embed", "phone")[n % 3]


def _number(n: int, arrived: datetime) -> str:
    """As a number looks, and none twice: chance would strike among a million."""
    random = complaint_number(beijing(arrived).date())
    digits = ""
    while len(digits) < len(random.partition("-")[2]):
        n, digit = divmod(n, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return f"{random.partition('-')[0]}-{digits}"


def _planned(work: Work, key: str, arrived: datetime) -> list[Clock]:
    if (key, arrived) not in _PLANNED:
        terms = work.policy.deadlines_of(key).terms
        _PLANNED[key, arrived] = milestones.clocks_for(
            plan(work.policy, terms, arrived, work.calendar, kinds=KINDS), 0, arrived
        )
    return _PLANNED[key, arrived]


def _write(found: Installation, before: int, openings: list[Opening]) -> None:
    tables: list[tuple[Any, list[dict[str, Any]]]] = [
        (Complaint, [{**each.complaint, "id": before + n} for n, each in enumerate(openings, 1)]),
        (Stream, [{"uid": each.stream, "seq": 1, "head": each.hash} for each in openings]),
        (Event, [dict(each.event) for each in openings]),
        (PersonKey, [row for each in openings for row in each.keys]),
        (Private, [row for each in openings for row in each.private]),
        (Milestone, [{**row, "complaint_id": before + n} for n, each in enumerate(openings, 1) for row in each.milestones]),
    ]  # fmt: skip
    with found.database.engine.begin() as connection:
        for model, rows in tables:
            if rows:
                connection.execute(insert(model.__table__), rows)


def main(arguments: list[str]) -> None:
    app = create_app()
    found: Installation = app.extensions["complaints"]
    match arguments:
        case ["fill", amount]:
            fill(found, int(amount))
        case ["measure", requests]:
            # In no context of ours: within one, what a request asks first would be kept for the next.
            print(json.dumps(measure(app, found, int(requests))))


if __name__ == "__main__":
    main(sys.argv[1:])
