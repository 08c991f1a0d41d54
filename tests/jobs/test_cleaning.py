from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from complaints.base.ids import random_uid
from complaints.jobs.cleaning import clean
from complaints.store.tables import Attachment, Draft, Idempotency, Limit, OperatorSession


def draft(office, *, hours):
    uid, name = random_uid(), random_uid()
    for stored in (name, f"{name}.view"):
        office.installation.files.put(stored, b"sealed")

    def write(work):
        expires = work.now + timedelta(hours=hours)
        work.session.add(
            Draft(uid=uid, source_hash="s", created_at=work.now, expires_at=expires, bytes_total=6)
        )
        work.session.add(
            Attachment(
                uid=name,
                draft=uid,
                person="complainant",
                media_type="text/plain",
                size=6,
                sealed=b"",
                created_at=work.now,
            )
        )

    office.installation.write(write)
    return uid, name


def test_an_unfinished_form_goes_with_its_files_and_a_fresh_one_stays(office):
    old, fresh = draft(office, hours=-1), draft(office, hours=1)
    assert clean(office.installation, office.now) == 1
    with office.installation.reading() as work:
        assert work.session.scalars(select(Draft.uid)).all() == [fresh[0]]
        assert work.session.scalars(select(Attachment.uid)).all() == [fresh[1]]
    assert office.installation.files.names() == sorted([fresh[1], f"{fresh[1]}.view"])
    assert old != fresh
    office.pass_time(hours=2)
    assert clean(office.installation, office.now) == 1


def test_ended_log_ins_counters_and_answered_requests_go(office):
    def write(work):
        for number, hours in enumerate((-1, 1)):
            moment = work.now + timedelta(hours=hours)
            work.session.add(Limit(key=f"k{number}", count=1, expires_at=moment))
            kept = {"key_hash": f"i{number}", "body_hash": "b", "status": 201, "result": {}}
            work.session.add(Idempotency(**kept, created_at=work.now, expires_at=moment))
            work.session.add(
                OperatorSession(
                    token_hash=f"t{number}",
                    operator_id=1,
                    created_at=work.now,
                    authenticated_at=work.now,
                    seen_at=work.now,
                    expires_at=moment,
                )
            )

    office.installation.write(write)
    assert clean(office.installation, office.now) == 3
    with office.installation.reading() as work:
        assert work.session.scalars(select(Limit.key)).all() == ["k1"]
        assert work.session.scalars(select(Idempotency.key_hash)).all() == ["i1"]
        assert work.session.scalars(select(OperatorSession.token_hash)).all() == ["t1"]
