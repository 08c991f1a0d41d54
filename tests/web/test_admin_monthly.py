"""The monthly report on the operators' pages: ordered, downloaded, and asked for by mail."""

from __future__ import annotations

import pytest
from office import ADMIN, Office, quick_passwords, send, send_from, words

from complaints.evidence import jobs
from complaints.ledger.reading import history
from complaints.store.tables import Operator


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    return Office(tmp_path, clock).start(clock)


def order(client, **values):
    return send(client, f"{ADMIN}/evidence", "/monthly#monthly", **values)


def newest(office):
    return office.desk.read(lambda work: jobs.recent(work.session)[0])


def system(office):
    return office.desk.read(lambda work: history(work, "system"))


def give_mail(office, login, **values):
    def write(work):
        row = work.session.query(Operator).filter_by(login=login).one()
        row.mail = f"{login}@example.cn"

    office.installation.write(write)


def wishes(office, login):
    return office.desk.read(lambda work: work.session.query(Operator).filter_by(login=login).one().monthly)


@pytest.mark.parametrize("form", ["pdf", "docx", "xlsx"])
def test_the_report_of_the_last_month_is_there_at_once(office, form):
    office.desk.file()
    office.desk.later(days=15)
    client = office.client("auditor")
    assert order(client, form=form).status_code == 303

    html = client.get(f"{ADMIN}/evidence/exports").get_data(as_text=True)
    answer = send_from(client, html, "", f"/{newest(office).uid}/file")

    assert "月度报告" in html
    assert f'filename="complaints-monthly-2026-11.{form}"' in answer.headers["Content-Disposition"]
    assert answer.data[:4] == (b"%PDF" if form == "pdf" else b"PK\x03\x04")
    assert [entry.type for entry in system(office)][-2:] == ["exported", "export_downloaded"]
    assert (system(office)[-2].meta["kind"], newest(office).total) == ("monthly", 2 if form == "xlsx" else 1)


def test_a_link_names_the_month_that_is_chosen(office):
    client = office.client("admin")
    for asked, chosen in (
        ("2026-08", "2026-08"),
        ("2019-02", "2019-02"),
        ("nonsense", "2026-10"),
        ("", "2026-10"),
        ("2031-01", "2026-11"),
    ):
        html = client.get(f"{ADMIN}/evidence?month={asked}").get_data(as_text=True)
        assert f'<option value="{chosen}" selected' in html or chosen == "2026-11"
    assert "2026年11月（截至目前）" in html
    assert 'value="2031-01"' not in html


@pytest.mark.parametrize("month", ["2031-01", "nonsense", ""])
def test_a_month_that_cannot_be_reported_comes_back_with_what_to_do(office, month):
    answer = order(office.client("supervisor"), month=month)

    assert answer.status_code == 422
    assert "请选择已经开始的月份" in words(answer)


def test_a_report_that_lists_restricted_complaints_is_for_those_who_may_see_them(office):
    filed = office.desk.file("minor")
    office.desk.later(days=60)
    office.desk.sweep()
    office.hire("cleared", "auditor", restricted=True)
    cleared, other = office.client("cleared"), office.client("supervisor")
    assert order(cleared, month="2026-11", form="xlsx").status_code == 303
    uid, page = newest(office).uid, f"{ADMIN}/evidence/exports"

    html = cleared.get(page).get_data(as_text=True)
    assert send_from(cleared, html, page, f"/{uid}/file").status_code == 200
    assert f"/{uid}/file" not in other.get(page).get_data(as_text=True)

    assert order(other, month="2026-11", form="pdf").status_code == 303
    assert "另有1件属于受限类型" not in words(other.get(page))
    for reader, lacking in ((other, True), (cleared, False)):
        form = reader.get(f"{ADMIN}/evidence").get_data(as_text=True).partition('id="monthly"')[2]
        assert ("受限类型的投诉不在其中，也不计数" in form.partition("</form>")[0]) == lacking
    assert filed.number not in words(other.get(page))


def test_one_asks_for_it_on_ones_own_account_and_the_log_says_so(office):
    client = office.client("auditor")
    assert "没有邮箱地址" in words(client.get(f"{ADMIN}/account"))
    give_mail(office, "auditor")
    assert "auditor@example.cn" in words(client.get(f"{ADMIN}/account"))

    answer = send(client, f"{ADMIN}/account", "/account/monthly#monthly-report", monthly="y")
    assert (answer.status_code, wishes(office, "auditor")) == (303, True)
    entry = system(office)[-1]
    assert (entry.type, entry.meta["monthly"], entry.ref) == (
        "operator_changed",
        True,
        office.refs["auditor"],
    )

    html = client.get(f"{ADMIN}/account").get_data(as_text=True)
    send_from(client, html.replace("checked", ""), f"{ADMIN}/account", "/account/monthly#monthly-report")
    assert wishes(office, "auditor") is False


def test_a_handlers_account_offers_no_report(office):
    assert "月度报告" not in words(office.client("handler").get(f"{ADMIN}/account"))


def test_an_administrator_sets_it_for_another_and_is_told_what_is_missing(office):
    client = office.client("admin")
    office.client("supervisor")
    where = f"{ADMIN}/operators/{office.refs['supervisor']}"

    refused = send(client, where, where, monthly="y", roles="supervisor")
    assert refused.status_code == 422
    assert "没有邮箱地址" in words(refused)

    wrong = send(client, where, where, mail="nowhere", monthly="y", roles="supervisor")
    assert (wrong.status_code, "name@example.com" in words(wrong)) == (422, True)
    given = {"mail": "supervisor@example.cn", "monthly": "y", "roles": "supervisor"}
    assert send(client, where, where, **given).status_code == 303
    assert 'value="supervisor@example.cn"' in client.get(where).get_data(as_text=True)
    assert wishes(office, "supervisor") is True
    assert "checked" in client.get(where).get_data(as_text=True).split('name="monthly"')[1].split(">")[0]
    # With the role goes the report.
    assert send(client, where, where, monthly="y", roles="handler").status_code == 422
    assert send_from(client, client.get(where).get_data(as_text=True).replace("checked", ""), where, where, roles="handler").status_code == 303  # fmt: skip
    assert wishes(office, "supervisor") is False


def test_an_order_of_a_page_that_was_open_too_long_is_kept(office):
    client = office.client("admin")
    answer = client.post(
        f"{ADMIN}/evidence/monthly", data={"monthly-month": "2026-09", "monthly-form": "xlsx"}
    )

    assert answer.status_code == 400
    assert '<option value="2026-09" selected' in answer.get_data(as_text=True)
