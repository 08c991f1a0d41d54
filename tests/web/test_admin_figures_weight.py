"""The page of figures stays light when every type, class and outcome of the policy occurs, and every day has some."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from casework import staffed
from office import ADMIN, Forms
from sqlalchemy import insert, select

from complaints.cases.measuring import DAYS
from complaints.store.tables import Complaint, Milestone

MOST = 100_000
# The last day is that of the office's clock.
FIRST, LAST = "2026-10-10", "2026-11-23"


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def values(row, **changed):
    """A row as it stands, to be written again as another."""
    return {
        each.columns[0].name: getattr(row, each.key)
        for each in type(row).__mapper__.column_attrs
        if each.columns[0].name != "id"
    } | changed


def spread_out(work, uid):
    """One answered complaint as many: written past the log, so the log's audit would object to them."""
    case = work.session.scalars(select(Complaint).where(Complaint.uid == uid)).one()
    dates = work.session.scalars(select(Milestone).where(Milestone.complaint_id == case.id)).all()
    policy = work.policy
    types, risks, outcomes = (list(each) for each in (policy.types, policy.risk_classes, policy.outcomes))
    for n in range(3 * DAYS):
        row = values(
            case,
            uid=f"{n:032x}",
            number=f"TS20261123-{n:06}",
            filing_hash=f"{n:032x}",
            type=types[n % len(types)],
            risk_class=risks[n % len(risks)],
            outcome=outcomes[n % len(outcomes)],
            late=n % 2 == 0,
            filed_at=case.filed_at - timedelta(days=n % DAYS),
        )
        [made] = work.session.execute(insert(Complaint.__table__).values(row)).inserted_primary_key
        for each in dates:
            state = "acted" if n % 2 == 0 and each.state == "met" else each.state
            work.session.execute(
                insert(Milestone.__table__).values(values(each, complaint_id=made, state=state))
            )


@pytest.mark.tampered
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_page_with_every_type_class_and_day_stays_light(office, lang):
    filed = office.desk.file()
    for step in ("accept", "decide", "release"):
        office.desk.do(filed, step)
    office.installation.write(lambda work: spread_out(work, filed.uid))
    client = office.client("admin")
    for period in ("month", "90", "year", f"span&since={FIRST}&until={LAST}"):
        answer = client.get(f"{ADMIN}/figures?period={period}&lang={lang}")
        assert answer.status_code == 200
        assert len(answer.data) <= MOST, period
        # The log knows of one complaint: as much differs as ever can.
        [form] = [each for each in Forms(answer.text).found if "/figures/recount" in each["action"]]
        recounted = client.post(unescape(form["action"]), data=form["data"])
        assert recounted.status_code == 200
        assert {"zh": "处不同", "en": "values differ"}[lang] in recounted.text
        assert len(recounted.data) <= MOST, period
    # The last one has what would make it heavy.
    html = answer.get_data(as_text=True)
    assert html.count("<tr") > DAYS + 2 * len(office.desk.read(lambda work: work.policy.types))
