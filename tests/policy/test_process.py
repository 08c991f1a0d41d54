"""The published process takes every number from the policy and shows no internal target."""

from __future__ import annotations

import re

import pytest

from complaints.policy import process
from complaints.policy.profile import load
from complaints.policy.terms import Term

STRANGE = "".join(
    f"[deadlines.{key}]\naccept = {{ amount = 23, unit = 'wd' }}\nresult = {{ amount = 29, unit = 'wd', cap_days = 53 }}\n"
    "review = { amount = 31, unit = 'wd', cap_days = 59 }\n"
    for key in ("general", "rights", "personal_information", "urgent", "counter_notice")
)
STRANGE += "[review]\nwindow_days = 37\nmax_per_case = 3\n[pause]\nmax_wd = 41\n"
STRANGE += "[retention]\ncase_years = 43\nlog_months = 47\ndraft_hours = 61\n"


@pytest.fixture
def strange(tmp_path):
    path = tmp_path / "complaints.toml"
    path.write_text('extends = "cn-genai"\n' + STRANGE, encoding="utf-8")
    return load(path)


def everything(policy, lang):
    rows = process.deadlines_table(policy, lang)
    cells = [
        cell for row in rows for cell in (row.accept, row.first_action, row.result, row.review, row.note)
    ]
    said = [one.title + one.text for one in process.steps(policy, lang)]
    return "\n".join([*cells, *said, process.longest(policy, "result", lang), process.keeping(policy, lang)])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_strange_numbers_drive_out_all_the_old_ones(strange, lang):
    numbers = set(re.findall(r"\d+", everything(strange, lang)))
    allowed = {"23", "29", "53", "31", "59", "37", "3", "41", "43", "47", "61"}
    assert numbers == allowed
    assert {"10", "15", "30"} <= set(re.findall(r"\d+", everything(load(), lang)))


def test_a_row_per_promise_covers_each_type_once():
    policy = load()
    rows = process.deadlines_table(policy, "zh")
    assert sorted(key for row in rows for key in row.types) == sorted(policy.types)
    assert all(len(row.types) == len(row.labels) for row in rows)
    urgent = rows[0]
    assert (urgent.accept, urgent.result, urgent.review) == (
        "1个工作日",
        "5个工作日",
        "10个工作日（最长15天）",
    )
    assert urgent.note == "核实后及时处置，不等到期限届满"
    assert {row.weight for row in rows} == {"practice"}
    assert {row.basis for row in rows} == {"本产品的承诺"}
    assert not any(row.first_action for row in rows)


def test_the_outer_limit_is_told_with_its_rule_unless_the_promise_is_longer(strange):
    def note(policy):
        return next(row.note for row in process.deadlines_table(policy, "zh") if "pi_request" in row.types)

    assert "不超过15个工作日" in note(load())
    assert "191号" in note(load())
    assert note(strange) == ""


def test_hours_round_the_clock_are_shown_where_they_are_promised(tmp_path):
    path = tmp_path / "complaints.toml"
    path.write_text('extends = "cn-genai"\nduty = "24x7"\n', encoding="utf-8")
    rows = process.deadlines_table(load(path), "en")
    assert [row.first_action for row in rows if "self_harm" in row.types] == ["24 hours"]


def test_types_of_one_set_but_another_severity_have_a_row_of_their_own(tmp_path):
    path = tmp_path / "complaints.toml"
    path.write_text(
        'extends = "cn-genai"\n[types.billing]\nseverity = "high"\n'
        "[deadlines.general]\nreply = { amount = 4 }\n"
        "[deadlines.general.severity.high]\nresult = { amount = 6 }\n",
        encoding="utf-8",
    )
    policy = load(path)
    rows = {key: row for row in process.deadlines_table(policy, "en") for key in row.types}
    assert rows["billing"].types == ("billing",)
    assert (rows["billing"].result, rows["billing"].reply) == ("6 working days", "4 working days")
    assert (rows["service"].result, rows["service"].reply) == (
        "10 working days (at most 15 days)",
        "4 working days",
    )
    assert rows["pi_request"].reply == ""
    assert rows.keys() == policy.types.keys()


def test_a_deadline_from_a_law_names_it(tmp_path):
    path = tmp_path / "complaints.toml"
    path.write_text(
        'extends = "cn-genai"\n[deadlines.urgent.result]\nlabel = "law"\nbasis = { zh = "某法第一条", en = "Some Act 1" }\n',
        encoding="utf-8",
    )
    row = process.deadlines_table(load(path), "en")[0]
    assert (row.weight, row.basis) == ("law", "Some Act 1")


@pytest.mark.parametrize(
    ("term", "zh", "en"),
    [
        (Term("result", 10, "wd", 15), "10个工作日（最长15天）", "10 working days (at most 15 days)"),
        (Term("accept", 1), "1个工作日", "1 working day"),
        (Term("accept", 1, "h"), "1小时", "1 hour"),
        (Term("accept", 4, "sh"), "服务时间内4小时", "4 hours of service time"),
        (Term("accept", 2, "wd", 1), "2个工作日（最长1天）", "2 working days (at most 1 day)"),
    ],
)
def test_amounts_in_words(term, zh, en):
    assert process.amount_words(term, "zh") == zh
    assert process.amount_words(term, "en") == en


def test_the_steps_in_plain_words():
    policy = load()
    zh = process.steps(policy, "zh")
    assert [one.title for one in zh] == [
        "提交", "告知是否受理", "核实和处理", "需要时请您补充", "答复", "复核", "办结", "其他途径",
    ]  # fmt: skip
    assert "收到后1至2个工作日内（按类型，见期限表）告知是否受理" in zh[1].text
    assert "“账号被限制，想申诉”" in zh[0].text
    en = process.steps(policy, "en")
    assert len(en) == len(zh)
    assert "Within 5 to 10 working days, depending on the type, we answer" in en[4].text
    for one in zh:
        assert not re.search(r"[你！!]|工单|闭环|SLA", one.title + one.text)


def test_one_length_for_all_types_is_said_without_a_range(strange):
    assert "收到后23个工作日内告知是否受理" in process.steps(strange, "zh")[1].text
    assert "Within 29 working days (at most 53 days), we answer" in process.steps(strange, "en")[4].text


def test_the_way_of_counting_is_part_of_what_is_published():
    assert "24:00" in process.counting("zh")
    assert "调休" in process.counting("zh")
    assert "Day 1 is the first working day" in process.counting("en")


def test_who_must_be_named_is_said(tmp_path):
    path = tmp_path / "complaints.toml"
    gone = "".join(
        f"[types.{key}]\nenabled = false\n" for key, one in load().types.items() if not one.anonymous
    )
    path.write_text('extends = "cn-genai"\nclose_after_window = false\n' + gone, encoding="utf-8")
    said = process.steps(load(path), "zh")
    assert "可以匿名。" in said[0].text
    assert "除以下几类外" not in said[0].text
    assert "复核期满" not in said[6].text
