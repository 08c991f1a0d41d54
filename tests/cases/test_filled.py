"""A text with an open place of its template goes to nobody, whoever sends it."""

from __future__ import annotations

import pytest
from factories import ALICE, BOB, a_decision

from complaints.base.errors import InputError
from complaints.cases import appeal, conversation, deciding

OPEN = ("您的投诉【填写编号】已核实。", "请在【……】前回复。", "We found [fill in what].", "预计{due}前答复。")


def reviewed(desk):
    filed = desk.file()
    for name in ("accept", "decide", "release", "appeal"):
        desk.do(filed, name)
    return filed


def ending(desk, verdict, text):
    return a_decision(desk, text=text, **({} if verdict == "change" else {"actions": ()}))


def a_reason(desk, table):
    return desk.read(lambda work: next(iter(getattr(work.policy, table))))


def ask(desk, text):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.act(filed, conversation.ask, ALICE, text, reason=a_reason(desk, "ask_reasons"))


SENT = {
    "reply": lambda desk, text: desk.act(desk.file(), conversation.reply, ALICE, text),
    "ask": ask,
    "decide": lambda desk, text: desk.act(desk.file(), deciding.decide, ALICE, a_decision(desk, text=text)),
    "decline": lambda desk, text: desk.act(
        desk.file(), deciding.decline, ALICE, a_reason(desk, "decline_reasons"), text
    ),
    **{
        verdict: lambda desk, text, verdict=verdict: desk.act(
            reviewed(desk), appeal.review, BOB, verdict, ending(desk, verdict, text)
        )
        for verdict in ("confirm", "change")
    },
}


@pytest.mark.parametrize("text", OPEN)
@pytest.mark.parametrize("sent", SENT)
def test_an_open_place_is_refused(desk, sent, text):
    with pytest.raises(InputError) as refused:
        SENT[sent](desk, text)
    assert list(refused.value.fields) == ["text"]


@pytest.mark.parametrize("sent", SENT)
def test_a_text_that_is_whole_is_sent(desk, sent):
    SENT[sent](desk, "您说的{1, 2}和【标题】我们看过了。")
