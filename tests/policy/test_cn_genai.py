"""The shipped profile says everything the rules ask for, kindly, and nothing that may not be said."""

from __future__ import annotations

import itertools
import re

import pytest

from complaints.policy.profile import load

POLICY = load()


def texts(value, path=""):
    if isinstance(value, dict):
        for key, one in value.items():
            yield from texts(one, f"{path}.{key}")
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from texts(one, f"{path}[{place}]")
    elif isinstance(value, str):
        yield path, value


ALL = list(texts(POLICY.resolved()))


def test_every_type_a_person_may_need_is_there_in_five_plain_groups():
    by_group = {
        group: [key for key, one in POLICY.types.items() if one.group == group] for group in POLICY.groups
    }
    assert by_group == {
        "content": ["illegal_content", "discrimination", "inaccurate", "false_refusal", "ai_label"],
        "rights": [
            "personal_rights",
            "privacy",
            "ip_notice",
            "business_conduct",
            "counter_notice",
            "ip_corpus_query",
        ],
        "safety": ["self_harm", "minor", "cyberbullying", "ncii", "health_harm"],
        "account": ["account_appeal", "pi_request", "pi_complaint"],
        "service": ["billing", "service", "other"],
    }


def test_the_thirty_one_classes_stand_in_their_groups():
    counts = {
        group: sum(one.group == group for one in POLICY.risk_classes.values()) for group in POLICY.risk_groups
    }
    assert counts == {"A1": 8, "A2": 9, "A3": 5, "A4": 7, "A5": 2}
    letters = {key: key[2] for key in POLICY.risk_classes}
    for group, members in itertools.groupby(POLICY.risk_classes, key=lambda key: key[:2]):
        assert "".join(letters[key] for key in members) == "abcdefghi"[: counts[group]]
    assert POLICY.risk_classes["A1f"].map12377 == ("色情类", "暴恐类", "低俗类")
    assert POLICY.risk_classes["A5a"].label.zh == "内容不准确，严重不符合科学常识或主流认知"


def test_every_class_can_be_reached_from_a_type():
    reached = {risk for one in POLICY.types.values() for risk in one.risk_default}
    assert reached == set(POLICY.risk_classes)
    for key, one in POLICY.types.items():
        assert one.about_content == bool(one.risk_default), key


@pytest.mark.parametrize(
    ("keys", "accept", "result", "cap", "targets"),
    [
        (
            "inaccurate ai_label billing service other false_refusal",
            2, 10, 15, {("accept", 1, "wd"), ("review", 5, "wd"), ("reply", 2, "wd")},
        ),
        (
            "discrimination business_conduct personal_rights ip_notice ip_corpus_query account_appeal",
            2, 10, 15, {("first_action", 3, "wd"), ("result", 7, "wd"), ("review", 5, "wd"), ("reply", 2, "wd")},
        ),
        ("pi_request pi_complaint", 2, 10, 15, {("result", 7, "wd"), ("review", 5, "wd"), ("reply", 2, "wd")}),
        (
            "illegal_content health_harm privacy minor cyberbullying ncii self_harm",
            1, 5, None,
            {("first_action", 4, "sh"), ("first_action", 24, "h"), ("result", 3, "wd"), ("review", 5, "wd"), ("reply", 1, "wd")},
        ),
        ("counter_notice", 2, 10, None, {("first_action", 3, "wd"), ("review", 5, "wd"), ("reply", 2, "wd")}),
    ],
)  # fmt: skip
def test_the_deadlines_of_each_type(keys, accept, result, cap, targets):
    for key in keys.split():
        deadlines = POLICY.deadlines_of(key)
        published = {one.kind: (one.amount, one.unit, one.cap_days) for one in deadlines.terms if one.publish}
        assert published == {
            "accept": (accept, "wd", None),
            "result": (result, "wd", cap),
            "review": (10, "wd", 15),
        }, key
        assert {(one.kind, one.amount, one.unit) for one in deadlines.terms if not one.publish} == targets, (
            key
        )


def test_no_deadline_is_said_to_be_law_and_one_outer_limit_is_guidance():
    assert {term.label for one in POLICY.deadlines.values() for term in one.terms} == {"practice"}
    outer = {key: one.outer for key, one in POLICY.deadlines.items() if one.outer}
    assert set(outer) == {"personal_information"}
    limit = outer["personal_information"]
    assert (limit.amount, limit.unit, limit.label) == (15, "wd", "guidance")
    assert "191号" in limit.basis.zh


def test_the_disposal_actions_and_who_must_say_what():
    families = {
        "content": "stop_generation stop_transmission remove block disconnect_link add_label correct rumour_refutation",
        "model": "keyword_rule refusal_tuning model_optimisation retest",
        "user": "warn limit_function suspend terminate close_account restore",
        "record": "preserve_records report_cac report_police report_other guardian_notice",
        "private_law": "forward_notice forward_counter end_measure",
    }
    for family, keys in families.items():
        assert [key for key, one in POLICY.actions.items() if one.family == family] == keys.split()
    assert {key for key, one in POLICY.actions.items() if one.authority} == {
        "report_cac",
        "report_police",
        "report_other",
    }
    assert {key for key, one in POLICY.actions.items() if one.retest} == set(families["model"].split())
    assert not [key for key, one in POLICY.actions.items() if one.family == "user" and one.immediate]
    assert {key for key, one in POLICY.actions.items() if not one.basis} == {"correct", "retest"}


def test_each_type_asks_for_no_more_than_it_needs():
    assert {key for key, one in POLICY.types.items() if not one.anonymous} == {
        "ip_notice", "counter_notice", "account_appeal", "pi_request",
    }  # fmt: skip
    for key, one in POLICY.types.items():
        assert "files" in one.optional, key
        assert ("phone" in (*one.required, *one.optional)) == bool(one.contact_required), key
        personal = {name for name in one.required if POLICY.fields[name].personal}
        assert bool(personal) == (not one.anonymous), key
    assert {"name", "proof"} <= set(POLICY.types["ip_notice"].required) & set(
        POLICY.types["counter_notice"].required
    )


def test_sensitive_types_are_restricted_and_can_be_left():
    assert {key for key, one in POLICY.types.items() if one.restricted} == {"self_harm", "minor", "ncii"}
    crisis = {key for key, one in POLICY.types.items() if one.crisis}
    assert crisis == {key for key, one in POLICY.types.items() if one.exit}
    assert crisis == {"self_harm", "minor", "ncii", "cyberbullying"}


def test_12377_belongs_to_illegal_and_harmful_information_only():
    with_12377 = {key for key, one in POLICY.types.items() if "12377" in one.routes}
    assert with_12377 == {"illegal_content", "personal_rights", "privacy", "minor", "cyberbullying", "ncii"}
    assert {key for key, one in POLICY.types.items() if "12315" in one.routes} == {"billing"}
    for route in POLICY.routes.values():
        assert route.phone in ("", "12377", "12315")


def test_no_crisis_contact_is_shipped():
    assert not any((POLICY.emergency.emergency, POLICY.emergency.support, POLICY.emergency.exit_url))
    assert not [
        path for path, text in ALL if re.search(r"(?<!\d)(110|119|120|12345|12355|12356)(?!\d)", text)
    ]


@pytest.mark.parametrize(
    "never",
    [
        # never as law, or not at all
        "网络安全法", "Cybersecurity Law", "45654", "电子商务法》第四十三", "符合备案要求", "具有法律效力",
        "可靠电子签名", "可作为法庭证据", "备案中",
        # rules whose text was not seen
        "拟人化", "网络暴力信息治理", "35273", "信息服务市场秩序", "电信和互联网用户个人信息保护规定",
        # voice
        "你", "！", "!", "工单", "派单", "SLA", "闭环", "提单", "验证码", "驳回", "非法", "失败", "sorry", "please",
    ],
)  # fmt: skip
def test_what_is_never_said(never):
    assert not [(path, text) for path, text in ALL if never.lower() in text.lower()]


def test_every_label_speaks_both_languages():
    for (path, zh), (other, en) in zip(
        [one for one in ALL if one[0].endswith(".zh")],
        [one for one in ALL if one[0].endswith(".en")],
        strict=True,
    ):
        assert path[:-3] == other[:-3]
        assert bool(zh) == bool(en), path
        assert not re.search(r"[\u4e00-\u9fff]", en), en
        assert not zh or re.search(r"[\u4e00-\u9fff]", zh), zh
        # Half-width digits, full-width punctuation, no typed space between Han and Latin.
        assert not re.search(
            r"[\u4e00-\u9fff] ?[,;:?()]|[\u4e00-\u9fff] [A-Za-z0-9]|[A-Za-z0-9] [\u4e00-\u9fff]", zh
        ), zh


def test_each_type_explains_itself_with_an_everyday_example():
    for key, one in POLICY.types.items():
        assert "例如：" in one.hint.zh, key
        assert "Such as: " in one.hint.en, key
        assert len(one.hint.zh) <= 60, (key, len(one.hint.zh))
        assert len(one.label.zh) <= 16, key
        assert one.basis, key


def test_every_type_can_be_decided_declined_and_asked_about():
    for key in POLICY.types:
        for outcome in POLICY.outcomes:
            assert [one for one in POLICY.decision_reasons.values() if one.fits(key, outcome)], (key, outcome)
        for reasons in (POLICY.decline_reasons, POLICY.ask_reasons):
            assert [one for one in reasons.values() if one.fits(key)]
    assert not POLICY.decision_reasons["charge_wrong"].fits("other")
    assert not POLICY.decision_reasons["charge_wrong"].fits("billing", "not_upheld")
    assert POLICY.decision_reasons["charge_wrong"].fits("billing", "upheld")


def test_periods():
    assert (POLICY.review.window_days, POLICY.review.max_per_case, POLICY.pause.max_wd) == (30, 1, 10)
    assert (POLICY.retention.case_years, POLICY.retention.log_months, POLICY.retention.draft_hours) == (
        3,
        6,
        2,
    )
    assert (POLICY.undo_seconds, POLICY.close_after_window, POLICY.duty) == (120, True, "office")
    assert not POLICY.public.statistics
    assert not POLICY.public.checkpoint
