"""A provider's file over the shipped profile, and the published form that reads back unchanged."""

from __future__ import annotations

import dataclasses
import json

import pytest

from complaints.policy.profile import Label, Policy, load


@pytest.fixture
def write(tmp_path):
    def _write(text, *, raw=None):
        path = tmp_path / "complaints.toml"
        path.write_bytes(raw if raw is not None else ('extends = "cn-genai"\n' + text).encode())
        return path

    return _write


def test_the_published_bytes_read_back_to_an_equal_policy_in_the_same_order():
    shipped = load()
    read = Policy.from_resolved(json.loads(shipped.bytes))
    assert read == shipped
    assert read.bytes == shipped.bytes
    assert read.digest == shipped.digest
    assert hash(read) == hash(shipped)
    for name in ("types", "fields", "groups", "routes", "actions", "deadlines", "decision_reasons"):
        assert list(getattr(read, name)) == list(getattr(shipped, name)), name
    assert list(read.fields["pi_right"].choices) == list(shipped.fields["pi_right"].choices)
    assert read.deadlines["urgent"].terms == shipped.deadlines["urgent"].terms


def test_the_digest_follows_every_field():
    shipped = load()
    assert dataclasses.replace(shipped, undo_seconds=7).digest != shipped.digest
    assert dataclasses.replace(shipped, notes="x").digest != shipped.digest


def test_nothing_in_the_published_form_is_a_float_or_none():
    def walk(value):
        yield value
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from walk(one)

    assert {type(one) for one in walk(load().resolved())} <= {dict, list, str, int, bool}


def test_a_provider_changes_one_number_and_the_rest_stays(write):
    policy = load(
        write("[deadlines.general.result]\namount = 23\ncap_days = 0\n[provider]\nname = '某公司'\n")
    )
    shipped = load()
    result = policy.deadlines["general"].published("result")
    assert (result.amount, result.unit, result.cap_days) == (23, "wd", None)
    assert policy.deadlines["general"].published("accept") == shipped.deadlines["general"].published("accept")
    assert policy.deadlines["rights"] == shipped.deadlines["rights"]
    assert policy.provider.name == "某公司"
    assert list(policy.types) == list(shipped.types)
    assert Policy.from_resolved(json.loads(policy.bytes)) == policy


def test_a_label_can_be_reworded_in_one_language(write):
    policy = load(write("[types.billing.label]\nzh = '付款问题'\n"))
    assert policy.types["billing"].label == Label("付款问题", load().types["billing"].label.en)


def test_a_provider_adds_a_type_of_its_own(write):
    policy = load(
        write("""
[types.agent_store]
group = "content"
label = { zh = "智能体商店", en = "Agent store" }
hint = { zh = "商店里的智能体有问题", en = "An agent is not right" }
required = ["details"]
""")
    )
    assert list(policy.types)[-1] == "agent_store"
    assert policy.types["agent_store"].deadlines == "general"


def test_a_removed_type_takes_along_what_was_made_only_for_it(write):
    policy = load(write("[types.billing]\nenabled = false\n[types.pi_complaint]\nenabled = false\n"))
    assert not {"billing", "pi_complaint"} & set(policy.types)
    # Reasons only for removed types would otherwise turn into reasons for all of them.
    assert not {"charge_wrong", "charge_right", "pi_lawful"} & set(policy.decision_reasons)
    assert "order" not in policy.ask_reasons
    assert policy.ask_reasons["account"].types == ("account_appeal", "pi_request", "service")
    assert Policy.from_resolved(json.loads(policy.bytes)) == policy


def test_a_removed_route_or_class_disappears_from_the_types(write):
    policy = load(write("[routes.12315]\nenabled = false\n[risk_classes.A5b]\nenabled = false\n"))
    assert policy.types["billing"].routes == ("court",)
    assert policy.types["inaccurate"].risk_default == ("A5a",)


def test_a_single_internal_target_can_be_removed(write):
    policy = load(write("[deadlines.general.accept_target]\nenabled = false\n"))
    steps = [(term.kind, term.step) for term in policy.deadlines["general"].terms]
    assert steps == [
        ("accept", ""),
        ("result", ""),
        ("review", ""),
        ("review", "target"),
        ("reply", "target"),
    ]


def test_round_the_clock_duty_brings_its_own_terms(write):
    def first(policy):
        terms = policy.deadlines["urgent"].terms
        return [(one.amount, one.unit, one.publish, one.step) for one in terms if one.kind == "first_action"]

    awake = load(write("duty = '24x7'\n"))
    assert first(load()) == [(4, "sh", False, "target"), (24, "h", False, "alarm")]
    assert first(awake) == [(24, "h", True, ""), (2, "h", False, "target"), (24, "h", False, "alarm")]
    assert Policy.from_resolved(json.loads(awake.bytes)) == awake


@pytest.mark.parametrize(
    ("duty", "text", "promised", "target"),
    [
        ("office", "", None, (4, "sh")),
        ("24x7", "", (24, "h"), (2, "h")),
        ("24x7", "first_action = { amount = 12, unit = 'h' }", (12, "h"), (2, "h")),
        ("24x7", "first_action_24x7 = { amount = 6, unit = 'h' }", (6, "h"), (2, "h")),
        ("24x7", "first_action_24x7 = { enabled = false }", None, (2, "h")),
        ("24x7", "first_action_target = { amount = 3 }", (24, "h"), (3, "sh")),
        ("24x7", "first_action_target = { enabled = false }", (24, "h"), None),
        ("office", "first_action_24x7 = { amount = 6, unit = 'h' }", None, (4, "sh")),
        ("office", "first_action_target = { amount = 3 }", None, (3, "sh")),
        (
            "24x7",
            "first_action = { amount = 1 }\nfirst_action_24x7 = { amount = 6, unit = 'h' }",
            (6, "h"),
            (2, "h"),
        ),
    ],
)
def test_hours_round_the_clock_are_for_who_is_awake_and_the_providers_own_word_goes_first(
    write, duty, text, promised, target
):
    terms = load(write(f"duty = '{duty}'\n[deadlines.urgent]\n{text}\n")).deadlines["urgent"].terms
    found = {one.step: (one.amount, one.unit) for one in terms if one.kind == "first_action"}
    assert (found.get(""), found.get("target")) == (promised, target)
    assert duty == "24x7" or not any(one.publish and one.unit == "h" for one in terms)


SEVERE = """
[types.billing]
severity = "high"
[types.service]
severity = "urgent"
[deadlines.general.severity.high]
result = { amount = 6, unit = "wd" }
reply_target = { amount = 1, unit = "wd" }
[deadlines.general.severity.urgent]
accept = { amount = 1, unit = "wd" }
first_action_target = { amount = 3, unit = "sh" }
result = { amount = 3, unit = "wd" }
result_24x7 = { amount = 48, unit = "h" }
"""


def test_a_set_has_its_own_terms_for_a_severity_and_keeps_the_others(write):
    policy = load(write(SEVERE))

    def terms(key):
        return {one.name: (one.amount, one.unit) for one in policy.deadlines_of(key).terms}

    usual = terms("other")
    assert usual["result"] == (10, "wd")
    assert terms("billing") == {**usual, "result": (6, "wd"), "reply_target": (1, "wd")}
    assert terms("service") == {
        **usual,
        "accept": (1, "wd"),
        "first_action_target": (3, "sh"),
        "result": (3, "wd"),
    }
    assert policy.deadlines_of("pi_request") == load().deadlines_of("pi_request")
    assert policy.cautions() == ()
    awake = load(write('duty = "24x7"\n' + SEVERE))
    assert awake.deadlines_of("service").published("result").unit == "h"


def test_a_term_of_a_severity_can_be_taken_away_again(write):
    text = "[deadlines.general.severity.high.result]\namount = 2\nenabled = false\n"
    assert load(write(text)).deadlines["general"].severity == {"high": ()}
    gone = "[deadlines.general.severity.high]\nenabled = false\nresult = { amount = 2 }\n"
    assert load(write(gone)) == load()


def test_terms_by_severity_are_part_of_what_is_published(write):
    policy = load(write(SEVERE))
    read = Policy.from_resolved(json.loads(policy.bytes))
    assert read == policy
    assert read.digest == policy.digest != load().digest
    assert "severity" not in load().resolved()["deadlines"][0]


def test_terms_for_a_severity_that_no_type_has_deserve_a_second_look(write):
    text = "[deadlines.general.severity.urgent.result]\namount = 3\n"
    assert [one.key for one in load(write(text)).cautions()] == ["deadlines.general.severity.urgent"]
    late = SEVERE + "[deadlines.general.severity.high.accept_target]\namount = 3\n"
    assert [one.key for one in load(write(late)).cautions()] == [
        "deadlines.general.severity.high.accept_target"
    ]


def test_a_byte_order_mark_from_a_windows_editor_is_no_fault(write):
    assert load(write("", raw='\ufeffextends = "cn-genai"\r\n'.encode())) == load()


def test_what_only_the_provider_can_say_is_listed_until_it_is_said(write):
    gaps = {one.key for one in load().missing()}
    assert {"provider.name", "contacts.mail", "numbers.algorithm", "models", "emergency.emergency"} <= gaps
    policy = load(
        write("""
[provider]
name = "某公司"
product = "某产品"
address = "某市"
[contacts]
phone = "010-00000000"
mail = "help@example.com"
compliance_name = "某某"
compliance_mail = "law@example.com"
[numbers]
algorithm = "网信算备000000000000000000001号"
algorithm_url = "https://beian.cac.gov.cn/"
online = "某-0001"
icp = "某ICP备00000000号"
[emergency]
emergency = "a"
support = "b"
exit_url = "https://example.com/"
[[models]]
name = "自有模型"
own = true
filing_number = "某-0002"
[[models]]
name = "他人模型"
""")
    )
    assert [one.key for one in policy.missing()] == [
        "models[1].filing_number",
        "models[1].vendor",
        "models[1].complaint_route",
    ]
    assert all(one.what.zh and one.what.en for one in policy.missing())


def test_without_a_crisis_type_no_crisis_contact_is_missing(write):
    gone = "".join(f"[types.{key}]\nenabled = false\n" for key, one in load().types.items() if one.crisis)
    gaps = {one.key for one in load(write(gone)).missing()}
    assert not [key for key in gaps if key.startswith("emergency")]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (
            "[deadlines.personal_information.result]\namount = 16\ncap_days = 0\n",
            "deadlines.personal_information.result",
        ),
        ("[deadlines.general.accept_target]\namount = 3\n", "deadlines.general.accept_target"),
        ("[types.other]\nenabled = false\n", "types.other"),
    ],
)
def test_what_deserves_a_second_look_is_said_but_allowed(write, text, key):
    assert load().cautions() == ()
    assert [one.key for one in load(write(text)).cautions()] == [key]
