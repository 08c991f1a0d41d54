"""No page of the operators is heavier than 100 kB, however long the installation has been in use."""

from __future__ import annotations

from datetime import timedelta

import pytest
from office import ADMIN, Office, quick_passwords
from sqlalchemy import insert

from complaints.administration import checkpoints
from complaints.policy.profile import load
from complaints.store.tables import (
    ApiKey,
    Checkpoint,
    Job,
    Operator,
    Outbox,
    PolicyVersion,
    ReplyTemplate,
    SavedView,
    Webhook,
)

MOST = 100_000
# These lead elsewhere, make a file, or are sent to a form that was not filled in.
NO_PAGE = {"logout", "find", "arrived", "export_count"}
WORDS = "这是一段用来把页面填满的话，长短和平时写的差不多。" * 3


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    return Office(tmp_path, clock).start(clock)


def fill(work):
    """Rows as years of use leave them; written past the log, so the log's audit would object to them."""
    now, rows = work.now, {}
    policy = load()
    rows[Operator] = [
        {
            "ref": f"op_{n:08}",
            "login": f"operator{n}@example.cn",
            "name": f"办理人员{n}",
            "mail": f"operator{n}@example.cn",
            "password_hash": "x",
            "must_change": False,
            "roles": ["handler", "supervisor"],
            "teams": [],
            "restricted": n % 2 == 0,
            "lang": "zh",
            "active": True,
            "failures": 0,
            "created_at": now,
        }
        for n in range(60)
    ]
    rows[ReplyTemplate] = [
        {
            "key": f"text{n}",
            "lang": "zh",
            "use": "reply",
            "type": None,
            "title": f"文本{n}",
            "body": WORDS * 4,
        }
        for n in range(200)
    ]
    rows[PolicyVersion] = [
        {
            "version": n,
            "digest": policy.digest,
            "resolved": policy.bytes,
            "trial": False,
            "published_at": now + timedelta(minutes=n),
            "published_by": "陈明",
            "page_zh": WORDS * 50,
            "page_en": WORDS * 50,
            "forward": False,
            "reached": 0,
            "applied_at": now,
        }
        for n in range(1, 41)
    ]
    rows[Job] = [
        {
            "uid": f"{n:032}",
            "kind": kind,
            "params": {"kind": form, "form": "json"},
            "state": "done",
            "ordered_by": "op_00000001",
            "created_at": now,
            "done": 1,
            "total": 1,
            "place": {},
            "result": {"sha256": "0" * 64, "size": 1, "counted": COUNTED, "findings": 0},
            "error": None,
            "lease_until": None,
            "finished_at": now,
            "expires_at": now,
        }
        for n in range(1000)
        for kind, form in ((("audit", "audit") if n % 2 else ("export", "log")),)
    ]
    rows[Outbox] = [
        {
            "dedupe": f"fill/{n}",
            "kind": ("accepted", "new", "late", "filed")[n % 4],
            "channel": "webhook" if n % 4 == 3 else "mail",
            "recipient": f"operator:op_{n % 60:08}",
            "complaint_id": None,
            "details": {},
            "state": ("dead", "queued", "sent")[n % 3],
            "not_before": now,
            "attempts": 9,
            "last_error": "SMTPRecipientsRefused 550",
            "message_id": f"<{n}@x>",
            "created_at": now,
        }
        for n in range(1000)
    ]
    rows[ApiKey] = [
        {
            "ref": f"key_{n:08}",
            "name": f"程序{n}",
            "key_hash": f"{n:064}",
            "scopes": ["read", "act"],
            "restricted": False,
            "created_at": now,
            "created_by": "op_00000001",
        }
        for n in range(60)
    ]
    rows[Webhook] = [
        {
            "uid": f"{n:032}",
            "url": f"https://example.cn/{n}/" + "x" * 100,
            "events": ["filed", "accepted", "closed"],
            "sealed": b"x",
            "active": True,
            "created_at": now,
            "created_by": "op_00000001",
        }
        for n in range(20)
    ]
    rows[SavedView] = [
        {"name": f"视图{n}", "owner": "op_x", "shared": True, "query": {"view": "all"}, "created_at": now}
        for n in range(30)
    ]
    rows[Checkpoint] = [
        {
            "size": 100_000 + n,
            "root": bytes(32),
            "note": "x",
            "at": now,
            "stamp_state": "pending",
            "stamp_error": "TimeoutError",
        }
        for n in range(1000)
    ]
    for table, made in rows.items():
        work.session.execute(insert(table.__table__), made)


COUNTED = dict.fromkeys(("streams", "events", "private", "files", "placed", "checkpoints"), 1000)


@pytest.mark.tampered
def test_no_page_of_a_full_office_is_too_heavy(office):
    filed = [office.desk.file(fields={"details": WORDS * 10}) for _ in range(60)]
    office.desk.do(filed[0], "accept")
    for n in range(30):
        office.desk.do(filed[0], "message" if n % 2 else "reply")
    checkpoints.sign(office.installation)
    client = office.client("admin")
    office.installation.write(fill)
    pages = [f"{ADMIN}/", f"{ADMIN}/?view=all", f"{ADMIN}/case/{filed[0].number}"]
    for rule in office.app.url_map.iter_rules():
        name = rule.endpoint.rpartition(".")[2]
        if not rule.endpoint.startswith("complaints.admin.") or "GET" not in rule.methods:
            continue
        if rule.arguments == {"number"} and name not in NO_PAGE:
            pages.append(rule.rule.replace("<number>", filed[0].number))
        elif not rule.arguments and name not in NO_PAGE:
            pages.append(rule.rule)
    pages += [f"{ADMIN}/policy/{number}" for number in (40, 1)]
    weights = {page: len(client.get(page).data) for page in dict.fromkeys(pages)}
    print(
        *(f"{weight:>8} {page}" for page, weight in sorted(weights.items(), key=lambda row: -row[1])[:12]),
        sep="\n",
    )

    assert {page: weight for page, weight in weights.items() if weight > MOST} == {}
    assert len(weights) > 25
