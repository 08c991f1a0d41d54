"""What a template leaves to the case: only listed variables, filled in the complainant's language or refused."""

from __future__ import annotations

import pytest
from factories import ALICE, a_decision
from hypothesis import given
from hypothesis import strategies as st

from complaints.administration import templates
from complaints.administration.templates import Template
from complaints.base.errors import InputError
from complaints.cases import deciding, handling, variables
from complaints.cases.views import public_view
from complaints.ledger.work import Actor
from complaints.policy.deadlines import words
from complaints.web.admin.wording import other_language

BY = Actor("supervisor", "op_b")


def values(desk, filed, **chosen):
    return desk.read(lambda work: variables.of(work, desk.case(filed), **chosen))


@pytest.mark.parametrize(
    ("lang", "filed_on"), [("zh", "2026年11月23日（周一）"), ("en", "Monday 23 November 2026")]
)
def test_every_variable_has_a_value_in_the_complainants_language(desk, lang, filed_on):
    filed = desk.file(lang=lang)
    reason = desk.read(lambda work: next(iter(work.policy.decision_reasons)))
    found = values(
        desk, filed, outcome="upheld", reason=reason, actions=["stop_generation", "preserve_records"]
    )

    assert set(found) == {*variables.ALWAYS, *variables.ANSWERING} == set(variables.meanings())
    assert found["number"] == filed.number
    assert found["filed_on"] == filed_on
    labels = desk.read(
        lambda work: [work.policy.actions[key].label(lang) for key in ("stop_generation", "preserve_records")]
    )
    assert found["measures"] == ("、" if lang == "zh" else ", ").join(labels)
    assert found["outcome"]
    assert found["reason"]
    assert desk.read(lambda work: set(variables.sample(work, lang, ""))) == set(found)


def test_the_last_day_for_a_review_is_the_one_the_release_will_set(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    promised = values(desk, filed)["appeal_until"]
    desk.do(filed, "decide")
    desk.later(minutes=3)
    desk.do(filed, "release")

    assert promised == words(desk.case(filed).appeal_until, "zh")


def test_what_is_not_known_stays_and_is_a_gap(desk):
    filed = desk.file()
    text = variables.fill("{number}：{reason}，{nobody}", values(desk, filed))

    assert text == f"{filed.number}：{{reason}}，{{nobody}}"
    assert variables.gaps(text) == ["{reason}", "{nobody}"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("已处理", []),
        ("【处理结果】已下架", []),
        ('返回了 {"code": 1}，以及 { 空 }', []),
        ("【填写：金额】和【…】", ["【填写：金额】", "【…】"]),
        ("we have [Fill in: what]", ["[Fill in: what]"]),
        ("截止{appeal_until}，{理由}", ["{appeal_until}", "{理由}"]),
    ],
)
def test_only_places_meant_to_be_filled_are_gaps(text, left):
    assert variables.gaps(text) == left


@pytest.mark.parametrize(
    ("use", "body", "wrong"),
    [
        ("decide", "编号{number}，{reason}，{appeal_until}前可以申请复核", []),
        ("decide", "{numbr}和{state}", ["{numbr}", "{state}"]),
        ("reply", "{number}，{reason}", ["{reason}"]),
        ("ask", "{due}前", []),
    ],
)
def test_a_template_keeps_only_variables_of_its_act_and_the_others_are_named(desk, use, body, wrong):
    given = Template("mine", "zh", use, "", "我的", body)
    if not wrong:
        desk.installation.write(lambda work: templates.save(work, given, BY))
        return
    with pytest.raises(InputError) as refused:
        desk.installation.write(lambda work: templates.save(work, given, BY))
    said = refused.value.fields["body"][0]
    assert said.startswith(" ".join(wrong) + "在")


def test_ones_own_template_is_deleted_and_the_shipped_one_comes_back(desk):
    own = Template("upheld", "zh", "decide", "", "属实", "自己的文字{number}")
    desk.installation.write(lambda work: templates.save(work, own, BY))
    desk.installation.write(lambda work: templates.remove(work, "upheld", "zh", BY))
    found = desk.read(
        lambda work: [
            each for each in templates.everything(work) if (each.key, each.lang) == ("upheld", "zh")
        ]
    )

    assert [each.own for each in found] == [False]
    with pytest.raises(InputError):
        desk.installation.write(lambda work: templates.remove(work, "upheld", "zh", BY))


def test_every_shipped_template_holds_only_what_can_be_filled(desk):
    for each in desk.read(templates.everything):
        assert variables.unknown(each.body, each.use) == [], each.key


@given(
    st.text(alphabet="ab{}【】_1 ", max_size=30),
    st.dictionaries(st.sampled_from(["a", "b"]), st.text(max_size=5)),
)
def test_filling_leaves_every_other_character_alone(text, known):
    assert variables.fill(text, {}) == text
    filled = variables.fill(text, dict.fromkeys(known, "X"))
    assert all(f"{{{name}}}" not in filled for name in known)


@pytest.mark.parametrize(
    ("text", "lang", "other"),
    [
        ("经核实，您反映的情况属实。", "zh", False),
        ("We checked, and what you reported is true.", "zh", True),
        ("经核实，您反映的情况属实。", "en", True),
        ("We checked 回答, and what you reported is true.", "en", False),
        ("已按 GPT-4o API 的日志核对，回答 answer-17 属实，已经停止生成。", "zh", False),
        ("已收到，会写信到 zhou.xiaoyu@mail.example.com", "zh", False),
        ("请到 https://ai.example.cn/complaints/track 查询 TS20261123-7K3M9Q", "zh", False),
        ("OK", "zh", False),
        ("", "en", False),
    ],
)
def test_a_text_in_the_other_language_is_noticed(text, lang, other):
    assert other_language(text, lang) is other


def test_facts_are_sealed_with_the_decision_and_never_told(desk):
    filed, beside = desk.file(), desk.file()
    desk.act(filed, handling.accept, ALICE)
    desk.act(filed, deciding.decide, ALICE, a_decision(desk, facts="日志第17行显示模型编造"))
    desk.later(minutes=3)
    desk.act(filed, deciding.release)

    decided = next(each for each in desk.events(filed) if each.type == "decided")
    assert decided.text("facts") == "日志第17行显示模型编造"
    seen = desk.read(lambda work: public_view(work, desk.case(filed)))
    assert "第17行" not in str(seen.timeline) + str(seen.decisions)
    assert [each.type for each in desk.events(beside)] == ["filed"]
