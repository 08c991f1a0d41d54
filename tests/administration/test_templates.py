"""Reply templates: shipped ones, one's own, and places that must be filled in."""

from __future__ import annotations

import pytest

from complaints.administration import templates
from complaints.administration.templates import Template
from complaints.base.errors import InputError
from complaints.cases import variables
from complaints.ledger.work import Actor

BY = Actor("supervisor", "op_b")
OWN = Template("refund", "zh", "decide", "billing", "退款", "已退款【填写：金额】")


def choose(installation, *arguments):
    with installation.reading() as work:
        return [each.key for each in templates.choose(work, *arguments)]


def test_every_use_has_a_template_in_both_languages(installation):
    for use in templates.USES:
        for lang in ("zh", "en"):
            assert choose(installation, use, lang, "other"), (use, lang)


def test_every_shipped_text_has_a_place_to_fill_in(installation):
    with installation.reading() as work:
        assert [each.key for each in templates.everything(work) if not variables.gaps(each.body)] == []


def test_ones_own_template_for_the_type_comes_first_and_nowhere_else(installation):
    installation.write(lambda work: templates.save(work, OWN, BY))

    assert choose(installation, "decide", "zh", "billing")[0] == "refund"
    assert "refund" not in choose(installation, "decide", "zh", "other")
    assert "refund" not in choose(installation, "decide", "en", "billing")
    assert "refund" not in choose(installation, "reply", "zh", "billing")


def test_a_shipped_template_is_replaced_or_taken_away(installation):
    installation.write(
        lambda work: templates.save(work, Template("upheld", "zh", "decide", "", "属实", "新的文字"), BY)
    )
    with installation.reading() as work:
        assert (
            next(
                each.body for each in templates.everything(work) if each.key == "upheld" and each.lang == "zh"
            )
            == "新的文字"
        )
    installation.write(
        lambda work: templates.save(work, Template("upheld", "zh", "decide", "", "属实", ""), BY)
    )
    assert "upheld" not in choose(installation, "decide", "zh", "other")
    assert "upheld" in choose(installation, "decide", "en", "other")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"key": "Not good"}, "key"),
        ({"use": "spam"}, "use"),
        ({"lang": "fr"}, "use"),
        ({"title": " "}, "title"),
        ({"body": "x" * 5001}, "body"),
    ],
)
def test_a_template_that_cannot_be_is_refused(installation, change, field):
    with pytest.raises(InputError) as caught:
        installation.write(lambda work: templates.save(work, Template(**{**vars(OWN), **change}), BY))
    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize(
    ("text", "open_places"),
    [("【填写：原因】好", 1), ("[fill in: why] [Fill in what]", 2), ("【通知】已读", 0), ("", 0)],
)
def test_gaps_are_the_templates_own_brackets_only(text, open_places):
    assert len(variables.gaps(text)) == open_places
