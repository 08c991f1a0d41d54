"""Ordering a bundle of evidence on the page: for a period with chosen cases, or for one complaint."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import timedelta

import pytest
from evidence.bundles import checkpoint
from office import ADMIN, Office, quick_passwords, send, words
from web.test_admin_export import newest, system, take

from complaints.base.clock import beijing
from complaints.cases import erasure
from complaints.evidence import files, jobs
from complaints.jobs.working import work_off
from complaints.ledger import journal, keyring
from complaints.ledger.proof import Files, Verifier, verify_bundle
from complaints.ledger.work import COMPLAINANT, Actor
from complaints.store.jobs import KEEP_DAYS
from complaints.store.tables import Job

OFFICER = Actor("admin", "op_carol")


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    made = Office(tmp_path, clock).start(clock)
    made.hire("cleared", "auditor", restricted=True)
    return made


def day(office):
    return f"{beijing(office.desk.clock.now):%Y-%m-%d}"


def order(client, **values):
    """Fill the form; what is named `from` and `to` has its full name, for the other form has days too."""
    return send(
        client, f"{ADMIN}/evidence", "/bundle#bundle", **{f"bundle-{k}": v for k, v in values.items()}
    )


def sound(office, data, tmp_path):
    path = tmp_path / "taken.zip"
    path.write_bytes(data)
    key = office.desk.read(lambda work: Verifier.parse(keyring.signer(work).vkey))
    return [step.code for step in verify_bundle(Files(path), [key]) if not step.good] == []


@pytest.fixture
def lived(office):
    filed = office.desk.file()
    office.desk.do(filed, "accept")
    office.desk.file("inaccurate", is_test=True)
    checkpoint(office.desk)
    return filed


def test_a_bundle_of_a_period_is_ordered_made_and_taken_away_and_verifies(office, lived, tmp_path):
    client = office.client("cleared")
    answer = order(
        client,
        **{"from": day(office), "to": day(office)},
        cases=f" {lived.number.lower()}\n{lived.number}，",
    )
    assert answer.status_code == 303
    job = newest(office)
    assert (job.kind, job.state, job.total) == ("bundle", "done", job.result["events"])
    page = words(client.get(f"{ADMIN}/evidence/exports"))
    assert "证据包 ZIP" in page
    assert f"附完整案件{lived.number}" in page
    assert job.result["sha256"] in page
    taken = take(client, job)

    assert taken.headers["Content-Disposition"].startswith('attachment; filename="complaints-bundle-')
    assert hashlib.sha256(taken.data).hexdigest() == job.result["sha256"]
    assert "cases/1/case.pdf" in zipfile.ZipFile(io.BytesIO(taken.data)).namelist()
    assert sound(office, taken.data, tmp_path)
    events = [(entry.type, entry.meta.get("kind")) for entry in system(office)]
    assert events[-2:] == [("exported", "bundle"), ("export_downloaded", None)]
    assert system(office)[-2].meta["cases"] == [lived.number]


@pytest.mark.parametrize("form", ["pdf", "docx"])
def test_the_document_of_a_case_comes_in_the_form_that_was_chosen(office, lived, form):
    client = office.client("cleared")
    order(client, **{"from": day(office), "to": day(office), "cases": lived.number, "paper": form})
    names = zipfile.ZipFile(io.BytesIO(take(client, newest(office)).data)).namelist()
    assert f"cases/1/case.{form}" in names


def test_a_bundle_of_one_complaint_has_its_events_and_no_text(office, lived, tmp_path):
    client = office.client("admin")
    assert order(client, number=lived.number).status_code == 303
    data = take(client, newest(office)).data

    assert sound(office, data, tmp_path)
    assert "disclosed.jsonl" not in zipfile.ZipFile(io.BytesIO(data)).namelist()


def test_what_cannot_be_ordered_is_named_and_what_was_typed_stays(office, lived):
    client = office.client("cleared")
    hidden = office.desk.file(
        office.desk.read(lambda work: next(key for key, kind in work.policy.types.items() if kind.restricted))
    )
    stored = office.desk.file()
    office.desk.act(stored, erasure.request, COMPLAINANT)
    given = f"{hidden.number}\n{stored.number}\nnonsense"
    answer = order(client, **{"from": day(office), "to": day(office), "cases": given})
    html = answer.get_data(as_text=True)

    assert answer.status_code == 422
    for said in (f"{hidden.number}：没有这个编号", f"{stored.number}：应本人请求", "NONSENSE：没有这个编号"):
        assert said in words(answer)
    assert given in html.replace("\r\n", "\n")
    assert "请填写期间的起止日期" in words(order(client))
    late = order(client, **{"from": "2026-11-24", "to": "2026-11-20"})
    assert "结束日期早于开始日期" in words(late)
    assert office.desk.read(lambda work: jobs.recent(work.session)) == []


def test_who_is_not_cleared_reads_whom_to_ask_for_a_bundle_of_a_period(office, lived):
    asked = "请有权查看这些投诉的人员生成"
    for who, told in (("auditor", True), ("admin", True), ("cleared", False)):
        client = office.client(who)
        assert (asked in words(client.get(f"{ADMIN}/evidence"))) is told
        answer = order(client, **{"from": day(office), "to": day(office)})
        assert answer.status_code == (422 if told else 303)
        assert order(client, number=lived.number).status_code == 303
    assert {entry.meta.get("restricted") for entry in system(office) if entry.meta.get("until")} == {True}


def test_a_bundle_made_before_it_was_kept_for_the_cleared_is_given_to_nobody_else(office, lived):
    order(office.client("cleared"), **{"from": day(office), "to": day(office)})
    job = newest(office)

    def older(work):
        row = work.session.get(Job, job.uid)
        row.params = {name: value for name, value in row.params.items() if name != "restricted"}

    office.installation.write(older)
    assert (take_status(office.client("auditor"), job), take_status(office.client("cleared"), job)) == (
        403,
        200,
    )


def test_before_anything_is_signed_the_page_says_so(office):
    office.desk.file()
    answer = order(office.client("cleared"), **{"from": day(office), "to": day(office)})
    assert answer.status_code == 422
    assert "还没有签名的检查点" in words(answer)


def test_a_waiting_bundle_shows_how_far_it_is_and_can_be_cancelled(office, lived, monkeypatch):
    monkeypatch.setattr("complaints.web.admin.evidence.AT_ONCE", 0)
    client = office.client("cleared")
    order(client, **{"from": day(office), "to": day(office)})
    page = client.get(f"{ADMIN}/evidence/exports")
    assert "等待处理" in words(page) or "<progress" in page.get_data(as_text=True)
    assert 'http-equiv="refresh"' in page.get_data(as_text=True)
    assert send(client, f"{ADMIN}/evidence/exports", "/exports/cancel").status_code == 303
    assert work_off(office.installation) == 0
    assert (newest(office).state, system(office)[-1].type) == ("cancelled", "export_cancelled")


def test_a_bundle_whose_case_was_put_away_meanwhile_says_why_it_was_not_made(office, lived, monkeypatch):
    monkeypatch.setattr("complaints.web.admin.evidence.AT_ONCE", 0)
    client = office.client("cleared")
    order(client, **{"from": day(office), "to": day(office), "cases": lived.number})
    office.desk.act(lived, erasure.request, COMPLAINANT)
    work_off(office.installation)

    assert newest(office).state == "failed"
    assert "不能再导出" in words(client.get(f"{ADMIN}/evidence/exports"))


def test_a_bundle_ends_when_personal_data_is_erased_and_says_so(office, lived, monkeypatch):
    monkeypatch.setattr("complaints.web.admin.evidence.AT_ONCE", 0)
    for name in ("decide", "release", "close"):
        office.desk.do(lived, name)
    client = office.client("cleared")
    order(client, **{"from": day(office), "to": day(office), "cases": lived.number})
    office.installation.write(
        lambda work: erasure.order(work, journal.lock(work, lived.uid), OFFICER, erasure.PERSONS, "法院要求")
    )
    office.desk.act(lived, erasure.finish)

    assert office.desk.read(lambda work: work.session.query(Job).one().state) == "cancelled"
    assert "已终止" in words(client.get(f"{ADMIN}/evidence/exports"))
    assert "已依法删除的个人信息" in words(client.get(f"{ADMIN}/evidence/exports"))


def test_it_is_gone_after_its_time(office, lived):
    client = office.client("cleared")
    order(client, **{"from": day(office), "to": day(office)})
    job = newest(office)
    later = office.desk.clock.now + timedelta(days=KEEP_DAYS, seconds=1)
    files.expire(office.installation, later)
    assert take_status(client, job) == 404
    assert "到期已删除" in words(client.get(f"{ADMIN}/evidence/exports"))


def take_status(client, job):
    page = client.get(f"{ADMIN}/evidence").get_data(as_text=True)
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    return client.post(f"{ADMIN}/evidence/exports/{job.uid}/file", data={"csrf_token": token}).status_code
