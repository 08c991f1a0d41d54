"""Ordering a file, watching it and taking it away, as operators do it."""

from __future__ import annotations

import sys

import pytest
from evidence.bundles import checkpoint
from office import ADMIN, Office, quick_passwords, send, send_from, words

from complaints.cases.people import Operator
from complaints.evidence import files, fonts, jobs, pdf
from complaints.jobs.working import work_off
from complaints.ledger.reading import history
from complaints.store.jobs import KEEP_DAYS
from complaints.store.tables import Job


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    return Office(tmp_path, clock).start(clock)


def order(client, **values):
    return send(client, f"{ADMIN}/evidence", "/order#order", **values)


def newest(office):
    return office.desk.read(lambda work: jobs.recent(work.session)[0])


def take(client, job):
    html = client.get(f"{ADMIN}/evidence/exports").get_data(as_text=True)
    return send_from(client, html, "", f"/{job.uid}/file")


def system(office):
    return office.desk.read(lambda work: history(work, "system"))


@pytest.mark.parametrize(
    ("kind", "form"),
    [("log", "jsonl"), ("log", "csv"), ("register", "csv"), ("register", "xlsx"), ("period", "pdf"), ("period", "docx")],
)  # fmt: skip
def test_a_small_file_is_there_at_once_and_each_step_stands_in_the_log(office, kind, form):
    filed = office.desk.file()
    client = office.client("auditor")
    assert order(client, kind=kind, form=form).status_code == 303
    answer = take(client, newest(office))

    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="complaints-{kind}-')
    assert answer.headers["Content-Disposition"].endswith(f'.{form}"')
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert b"reporter@example.com" not in answer.data
    if form in {"csv", "jsonl"}:
        assert filed.number in answer.get_data(as_text=True)
    assert [entry.type for entry in system(office)][-2:] == ["exported", "export_downloaded"]
    assert system(office)[-2].meta["kind"] == kind


def test_the_form_counts_what_matches_with_and_without_script(office):
    office.desk.file()
    office.desk.file("inaccurate")
    client = office.client("auditor")

    assert "符合条件的有2行" in words(client.get(f"{ADMIN}/evidence"))
    assert (
        client.get(f"{ADMIN}/evidence/count?kind=register&type=inaccurate").get_data(as_text=True)
        == "符合条件的有1行"
    )
    assert client.get(f"{ADMIN}/evidence/count?kind=register&type=no&from=nonsense").status_code == 200


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "case", "form": "pdf", "number": "TS20261123-222222"}, "没有这个编号的投诉"),
        ({"kind": "register", "form": "pdf"}, "请选择这份文件支持的格式"),
        ({"kind": "log", "form": "csv", "from": "2026-11-24", "to": "2026-11-20"}, "结束日期早于开始日期"),
    ],
)
def test_what_cannot_be_ordered_is_said_beside_the_form_and_nothing_is_lost(office, values, said):
    client = office.client("auditor")
    answer = order(client, **values)
    html = answer.get_data(as_text=True)

    assert answer.status_code == 422
    assert said in html
    assert f'<option value="{values["form"]}" selected>' in html
    assert office.desk.read(lambda work: jobs.recent(work.session)) == []


def test_the_list_says_when_it_is_empty_and_reads_itself_anew_only_while_something_runs(office, monkeypatch):
    client = office.client("auditor")
    assert "还没有生成过文件" in words(client.get(f"{ADMIN}/evidence/exports"))
    office.desk.file()
    monkeypatch.setattr("complaints.web.admin.evidence.AT_ONCE", 0)
    order(client, kind="log", form="csv")
    assert 'http-equiv="refresh"' in client.get(f"{ADMIN}/evidence/exports").get_data(as_text=True)
    work_off(office.installation)
    seen = client.get(f"{ADMIN}/evidence/exports").get_data(as_text=True)

    assert 'http-equiv="refresh"' not in seen
    assert newest(office).result["sha256"] in seen


def test_an_order_can_be_cancelled_and_a_failed_one_can_go_on(office, monkeypatch):
    client = office.client("supervisor")
    monkeypatch.setattr("complaints.web.admin.evidence.AT_ONCE", 0)
    order(client, kind="log", form="csv")
    assert send(client, f"{ADMIN}/evidence/exports", "/exports/cancel").status_code == 303
    assert newest(office).state == "cancelled"
    office.desk.later(minutes=1)
    order(client, kind="log", form="jsonl")
    with monkeypatch.context() as broken:
        broken.setattr("complaints.evidence.handling_log.jsonl", lambda rows: 1 / 0)
        work_off(office.installation)
    assert "因 ZeroDivisionError 中断" in words(client.get(f"{ADMIN}/evidence/exports"))
    assert send(client, f"{ADMIN}/evidence/exports", "/exports/again").status_code == 303
    work_off(office.installation)
    assert newest(office).state == "done"
    old = client.post(f"{ADMIN}/evidence/exports/cancel", data={"uid": newest(office).uid})
    assert old.status_code == 400


def test_personal_data_is_shown_to_a_freshly_logged_in_auditor_with_a_reason_only(office):
    office.desk.file()
    shown = {"kind": "register", "form": "csv", "unmasked": "y"}
    assert "unmasked" not in office.client("supervisor").get(f"{ADMIN}/evidence").get_data(as_text=True)
    assert order(office.client("supervisor"), **shown, reason="court").status_code == 403
    client = office.client("auditor")
    assert order(client, **shown).status_code == 422
    assert order(client, **shown, reason="court").status_code == 303
    job = newest(office)
    assert b"reporter@example.com" in take(client, job).data
    assert (system(office)[-2].meta["unmasked"], system(office)[-2].meta["reason"]) == (True, "court")
    other = office.client("admin")
    assert f"/{job.uid}/file" not in other.get(f"{ADMIN}/evidence/exports").get_data(as_text=True)
    office.desk.later(minutes=16)
    answer = order(client, **shown, reason="court")
    assert answer.status_code == 422
    assert "15 分钟内的登录" in answer.get_data(as_text=True)
    stale = take(client, job)
    assert (stale.status_code, "15 分钟内的登录" in stale.get_data(as_text=True)) == (403, True)
    assert [entry.type for entry in system(office)].count("export_downloaded") == 1
    assert b"reporter@example.com" in take(office.client("auditor"), job).data


def test_a_file_with_restricted_texts_is_closed_to_those_without_the_clearance(office):
    office.hire("cleared", "auditor", restricted=True)
    filed = office.desk.file(
        office.desk.read(lambda work: next(k for k, one in work.policy.types.items() if one.restricted))
    )
    blind, cleared = office.client("auditor"), office.client("cleared")
    assert order(blind, kind="case", form="pdf", number=filed.number).status_code == 422
    assert order(cleared, kind="case", form="pdf", number=filed.number).status_code == 303
    job = newest(office)
    page = blind.get(f"{ADMIN}/evidence/exports").get_data(as_text=True)
    assert f"/{job.uid}/file" not in page
    office.desk.later(seconds=1)
    order(blind, kind="register", form="csv")
    other = blind.get(f"{ADMIN}/evidence/exports").get_data(as_text=True)
    # The token is the session's, so it fits another file's button too.
    forged = other.replace(newest(office).uid, job.uid)
    assert send_from(blind, forged, "", f"/{job.uid}/file").status_code == 403
    assert take(cleared, job).data.startswith(b"%PDF")


def order_each(office, client, filed):
    """Each order of who is not cleared that names a complaint: a file of it, and a bundle."""
    checkpoint(office.desk)
    where, bundle = f"{ADMIN}/evidence", "/bundle#bundle"
    assert order(client, kind="case", form="pdf", number=filed.number).status_code == 303
    assert send(client, where, bundle, **{"bundle-number": filed.number}).status_code == 303


def test_ordered_files_name_no_complaint_that_became_restricted_to_those_without_the_clearance(office):
    office.hire("cleared", "auditor", restricted=True)
    filed, blind = office.desk.file(), office.client("auditor")
    order_each(office, blind, filed)
    made = office.desk.read(lambda work: jobs.recent(work.session))
    page = blind.get(f"{ADMIN}/evidence/exports").get_data(as_text=True)
    assert page.count(filed.number) == 2
    for job in made:
        assert send_from(blind, page, "", f"/{job.uid}/file").status_code == 200

    office.desk.do(filed, "accept")
    office.desk.do(filed, "reclassify", to="self_harm")
    shown = blind.get(f"{ADMIN}/evidence/exports").get_data(as_text=True)
    assert filed.number not in shown
    assert shown.count("您无权查看的投诉") == 2
    for job in made:
        assert f"/{job.uid}/file" not in shown
        # The token is the session's, so it fits a button that is no longer there.
        assert send_from(blind, page, "", f"/{job.uid}/file").status_code == 403
    seen = office.client("cleared").get(f"{ADMIN}/evidence/exports").get_data(as_text=True)
    assert seen.count(filed.number) == 2


def test_ordered_files_name_no_restricted_complaint_that_somebody_cleared_ordered(office):
    office.hire("cleared", "auditor", restricted=True)
    filed, cleared = office.desk.file("self_harm"), office.client("cleared")
    checkpoint(office.desk)
    assert order(cleared, kind="case", form="pdf", number=filed.number).status_code == 303
    shown = office.client("auditor").get(f"{ADMIN}/evidence/exports").get_data(as_text=True)

    assert filed.number not in shown
    assert "其中有您无权查看的内容" in shown
    assert filed.number in cleared.get(f"{ADMIN}/evidence/exports").get_data(as_text=True)


def test_the_page_of_files_tells_of_an_order_for_the_cleared_only_that_it_was_given(office):
    office.hire("cleared", "auditor", restricted=True)
    kind = office.desk.read(lambda work: next(k for k, one in work.policy.types.items() if one.restricted))
    label = office.desk.read(lambda work: work.policy.types[kind].label("zh"))
    office.desk.file(kind)
    office.desk.file("other")
    order(office.client("cleared"), kind="register", form="csv", type=kind)
    office.desk.later(seconds=1)
    order(office.client("auditor"), kind="register", form="jsonl", type="other")
    told = {who: words(office.client(who).get(f"{ADMIN}/evidence/exports")) for who in ("cleared", "auditor")}

    assert [(label in page, page.count("1行")) for page in told.values()] == [(True, 2), (False, 1)]
    assert "其中有您无权查看的内容" in told["auditor"]


def test_a_host_user_without_a_known_login_time_takes_nothing_away(tmp_path, clock):
    office = Office(tmp_path, clock).start(clock, hosts=True)
    office.loader = Operator("u17", "王", frozenset({"auditor"}), authenticated_at=clock.now)
    client = office.client()
    order(client, kind="log", form="csv")
    html = client.get(f"{ADMIN}/evidence/exports").get_data(as_text=True)
    page = client.get(f"{ADMIN}/evidence").get_data(as_text=True)
    office.loader = Operator("u17", "王", frozenset({"auditor"}))

    assert "/evidence/order" not in client.get(f"{ADMIN}/evidence").get_data(as_text=True)
    assert send_from(client, page, "", "/order#order", kind="log", form="csv").status_code == 403
    assert send_from(client, html, "", f"/{newest(office).uid}/file").status_code == 403


WANTING = {
    "xlsx": (("register", "xlsx"), "缺少这种格式需要的 XlsxWriter", "lacks XlsxWriter"),
    "docx": (("period", "docx"), "缺少这种格式需要的 python-docx", "lacks python-docx"),
    "pdf": (("period", "pdf"), "缺少这种格式需要的 reportlab", "lacks reportlab"),
    "font": (("period", "pdf"), "没有中文字体", "no font with Chinese characters"),
    "named-font": (("period", "pdf"), "指定的字体文件不存在", "names is not there"),
    "outlines": (("period", "pdf"), "PostScript 轮廓", "PostScript outlines"),
}


@pytest.mark.parametrize("what", WANTING)
def test_what_a_file_lacks_is_told_in_the_language_of_whoever_reads(office, monkeypatch, tmp_path, what):
    (kind, form), chinese, english = WANTING[what]
    library = {"xlsx": "xlsxwriter", "docx": "docx", "pdf": "reportlab"}.get(what)
    if library:
        monkeypatch.setitem(sys.modules, library, None)
    elif what == "font":
        monkeypatch.setattr(fonts, "_USUAL", ())
    else:
        font = tmp_path / "font.otf"
        object.__setattr__(office.installation.settings, "DOCUMENT_FONT", str(font))
        if what == "outlines":
            font.write_bytes(b"OTTO" + bytes(100))
    pdf._font.cache_clear()
    client = office.client("auditor")
    order(client, kind=kind, form=form)
    job, page = newest(office), f"{ADMIN}/evidence/exports"

    assert job.state == "failed"
    assert chinese in words(client.get(page))
    assert english not in words(client.get(page))
    assert english in words(client.get(f"{page}?lang=en"))


def test_another_setting_that_is_wrong_is_introduced_in_the_readers_language(office):
    order(office.client("auditor"), kind="log", form="csv")

    def fail(work):
        job = work.session.query(Job).one()
        job.state, job.error = "failed", "COMPLAINTS_THIS must be that"

    office.installation.write(fail)
    assert "有一项设置不正确。请告知服务器管理人员：COMPLAINTS_THIS must be that" in words(
        office.client("auditor").get(f"{ADMIN}/evidence/exports")
    )


def test_an_expired_file_says_so(office):
    client = office.client("auditor")
    order(client, kind="log", form="csv")
    office.desk.later(days=KEEP_DAYS, seconds=1)
    files.expire(office.installation, office.desk.clock.now)

    fresh = office.client("admin")
    assert "到期已删除" in words(fresh.get(f"{ADMIN}/evidence/exports"))
    assert office.desk.read(lambda work: work.session.query(Job).one().state) == "expired"
