"""Pages of the queue: each case once, in order, whatever changes between them."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from factories import ALICE, BOB, Desk, count_to
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, update

from complaints.cases import paging, queries, tabs
from complaints.cases.narrowing import Filters
from complaints.cases.paging import Place
from complaints.cases.people import Operator
from complaints.policy.states import State
from complaints.store.tables import Complaint

TRUSTED = Operator(BOB.ref, "Bob", frozenset({"supervisor"}), restricted=True)
HANDLER = Operator(ALICE.ref, "Alice", frozenset({"handler"}))
VIEWS = {key: Filters(key) for key in tabs.KEYS}


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(paging, "PAGE", 2)


def numbers(listing):
    return [row.case.number for row in listing.rows]


def walk(desk, filters, viewer=TRUSTED, between=lambda: None):
    """Every page forward, then every page back from the last one."""
    pages, place = [], None
    while True:
        found = desk.read(lambda work, at=place: queries.queue(work, viewer, filters, at))
        pages.append(found)
        if found.after is None:
            return pages
        between()
        place = Place.read(str(found.after))


def back(desk, filters, last, viewer=TRUSTED):
    pages = []
    while last.before is not None:
        place = Place.read(str(last.before), back=True)
        last = desk.read(lambda work, at=place: queries.queue(work, viewer, filters, at))
        pages.append(last)
    return pages


def furnished(desk):
    """Dated ones, three of one date among them, and two that nothing is due in."""
    filed = [desk.file() for _ in range(3)]
    desk.later(days=1)
    filed += [desk.file("billing") for _ in range(2)]
    for each in filed[:2]:
        desk.do(each, "withdraw")
    return filed


def test_pages_hold_each_case_once_in_the_order_of_one_list(desk, monkeypatch):
    furnished(desk)
    whole = numbers(desk.read(lambda work: queries.queue(work, TRUSTED, Filters("all"))))
    monkeypatch.setattr(paging, "PAGE", 2)
    pages = walk(desk, Filters("all"))

    assert [number for page in pages for number in numbers(page)] == whole
    assert len(whole) == len(set(whole)) == 7
    assert [len(page.rows) for page in pages] == [2, 2, 2, 1]


def test_the_way_back_shows_the_same_pages(desk, short):
    furnished(desk)
    pages = walk(desk, Filters("all"))

    assert pages[0].before is None
    assert [numbers(page) for page in back(desk, Filters("all"), pages[-1])] == [
        numbers(page) for page in reversed(pages[:-1])
    ]


def test_the_order_is_date_then_who_waits_longest_then_the_newest_without_a_date(desk):
    furnished(desk)
    cases = [row.case for row in desk.read(lambda work: queries.queue(work, TRUSTED, Filters("all"))).rows]
    dated = [(case.due_next, case.id) for case in cases if case.due_next]
    rest = [case.id for case in cases if not case.due_next]

    assert dated == sorted(dated)
    assert len({due for due, _ in dated}) < len(dated)
    assert rest == sorted(rest, reverse=True)
    assert len(rest) == 2
    assert cases[-1].due_next is None


def test_what_comes_and_goes_meanwhile_moves_nothing_that_is_still_to_come(desk, short):
    furnished(desk)
    before = [number for page in walk(desk, Filters()) for number in numbers(page)]
    came = []

    def between():
        if not came:
            shown = desk.read(lambda work: queries.queue(work, TRUSTED, Filters())).rows[0].case
            desk.do(shown, "withdraw")
            came.extend(desk.file("illegal_content").number for _ in range(3))

    pages = walk(desk, Filters(), between=between)
    after = [number for page in pages[1:] for number in numbers(page)]
    assert [number for number in after if number not in came] == before[2:]


def test_a_page_back_at_the_beginning_is_the_whole_first_page(desk, short):
    furnished(desk)
    pages = walk(desk, Filters("all"))
    second = desk.read(lambda work: work.session.get(Complaint, pages[0].rows[1].case.id))
    found = desk.read(
        lambda work: queries.queue(
            work, TRUSTED, Filters("all"), Place(second.due_next, second.id, back=True)
        )
    )

    assert numbers(found) == numbers(pages[0])
    assert found.before is None


@given(st.datetimes().map(lambda at: at.replace(year=2020 + at.year % 80)), st.integers(1, 2**53))
def test_a_place_reads_back_as_it_was_written(at, row):
    place = Place(at.replace(tzinfo=UTC), row)
    assert Place.read(str(place)) == place
    assert Place.read(str(Place(None, row)), back=True) == Place(None, row, back=True)


@pytest.mark.parametrize("text", ["", "x", "1", "-1-2", "1-", f"{10**17}-1", f"1-{10**18}", "１-2", "1-2\n"])
def test_a_damaged_place_is_none(text):
    assert Place.read(text) is None


@pytest.mark.tampered  # it writes columns beside the log
@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("state", "submitted", 2), ("state", "withdrawn", 1), ("type", "billing", 1), ("risk", "A1-1", 1),
        ("severity", "urgent", 1), ("assignee", ALICE.ref, 1), ("assignee", "@me", 1), ("assignee", "@nobody", 3),
        ("channel", "letter", 1), ("language", "en", 1), ("answer", "altered", 1), ("late", "yes", 1),
        ("late", "no", 3), ("test", "yes", 1), ("test", "no", 3), ("since", "2026-11-24", 1), ("until", "2026-11-23", 3),
    ],
)  # fmt: skip
def test_each_filter_keeps_what_it_names(installation, clock, name, value, kept):
    desk = Desk(installation, clock)
    desk.file("billing", channel="letter")
    withdrawn, marked = desk.file(lang="en"), desk.file(is_test=True)
    desk.do(withdrawn, "withdraw")
    desk.do(marked, "accept")
    desk.do(marked, "assign")
    desk.later(hours=14)
    last = desk.file()
    change = {"severity": "urgent", "risk_class": "A1-1", "answer_mark": "altered", "late": True}
    installation.write(
        lambda work: work.session.execute(update(Complaint).where(Complaint.uid == last.uid).values(**change))
    )
    found = desk.read(lambda work: queries.queue(work, HANDLER, Filters.of({"view": "all", name: value})))
    counted = desk.read(
        lambda work: queries.counts(work, HANDLER, {"": Filters.of({"view": "all", name: value})})
    )

    assert len(found.rows) == counted[""] == kept


def test_warned_is_who_was_warned_and_is_not_yet_late(desk):
    filed = desk.file()
    for hours in range(0, 24 * 20, 6):
        desk.clock.now += timedelta(hours=6)
        desk.sweep()
        warned = desk.read(
            lambda work: queries.queue(work, HANDLER, Filters.of({"view": "all", "late": "warned"}))
        )
        if filed.number in numbers(warned):
            break
        assert hours < 24 * 19
    given = [row for row in desk.milestones(filed, state="acted") if row.step.startswith("warn")]
    assert given
    desk.do(filed, "withdraw")
    left = desk.read(lambda work: queries.queue(work, HANDLER, Filters.of({"view": "all", "late": "warned"})))
    assert filed.number not in numbers(left)


@pytest.mark.parametrize(
    ("asked", "strange"),
    [
        ({"state": "x"}, ("state",)), ({"type": "\x00"}, ("type",)), ({"since": "2026-W01-1"}, ("since",)),
        ({"until": "9999-12-31"}, ("until",)), ({"since": "20261123"}, ("since",)), ({"late": "'"}, ("late",)),
        ({"assignee": "a\nb"}, ("assignee",)), ({"risk": "x" * 41}, ("risk",)), ({"nothing": "of ours"}, ()),
        ({"state": ""}, ()), ({"since": "2026-02-30"}, ("since",)), ({"test": "maybe", "channel": "fax"}, ("channel", "test")),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_left_out_and_named(asked, strange):
    filters = Filters.of(asked)
    assert (filters.strange, filters.narrowed) == (strange, {})


def test_what_is_counted_moves_with_the_clock_and_the_person(desk):
    def seen(viewer):
        found = desk.read(lambda work: queries.counts(work, viewer, VIEWS))
        return [found[key] for key in ("late", "today", "mine")]

    def more(viewer):
        return [now - then for now, then in zip(seen(viewer), before[viewer.ref], strict=True)]

    # As a host may hand one over.
    other = Operator("op_other", "Other", {"handler"}, {"safety"})
    before = {viewer.ref: seen(viewer) for viewer in (HANDLER, other)}
    filed = desk.file("billing")
    desk.do(filed, "assign")
    due = desk.case(filed).due_next
    assert (more(HANDLER), more(other)) == ([0, 0, 1], [0, 0, 0])
    desk.clock.now = due - timedelta(minutes=1)
    before = {ref: [0, 0, 0] for ref in before}
    just_before = more(HANDLER)
    desk.clock.now = due + timedelta(minutes=1)
    after = more(HANDLER)
    assert after[0] - just_before[0] == just_before[1] - after[1] >= 1


def test_counts_stop_where_they_say_more(desk, monkeypatch):
    count_to(monkeypatch, 3)
    for _ in range(3):
        desk.file("billing")
    found = desk.read(lambda work: queries.counts(work, HANDLER, VIEWS))

    assert found["all"] == 4
    assert found["ended"] == 0
    assert desk.read(lambda work: queries.counts(work, HANDLER, {"a": Filters("all", type="service")})) == {
        "a": 1
    }


@pytest.mark.tampered
def test_a_view_counts_exactly_the_cases_it_lists_whatever_their_state(desk):
    for n, state in enumerate(State):
        for kind, out in (("billing", None), ("minor", None), ("billing", desk.clock.now)):
            filed = desk.file(kind)
            due = desk.clock.now
            values = {"state": state.value, "released_at": out, "release_due": due, "unread": n % 2 == 0}
            desk.installation.database.write(
                lambda session, uid=filed.uid, values=values: session.execute(
                    update(Complaint).where(Complaint.uid == uid).values(**values)
                ).close()
            )
    for viewer in (HANDLER, TRUSTED):
        listed = {
            key: desk.read(
                lambda work, who=viewer, only=filters: sum(map(len, queries.members(work, who, only)))
            )
            for key, filters in VIEWS.items()
        }
        assert desk.read(lambda work, who=viewer: queries.counts(work, who, VIEWS)) == listed
        assert listed["open"] > listed["review"] > 0
        assert listed["ended"] > 0 < listed["answered"] > listed["leaving"] > 0


def test_restricted_types_are_in_no_list_count_or_notice_of_who_may_not_see_them(desk):
    before, since = desk.read(lambda work: queries.counts(work, HANDLER, VIEWS)), desk.clock.now
    desk.later(minutes=1)
    secret = desk.file("minor")

    assert desk.read(lambda work: queries.counts(work, HANDLER, VIEWS)) == before
    assert desk.read(lambda work: queries.arrived(work, HANDLER, Filters(), since)) == 0
    assert desk.read(lambda work: queries.arrived(work, TRUSTED, Filters(), since)) == 1
    assert secret.number not in numbers(desk.read(lambda work: queries.queue(work, HANDLER, Filters("all"))))


def test_a_page_takes_as_many_statements_however_long_the_list_is(desk, engine, short):
    furnished(desk)
    said = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: said.append(arguments[2]))
    spent = []
    for page in walk(desk, Filters("all")):
        before = len(said)
        place = Place.of(page.rows[0].case)
        desk.read(lambda work, at=place: queries.queue(work, TRUSTED, Filters("all"), at))
        spent.append(len(said) - before)
    assert max(spent) <= 8


def test_whoever_walks_from_case_to_case_meets_the_list_in_its_order(desk):
    furnished(desk)
    cases = [row.case for row in desk.read(lambda work: queries.queue(work, TRUSTED, Filters("all"))).rows]
    beside = [
        desk.read(lambda work, at=case: queries.beside(work, TRUSTED, Filters("all"), Place.of(at), at))
        for case in cases
    ]

    ids = [case.id for case in cases]
    assert [before.id if before else None for before, _ in beside] == [None, *ids[:-1]]
    assert [after.id if after else None for _, after in beside] == [*ids[1:], None]


def test_a_case_that_was_moved_or_has_left_the_list_loses_nobody_the_place(desk):
    first, second, third = (desk.file() for _ in range(3))
    case = desk.case(second)
    place = Place.of(case)
    for act in ("accept", "withdraw"):
        desk.do(second, act)
        found = desk.read(
            lambda work: queries.beside(work, HANDLER, Filters("open"), place, desk.case(second))
        )
        assert [each.number for each in found] == [first.number, third.number]


def test_beside_a_case_stands_nobody_the_viewer_may_not_know_of(desk):
    desk.file()
    secret = desk.file("minor")
    desk.file()

    def walked(viewer):
        case = desk.read(lambda work: queries.queue(work, viewer, Filters("all"))).rows[0].case
        numbers = []
        while case is not None:
            numbers.append(case.number)
            _, case = desk.read(
                lambda work, at=case: queries.beside(work, viewer, Filters("all"), Place.of(at), at)
            )
        return numbers

    assert secret.number in walked(TRUSTED)
    assert secret.number not in walked(HANDLER)
    assert len(walked(HANDLER)) < len(walked(TRUSTED))


def test_a_joined_complaint_stands_where_its_own_date_puts_it(desk):
    lead, joined = desk.file("billing"), desk.file("billing")
    desk.do(lead, "accept")
    desk.do(joined, "merge", lead=lead)
    desk.clock.now = desk.case(joined).result_due + timedelta(minutes=1)

    late = desk.read(lambda work: queries.queue(work, HANDLER, Filters("late")))
    assert [each for each in numbers(late) if each in {lead.number, joined.number}] == [
        lead.number,
        joined.number,
    ]
    assert joined.number not in numbers(desk.read(lambda work: queries.queue(work, HANDLER, Filters("open"))))


@pytest.mark.parametrize(
    ("steps", "heard"), [("decline release", True), ("merge", True), ("withdraw", False)]
)
def test_whoever_writes_after_an_answer_or_from_a_joined_complaint_is_heard(desk, steps, heard):
    filed, _noise = desk.file("billing"), desk.file("billing")
    if steps != "withdraw":
        for name in steps.split():
            desk.do(filed, name, **({"lead": desk.file("billing")} if name == "merge" else {}))
    desk.do(filed, "message")
    if not heard:
        desk.do(filed, steps)

    found = numbers(desk.read(lambda work: queries.queue(work, HANDLER, Filters("replied"))))
    assert found == ([filed.number] if heard else [])
