"""Search: what is found by two characters and by words, what is not, and what the index gives away."""

from __future__ import annotations

import pytest
from factories import ALICE, BOB, a_decision
from searching import CLEARED, PLAIN, found, listing, take_in
from sqlalchemy import select, text

from complaints.cases import alike, deciding, erasure, handling, intake, paging, queries, searching
from complaints.ledger.work import COMPLAINANT
from complaints.store import search
from complaints.store.tables import Search

ANSWER = intake.Answer("葡萄柚与降压药可以同服", prompt="药能和水果一起吃吗", model="模型X", mark="verified")
DETAILS = "我问它葡萄\n柚能不能吃，AI回答说“Ｇｒａｐｅｆｒｕｉｔ 没事”。订单号20261123，用 GPT 写的"


def filed_and_taken_in(desk, details=DETAILS, **values):
    filed = desk.file(fields={"details": details, "mail": "wang@example.com"}, **values)
    take_in(desk.installation)
    return filed


TYPED = (
    "葡萄", "萄柚", "葡萄柚", "柚能", "回答", "AI", "ai回答", "I回", "答说", "grapefruit", "GRAPE", "gra",
    "grapefruit没事", "没事", "20261123", "202611", "订单号2026", "用GPT写", "用 gpt 写", "GPT写的",
    "“grapefruit", "葡萄 订单", "订单 ai 葡萄柚",
)  # fmt: skip
ELSE = (
    "柚子",
    "萄葡",
    "能吃柚",
    "fruit",
    "AI说",
    "事没",
    "wang",
    "example",
    "葡萄 柚子",
    "回答葡萄",
    "模型X",
)
SHORT = ("葡", "a", "，", "。。", "", "   ", "你 我 它")


def test_every_way_to_type_it_finds_it_and_what_does_not_stand_there_is_not_found(desk):
    filed = filed_and_taken_in(desk, answer=ANSWER)

    assert {words: found(desk, words) for words in TYPED} == {key: [filed.number] for key in TYPED}
    assert {words: found(desk, words) for words in ELSE} == {key: [] for key in ELSE}


def test_one_character_is_not_searched_for_and_said_so(desk):
    filed_and_taken_in(desk, "你我它葡a，")

    assert {words: listing(desk, words).found.why for words in SHORT} == dict.fromkeys(SHORT, "short")


def test_one_character_beside_a_word_is_checked_in_the_text(desk):
    one, two = filed_and_taken_in(desk, "要求退款，谢"), filed_and_taken_in(desk, "要求退款")

    assert found(desk, "退款 谢") == [one.number]
    assert found(desk, "退款") == [one.number, two.number]


def test_each_text_of_a_case_is_found_and_contacts_are_not(desk):
    filed = desk.file(answer=ANSWER)
    desk.act(filed, handling.accept, ALICE)
    desk.do(filed, "message")
    desk.do(filed, "reply")
    desk.do(filed, "note")
    desk.act(filed, deciding.decide, ALICE, a_decision(desk, text="已经更正了那条内容", note="转给内容组"))
    take_in(desk.installation)

    said = ("不对", "降压药", "水果一起", "补充一点", "我们在看", "内部备注", "更正了", "内容组")
    assert {words: found(desk, words) for words in said} == {key: [filed.number] for key in said}
    assert found(desk, "reporter") == []


def test_a_decision_that_was_taken_back_is_no_longer_found(desk):
    filed = desk.file()
    desk.act(filed, deciding.decide, ALICE, a_decision(desk, text="这是误发的答复"))
    take_in(desk.installation)
    assert found(desk, "误发") == [filed.number]

    desk.act(filed, deciding.take_back, ALICE)
    assert found(desk, "误发") == []


def test_what_was_written_since_is_found_after_the_next_turn_and_a_filing_does_not_wait(desk):
    filed = filed_and_taken_in(desk)
    desk.do(filed, "message")
    assert found(desk, "补充一点") == []
    assert listing(desk, "葡萄").found.behind is None

    take_in(desk.installation)
    assert found(desk, "补充一点") == [filed.number]


def test_nobody_finds_or_counts_a_restricted_case_not_even_who_is_cleared(desk):
    filed = desk.file("minor", fields={"details": "孩子看到了不该看的"})
    other = filed_and_taken_in(desk, "别的孩子")

    for viewer in (PLAIN, CLEARED):
        assert found(desk, "孩子", viewer) == [other.number]
        assert len(listing(desk, "孩子", viewer).found.hits) == 1
    rows = desk.read(lambda work: list(work.session.scalars(select(Search.complaint_id))))
    assert desk.case(filed).id not in rows


def hidden(desk, filed):
    desk.act(filed, handling.reclassify, ALICE, complaint_type="minor", reason="涉及未成年人")


def stored(desk, filed):
    desk.act(filed, erasure.request, COMPLAINANT)


def erased(desk, filed):
    desk.do(filed, "withdraw")
    take_in(desk.installation)
    desk.act(filed, erasure.order, BOB, ["complainant", "operator"], "法院")
    desk.later(minutes=1)
    assert desk.act(filed, erasure.finish)


@pytest.mark.parametrize("leaving", [hidden, stored, erased])
def test_a_case_leaves_the_index_in_the_act_that_hides_it_and_stays_out(desk, leaving):
    filed = filed_and_taken_in(desk)
    beside = filed_and_taken_in(desk, "旁边也有葡萄")
    case = desk.case(filed)
    leaving(desk, filed)

    for _ in range(2):
        assert found(desk, "葡萄", CLEARED) == [beside.number]
        assert desk.read(lambda work: search.seqs(work.session, [case.id])) == {}
        take_in(desk.installation)


def test_who_takes_the_request_back_is_found_again(desk):
    filed = filed_and_taken_in(desk)
    stored(desk, filed)
    desk.act(filed, erasure.withdraw_request, COMPLAINANT)
    take_in(desk.installation)

    assert found(desk, "葡萄") == [filed.number]


def test_when_one_persons_words_are_erased_the_others_are_still_found(desk):
    filed = filed_and_taken_in(desk)
    desk.do(filed, "note")
    desk.do(filed, "withdraw")
    take_in(desk.installation)
    desk.act(filed, erasure.order, BOB, ["operator"], "记错了人")
    desk.later(minutes=1)
    desk.act(filed, erasure.finish)
    take_in(desk.installation)

    assert found(desk, "葡萄") == [filed.number]
    assert found(desk, "备注") == []


def test_the_index_holds_no_text_and_nothing_without_the_key(desk):
    filed_and_taken_in(desk, "葡萄 grapefruit")
    engine = desk.installation.database.engine
    table = "complaints_search_fts" if engine.dialect.name == "sqlite" else "complaints_search"

    with engine.connect() as connection:
        raw = " ".join(str(row) for row in connection.execute(text(f"SELECT words FROM {table}")))
    words = [word.strip("',()\"") for word in raw.split()]
    assert "葡" not in raw
    assert "grape" not in raw
    assert {len(word) for word in words if word} == {12}
    assert all(word.isascii() and word.islower() for word in words if word)


def test_another_key_is_noticed_and_finds_nothing(desk):
    from dataclasses import replace

    filed = filed_and_taken_in(desk)
    keys = desk.installation.keys
    with desk.installation.reading() as work:
        other = replace(work, keys=replace(keys, data=bytes(32)))
        assert searching.look(other, "葡萄", []).why == "rekeyed"
        assert searching.opened(other, searching.seal(work, "葡萄")) is None
    assert found(desk, "葡萄") == [filed.number]


def test_a_search_combines_with_filters_and_pages(desk, monkeypatch):
    monkeypatch.setattr(paging, "PAGE", 2)
    filed = [desk.file("billing", fields={"details": f"第{n}次扣费"}) for n in range(5)]
    other = filed_and_taken_in(desk, "也是扣费")

    first = listing(desk, "扣费", type="billing")
    numbers = [row.case.number for row in first.rows]
    with desk.installation.reading() as work:
        from complaints.cases.narrowing import Filters

        given = Filters.of({"view": "all", "type": "billing", "q": searching.seal(work, "扣费")})
        place = first.after
        while place is not None:
            part = queries.queue(work, PLAIN, given, place)
            numbers += [row.case.number for row in part.rows]
            place = part.after
    assert numbers == [each.number for each in filed]
    assert found(desk, "也是扣费") == [other.number]
    assert len(first.found.hits) == len(filed)


def test_a_search_reads_so_many_texts_and_then_says_where_it_stopped(desk, monkeypatch):
    monkeypatch.setattr(paging, "PAGE", 2)
    monkeypatch.setattr(queries, "READ", 4)
    # Every piece is there, the phrase is not: the index cannot tell.
    for _ in range(7):
        desk.file(fields={"details": "葡萄。萄柚"})
    take_in(desk.installation)
    stopped = listing(desk, "葡萄柚")

    assert (stopped.rows, stopped.stopped) == ([], True)
    assert stopped.after is not None
    monkeypatch.setattr(searching, "MOST", 3)
    assert listing(desk, "葡萄").found.more
    assert len(listing(desk, "葡萄").found.hits) == 3


def test_the_excerpt_stands_around_the_hit_as_it_was_written(desk):
    filed_and_taken_in(desk, "前" * 40 + "说Ｇｒａｐｅ\n柚 没事" + "后" * 60)
    row = listing(desk, "grape柚").rows[0]

    assert [part for part, hit in row.marked if hit] == ["Ｇｒａｐｅ 柚"]
    assert row.marked[0] == ("…", False)
    assert sum(len(part) for part, _ in row.marked) <= 62
    assert row.excerpt == ""


def nearly_same(desk, filed, said):
    return desk.read(lambda work: alike.nearly_same(work, desk.case(filed), said, 10))


def test_texts_nearly_the_same_are_found_by_the_same_index(desk):
    original = "客服机器人在七月三日告诉我葡萄柚可以和降压药一起服用，我照做之后头晕得厉害，差点摔倒"
    case = desk.file(fields={"details": original})
    near = desk.file(fields={"details": original.replace("七月三日", "七月四日") + "，请处理"})
    far = desk.file(
        fields={"details": "客服机器人一直扣我的会员费，联系了三次没有人回复，请尽快退款给我，谢谢"}
    )
    hid = desk.file("minor", fields={"details": original})
    take_in(desk.installation)

    seen = nearly_same(desk, case, original)
    assert [each.case.number for each in seen] == [near.number]
    assert alike.ALIKE <= seen[0].share < 1
    assert nearly_same(desk, hid, original) == []
    assert (
        nearly_same(desk, far, "客服机器人一直扣我的会员费，联系了三次没有人回复，请尽快退款给我，谢谢") == []
    )
    short = filed_and_taken_in(desk, "退款")
    filed_and_taken_in(desk, "退款。")
    assert nearly_same(desk, short, "退款") == []


def test_of_a_flood_of_one_text_some_are_looked_at(desk, monkeypatch):
    said = "客服机器人在七月{}日告诉我葡萄柚可以和降压药一起服用，我照做之后头晕得厉害，差点摔倒"
    filed = [desk.file(fields={"details": said.format(n)}) for n in "一二三四五六"]
    take_in(desk.installation)
    assert len(nearly_same(desk, filed[0], said.format("一"))) == 5
    monkeypatch.setattr(alike, "_AMONG", 3)
    # The case itself may be one of the three.
    assert 2 <= len(nearly_same(desk, filed[0], said.format("一"))) <= 3


def test_the_words_travel_sealed_and_a_damaged_address_reads_as_none(desk):
    with desk.installation.reading() as work:
        token = searching.seal(work, "  葡萄   柚 ")
        assert searching.opened(work, token) == "葡萄 柚"
        assert token != searching.seal(work, "葡萄 柚")
        for damaged in (token[:-2], token[1:], "x" * 60, token.swapcase()):
            assert searching.opened(work, damaged) is None
        assert len(searching.opened(work, searching.seal(work, "长" * 500))) == searching.LONGEST
