"""What SQL can do to published policies, their pages and imported calendars is found."""

from __future__ import annotations

import pytest
from factories import CAROL
from sqlalchemy import delete, insert, select, update
from tampering import unguarded

from complaints.administration.publishing import publish
from complaints.ledger.audit_promises import calendar_digest
from complaints.ledger.journal import record_system
from complaints.store.tables import CalendarYear, PolicyVersion

YEAR = {
    "year": 2027,
    "final": True,
    "notice": "国办发明电〔2026〕9号",
    "url": "https://www.gov.cn/",
    "date": "2026-11-20",
    "off": [{"date": "2027-01-01", "name": "元旦"}],
    "work": [],
}


@pytest.fixture
def house(desk):
    """Two published policies and two imported years; only one of each is damaged."""

    def write(work):
        for trial in (True, False):
            publish(
                work, work.policy, CAROL, trial=trial, render_page=lambda _, n, lang: f"<p>{n} {lang}</p>"
            )
        for year in (2027, 2028):
            payload = {**YEAR, "year": year, "off": [{"date": f"{year}-01-01", "name": "元旦"}]}
            meta = {"year": year, "revision": 1, "digest": calendar_digest(payload)}
            record_system(work, "calendar_imported", CAROL, meta)
            work.session.execute(insert(CalendarYear).values(_year(work.now, payload)))

    desk.installation.write(write)
    desk.file()
    assert desk.codes() == set()
    return desk


def _year(now, payload, revision=1):
    return {
        "year": payload["year"],
        "revision": revision,
        "payload": payload,
        "imported_at": now,
        "imported_by": CAROL.ref,
        "reached": 0,
    }


def former(desk):
    """The version before the one in force: still what complaints were filed under."""
    return desk.read(
        lambda work: work.session.scalar(
            select(PolicyVersion.version).order_by(PolicyVersion.version.desc()).offset(1).limit(1)
        )
    )


def policy(**values):
    return lambda desk: update(PolicyVersion).where(PolicyVersion.version == former(desk)).values(**values)


def year(**values):
    return lambda _: update(CalendarYear).where(CalendarYear.year == YEAR["year"]).values(**values)


TAMPERED = {
    "a promise": (policy(resolved=b"{}"), "policy-row"),
    "a promise and its digest": (policy(resolved=b"{}", digest="44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"), "policy-row"),
    "who published it": (policy(published_by="op_other"), "policy-row"),
    "a trial run": (policy(trial=False), "policy-row"),
    "whether it holds for open complaints": (policy(forward=True), "policy-row"),
    "the page people read": (policy(page_zh="<p>30个工作日</p>"), "policy-row"),
    "the page in English": (policy(page_en="<p>30 working days</p>"), "policy-row"),
    "a policy's number": (policy(version=99), "policy-stray"),
    "a policy taken away": (lambda desk: delete(PolicyVersion).where(PolicyVersion.version == former(desk)), "policy-missing"),
    "a holiday": (year(payload={**YEAR, "off": []}), "calendar-row"),
    "a year taken away": (lambda _: delete(CalendarYear).where(CalendarYear.year == YEAR["year"]), "calendar-missing"),
    "a year that nobody imported": (lambda desk: insert(CalendarYear).values(_year(desk.clock.now, YEAR, 2)), "calendar-stray"),
}  # fmt: skip


@pytest.mark.tampered
@pytest.mark.parametrize("name", TAMPERED)
def test_what_sql_does_to_a_promise_is_found(house, name):
    statement, code = TAMPERED[name]
    act = statement(house)
    unguarded(house.installation.database, lambda session: session.execute(act) and None)
    assert code in house.codes()


def test_the_order_of_a_calendar_s_names_makes_no_difference(house):
    act = year(payload=dict(reversed(YEAR.items())))(house)
    house.installation.database.write(lambda session: session.execute(act) and None)
    assert house.codes() == set()
