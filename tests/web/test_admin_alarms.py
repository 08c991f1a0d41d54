"""What no operator can overlook, on whichever page of the desk they are."""

from __future__ import annotations

import pytest
from office import ADMIN, Office, quick_passwords, words

from complaints.delivery import outbox
from complaints.delivery.fanout import NOBODY
from complaints.store.tables import Outbox


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    return Office(tmp_path, clock).start(clock)


def wait_for_somebody(work):
    outbox.queue(work, "late", "supervisors", dedupe="x")
    work.session.query(Outbox).filter_by(dedupe="x/mail/supervisors").one().last_error = NOBODY


@pytest.mark.parametrize("page", ["/", "/policy", "/health", "/account"])
def test_notices_that_nobody_can_be_told_are_an_alarm_on_every_page_with_what_to_do(office, page):
    office.desk.file()
    client = office.client("handler")
    assert "没有人收到通知" not in words(client.get(f"{ADMIN}{page}"))
    office.installation.write(wait_for_somebody)
    seen = words(client.get(f"{ADMIN}{page}"))
    assert "有1条投诉通知在等待" in seen
    assert "请为该角色的人员填写邮箱" in seen


def test_a_stranger_at_the_log_in_page_sees_no_alarm(office):
    office.installation.write(wait_for_somebody)
    assert "没有人收到通知" not in words(office.client().get(f"{ADMIN}/login"))
