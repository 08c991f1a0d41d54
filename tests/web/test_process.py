"""The published process: what the policy says, kept as it was published; figures that betray nobody; health."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from factories import CAROL

from complaints.administration.publishing import publish
from complaints.cases import intake
from complaints.policy.profile import load
from complaints.web.public.process import render_body
from complaints.web.public.statistics import by_month, shown

STRANGE = """
[deadlines.general]
accept = { amount = 3, unit = "wd", label = "practice" }
result = { amount = 23, unit = "wd", cap_days = 61, label = "practice" }
[review]
window_days = 47
"""


def _plain(page: str) -> str:
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", page))


def _publish(following, tmp_path, addition: str) -> None:
    from following import POLICY

    file = tmp_path / "changed.toml"
    file.write_text(POLICY + addition, encoding="utf-8")
    changed = load(file)
    with following.app.app_context():
        following.desk.installation.write(
            lambda work: publish(work, changed, CAROL, trial=False, render_page=render_body)
        )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_number_on_the_page_comes_from_the_policy(make_following, lang) -> None:
    usual, strange = make_following(), make_following(policy=STRANGE)

    before, after = (each.get(f"/complaints/process?lang={lang}").text for each in (usual, strange))

    wanted = (
        ("23个工作日（最长61天）", "3个工作日", "47天")
        if lang == "zh"
        else ("23 working days (at most 61 days)", "47 days")
    )
    for words in wanted:
        assert words in after
        assert words not in before
    assert "30天" not in after
    assert "30 days" not in after


def test_a_version_keeps_its_page_and_the_newest_is_in_force(following, tmp_path, clock) -> None:
    first = following.get("/complaints/process").text
    clock.now += timedelta(days=2)
    _publish(following, tmp_path, STRANGE)

    now, then = following.get("/complaints/process").text, following.get("/complaints/process/1").text

    assert "第1版，2026年11月23日（周一）起施行" in first
    assert "第2版，2026年11月25日（周三）起施行" in now
    assert "23个工作日" in now
    assert "23个工作日" not in then
    assert "10个工作日（最长15天）" in then
    assert "早先的版本" in then
    assert "/process/1" in now
    for missing in ("/complaints/process/3", "/complaints/process/0", "/complaints/process/x"):
        assert following.get(missing).status_code == 404


def test_the_kept_page_is_shown_and_not_rendered_anew(following, monkeypatch) -> None:
    before = following.get("/complaints/process").text

    monkeypatch.setattr("complaints.web.public.process.render_body", lambda *_: "rendered anew")

    assert following.get("/complaints/process").text == before


def test_the_body_needs_no_request_and_speaks_each_language(following) -> None:
    policy = following.desk.installation.file_policy
    with following.app.app_context():
        zh, en = (render_body(policy, 1, lang) for lang in ("zh", "en"))

    assert "多久答复" in zh
    assert "By when we answer" in en
    assert not re.search(
        r"[一-鿿]", re.sub(r"<desc>.*?</desc>|示例科技有限公司|小问", "", en, flags=re.DOTALL)
    )
    assert "{" not in _plain(zh) + _plain(en)


def test_internal_targets_and_what_must_not_be_promised_are_not_on_the_page(following) -> None:
    policy = following.desk.installation.file_policy
    internal = [term for one in policy.deadlines.values() for term in one.terms if not term.publish]
    page = _plain(following.get("/complaints/process").text)

    assert internal
    assert "首次处置" not in page
    assert "4小时" not in page


def test_the_picture_stands_alone_with_its_own_ground_and_policy(following) -> None:
    for lang in ("zh", "en"):
        answer = following.get(f"/complaints/process/flow.svg?lang={lang}")
        root = ET.fromstring(answer.data)

        assert answer.mimetype == "image/svg+xml"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert root.tag.endswith("svg")
        assert root.get("color") != "currentColor"
        assert b"style" not in answer.data
        assert b"<script" not in answer.data


def test_trial_is_said_until_a_named_person_publishes(make_following) -> None:
    trial, real = make_following(trial=True), make_following()
    for each in (trial, real):
        each.desk.installation.settings.__dict__["relaxed"] = False

    assert "试运行" in trial.get("/complaints/process").text
    assert "试运行" in trial.get("/complaints/track").text
    assert "试运行" not in real.get("/complaints/process").text


def test_figures_are_closed_until_the_policy_opens_them(following) -> None:
    assert following.get("/complaints/statistics").status_code == 404
    assert "/complaints/statistics" not in following.get("/complaints/track").text


def test_small_counts_are_not_told_and_tests_are_not_counted(make_following, clock) -> None:
    following = make_following(policy="[public]\nstatistics = true\n")
    desk = following.desk
    for number in range(6):
        desk.file("billing", fields={"details": f"第{number}件"})
    desk.file("billing", fields={"details": "测试"}, is_test=True)
    for step in ("accept", "decide", "release"):
        following.do(step)
    clock.now += timedelta(days=30)
    desk.sweep()

    page = following.get("/complaints/statistics")
    month = desk.read(by_month)[0]

    assert page.status_code == 200
    assert (month.name, month.received, month.result) == ("2026-11", 9, (1, 8))
    assert month.outcomes["upheld"] == 1
    assert "少于5" in page.text
    assert [shown(count) for count in (0, 1, 4, 5, 12)] == ["0", "少于5", "少于5", "5", "12"]


@pytest.mark.parametrize("tests", [False, True])
def test_a_test_installation_counts_its_test_cases_alone_and_says_so(make_following, tests) -> None:
    following = make_following(policy="[public]\nstatistics = true\n", COMPLAINTS_TEST_INSTALLATION=tests)
    for number in range(7):
        following.desk.file("billing", fields={"details": f"测试第{number}件"}, is_test=True)

    page = following.get("/complaints/statistics").text
    said = re.search(r'<div class="cmp-callout.*?</div>', page, re.DOTALL)
    received = re.sub(r"<[^>]+>|\s+", " ", page.partition("2026-11")[2]).split()[0]

    assert ("测试环境" in (said[0] if said else "")) is tests
    assert ("不含测试" in page) is not tests
    assert "收到投诉" in page
    # Three real ones lie beside the seven.
    assert received == ("7" if tests else "少于5")


def test_a_decision_that_is_not_released_is_in_no_figure(make_following) -> None:
    following = make_following(policy="[public]\nstatistics = true\n")
    before = following.get("/complaints/statistics").text
    following.do("accept")
    accepted = following.get("/complaints/statistics").text
    following.do("decide")

    assert accepted != before
    assert following.get("/complaints/statistics").text == accepted


def test_health_says_how_far_behind_the_clock_is_and_nothing_personal(following, clock) -> None:
    idle = following.get("/complaints/healthz")
    body = json.loads(idle.text)

    assert idle.status_code == 503, "the clock has never run"
    lags = {"sweep_lag", "outbox_lag", "beat_lag", "sequencer_lag", "search_lag", "orders_lag"}
    assert set(body) == {"status", "alarms", *lags}
    clock.now += timedelta(days=30)
    assert json.loads(following.get("/complaints/healthz").text)["sweep_lag"] > 86400


def test_health_is_200_once_the_clock_runs(following) -> None:
    from complaints.store.tables import Lease

    now = following.desk.clock.now
    following.desk.installation.write(
        lambda work: work.session.add(Lease(name="tick", owner="w", until=now, beat_at=now, lag_seconds=0))
    )

    assert following.get("/complaints/healthz").status_code == 200


def test_health_answers_503_when_the_database_does_not(following, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("gone")

    monkeypatch.setattr("complaints.web.public.health.measure", broken)

    assert following.get("/complaints/healthz").status_code == 503


def test_a_filing_shows_the_same_dates_as_the_process_promises(following) -> None:
    filed = following.desk.file("billing", fields={"details": "多扣了钱"}, answer=intake.Answer("x"))
    following.filed = filed

    assert "最迟2026年12月7日（周一）" in following.open()
