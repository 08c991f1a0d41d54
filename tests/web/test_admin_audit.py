"""The audit as operators see it: ordered, watched, cancelled, and each finding told in words."""

from __future__ import annotations

import hashlib
import html
import json
import re
from pathlib import Path

import pytest
from evidence.bundles import checkpoint
from office import ADMIN, Office, quick_passwords, send, send_from, words
from sqlalchemy import select, update
from tampering import unguarded
from web.test_admin_export import system

from complaints.base.translations import speaking
from complaints.evidence import jobs
from complaints.jobs.working import work_off
from complaints.ledger import audit_tree
from complaints.ledger.audit import audit
from complaints.ledger.audit_report import record
from complaints.ledger.work import Actor
from complaints.store.tables import Complaint, Event
from complaints.web.admin import findings

PAGE = f"{ADMIN}/evidence/audit"


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    return Office(tmp_path, clock).start(clock)


def run(client):
    return send(client, f"{ADMIN}/evidence", "/evidence/audit")


def newest(office):
    return office.desk.read(lambda work: jobs.recent(work.session, ("audit",))[0])


def report(client, job):
    read = client.get(PAGE).get_data(as_text=True)
    return send_from(client, read, "", f"/{job.uid}/file")


def damage(office, filed, **values):
    def write(work):
        row = work.session.scalars(select(Complaint).where(Complaint.uid == filed.uid)).one()
        for name, value in values.items():
            setattr(row, name, value)

    office.installation.write(write)


def test_a_small_audit_is_there_at_once_with_who_when_and_its_report(office):
    office.desk.file()
    checkpoint(office.desk)
    client = office.client("auditor")
    assert "还没有核查过" in words(client.get(PAGE))
    assert run(client).status_code == 303
    job = newest(office)
    seen = words(client.get(PAGE))

    assert (job.kind, job.state, job.result["findings"]) == ("audit", "done", 0)
    assert "未发现问题" in seen
    assert "由Auditor发起" in seen
    assert f"前{job.result['agreed']}条事件" in seen
    event = system(office)[-1]
    assert (event.type, event.actor, event.meta["findings"]) == (
        "audited",
        f"auditor:{office.refs['auditor']}",
        0,
    )
    taken = report(client, job)
    assert hashlib.sha256(taken.data).hexdigest() == job.result["sha256"]
    assert json.loads(taken.data)["sound"] is True
    assert taken.headers["Content-Disposition"].startswith('attachment; filename="complaints-audit-')
    assert [entry.type for entry in system(office)][-2:] == ["audited", "audit_downloaded"]
    assert "Auditor" in words(client.get(f"{ADMIN}/evidence"))


@pytest.mark.tampered
@pytest.mark.parametrize(
    ("lang", "what", "since"),
    [
        ("zh", "投诉的一项内容与由其事件重建的结果不符", "问题出在日志之外的数据"),
        ("en", "A value of a complaint is not the one its events make up", "the fault lies beside the log"),
    ],
)
def test_a_finding_beside_the_log_names_what_where_and_since_when(office, lang, what, since):
    filed, other = office.desk.file(), office.desk.file()
    checkpoint(office.desk)
    damage(office, filed, state="closed")
    client = office.client("auditor")
    run(client)
    seen = html.unescape(words(client.get(f"{PAGE}?lang={lang}")))

    assert newest(office).result["findings"] == 1
    assert what in seen
    assert since in seen
    assert filed.number in seen
    assert other.number not in seen
    assert "the table says 'closed', the log 'submitted'" in seen
    assert f"{filed.uid}/state" in seen
    assert "complaint-row" in json.loads(report(client, newest(office)).data)["findings"][0]["code"]


@pytest.mark.tampered
def test_a_finding_in_the_log_names_the_last_checkpoint_that_holds(office):
    filed = office.desk.file()
    checkpoint(office.desk)
    office.desk.do(filed, "accept")
    good = newest_size(office)
    checkpoint(office.desk)
    changed = select(Event.leaf).where(Event.stream == filed.uid, Event.seq == 2)
    leaf = office.desk.read(lambda work: work.session.scalar(changed))
    unguarded(
        office.installation.database,
        lambda session: (
            session.execute(
                update(Event)
                .where(Event.stream == filed.uid, Event.seq == 2)
                .values(leaf=leaf.replace(b"op_alice", b"op_eve"))
            )
            and None
        ),
    )
    client = office.client("auditor")
    run(client)
    seen = words(client.get(PAGE))

    assert f"前{good}条事件" in seen
    assert "仍与日志一致，问题出现在此之后" in seen
    found = json.loads(report(client, newest(office)).data)
    assert found["agreed"] == good
    assert {each["after"] for each in found["findings"]} == {good}
    assert "checkpoint-root" in {each["code"] for each in found["findings"]}


def newest_size(office):
    from complaints.ledger.sequencer import head

    return office.desk.read(lambda work: head(work.session).size)


@pytest.mark.tampered
def test_the_number_of_a_restricted_complaint_is_told_only_to_the_cleared(office):
    office.hire("cleared", "auditor", restricted=True)
    kind = office.desk.read(lambda work: next(k for k, one in work.policy.types.items() if one.restricted))
    filed = office.desk.file(kind)
    damage(office, filed, state="closed")
    run(office.client("auditor"))

    assert filed.number not in words(office.client("auditor").get(PAGE))
    assert filed.number in words(office.client("cleared").get(PAGE))


def test_a_large_audit_waits_for_a_worker_is_watched_and_can_be_cancelled(office, monkeypatch):
    monkeypatch.setattr("complaints.web.admin.auditing._AT_ONCE", 0)
    office.desk.file()
    client = office.client("supervisor")
    run(client)
    read = client.get(PAGE).get_data(as_text=True)
    assert 'http-equiv="refresh"' in read
    assert "<progress" in read
    # A second press orders no second one.
    run(office.client("auditor"))
    assert len(office.desk.read(lambda work: jobs.recent(work.session, ("audit",)))) == 1
    assert send_from(client, read, PAGE, "/exports/cancel").headers["Location"].endswith("/evidence/audit")
    assert newest(office).state == "cancelled"
    assert work_off(office.installation) == 0
    assert system(office)[-1].type == "audit_cancelled"
    assert "核查已取消" in words(client.get(PAGE))
    assert send_from(client, read, PAGE, "/exports/cancel").status_code == 409


def test_an_audit_stops_at_its_next_step_and_leaves_nothing(office, monkeypatch):
    monkeypatch.setattr(jobs, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("complaints.web.admin.auditing._AT_ONCE", 0)
    office.desk.file()
    run(office.client("auditor"))
    uid = newest(office).uid
    stopped = []
    pages = audit_tree._pages

    def cancelled_meanwhile(work, size):
        office.installation.write(lambda writing: jobs.cancel(writing, uid, Actor("admin", "op_carol")))
        stopped.append(size)
        yield from pages(work, size)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(audit_tree, "_pages", cancelled_meanwhile)
        assert work_off(office.installation) == 0
    assert stopped
    assert newest(office).state == "cancelled"
    assert "audited" not in [entry.type for entry in system(office)]
    assert [path for path in office.installation.files.folder.glob("??/*") if uid in path.name] == []


def test_a_failed_audit_says_why_and_goes_on(office, monkeypatch):
    monkeypatch.setattr("complaints.web.admin.auditing._AT_ONCE", 0)
    client = office.client("auditor")
    run(client)
    with monkeypatch.context() as broken:
        broken.setattr("complaints.evidence.tasks.audit", lambda *_: 1 / 0)
        work_off(office.installation)
    assert "因 ZeroDivisionError 中断" in words(client.get(PAGE))
    assert send(client, PAGE, "/exports/again").headers["Location"].endswith("/evidence/audit")
    work_off(office.installation)
    assert newest(office).state == "done"
    assert "未发现问题" in words(client.get(PAGE))


def test_an_audit_by_command_is_told_of_where_it_is_newer(office):
    client = office.client("auditor")
    run(client)
    office.desk.later(minutes=5)

    def by_command(work):
        record(work, audit(work), Actor("admin", "lin"))

    office.installation.write(by_command)
    assert "之后又用命令做过一次核查" in words(client.get(PAGE))
    assert "lin" in words(client.get(PAGE))
    office.desk.later(minutes=5)
    run(client)
    seen = words(client.get(PAGE))
    assert "之后又用命令做过一次核查" not in seen
    assert "以往的核查" in seen


def test_every_code_the_audit_knows_has_its_sentence_in_both_languages():
    package = Path(findings.__file__).parents[2]
    files = [*(package / "ledger").glob("*.py"), package / "administration" / "auditing.py"]
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    codes = set(re.findall(r'Finding\(\s*"([a-z-]+)"', source)) | {
        "event-stray",
        "private-stray",
        "key-stray",
        "disposal-row",
        "disposal-orphan",
        "forward-row",
        "forward-orphan",
        "operator-row",
        "api-key-row",
        "webhook-row",
        "signer-smaller",
        "signer-fork",
    }

    with speaking("en"):
        english = findings.sentences()
    with speaking("zh"):
        chinese = findings.sentences()
    assert len(codes) > 40
    assert codes - english.keys() == set()
    assert [code for code in chinese if not re.search("[\u4e00-\u9fff]", chinese[code])] == []
