"""Reviewing in the browser: by somebody else, to an end, with measures only where something changes."""

from __future__ import annotations

import pytest
from casework import decide, page, release, staffed, types
from office import Forms, words


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


@pytest.fixture
def appealed(office):
    filed = office.desk.file()
    decide(office, filed)
    release(office, filed)
    office.desk.do(filed, "appeal")
    return filed


def test_an_answer_that_stands_is_shown_with_the_reason_it_keeps(office, appealed):
    given = {"verdict": "confirm", "reason": "not_found", "text": "我们重新核实了，原答复不变。"}
    shown = decide(office, appealed, who="second", do="preview", mode="review", **given)
    preview = shown.get_data(as_text=True).partition('id="preview"')[2].partition("</section>")[0]

    assert "经核实，您反映的情况属实，我们已经处理。" in preview
    assert "没有发现您反映的问题" not in preview


def test_nobody_reviews_their_own_decision(office, appealed):
    seen = words(office.client("handler").get(page(appealed)))
    assert "这是您作出的决定，需由他人复核" in seen
    assert "Second" in seen
    assert office.client("handler").get(f"{page(appealed)}/review").status_code == 303
    client = office.client("handler")
    note = next(
        form
        for form in Forms(client.get(page(appealed)).get_data(as_text=True)).found
        if form["action"].endswith("/note")
    )
    token = note["data"]["note-csrf_token"]
    answer = client.post(
        f"{page(appealed)}/review",
        data={
            "csrf_token": token,
            "version": note["data"]["note-version"],
            "do": "send",
            "verdict": "confirm",
            "text": "维持",
        },
    )
    assert answer.status_code == 409
    assert office.desk.case(appealed).state == "under_review"


@pytest.mark.parametrize(
    ("verdict", "values", "state", "event"),
    [
        (
            "confirm",
            {"text": "我们重新核对，维持原答复。", "outcome": "", "reason": ""},
            "decided",
            "confirmed",
        ),
        (
            "change",
            {"outcome": "partly", "reason": "partly_verified", "text": "部分属实。"},
            "decided",
            "changed",
        ),
        ("send_back", {"outcome": "", "reason": "", "text": "", "note": "请重测"}, "processing", "sent_back"),
    ],
)
def test_another_operator_ends_the_review(office, appealed, verdict, values, state, event):
    assert decide(office, appealed, who="second", mode="review", verdict=verdict, **values).status_code == 303
    assert office.desk.case(appealed).state == state
    assert types(office, appealed)[-1] == event


def test_a_review_without_its_end_is_refused(office, appealed):
    answer = decide(office, appealed, who="second", mode="review", text="维持")
    assert answer.status_code == 422
    assert "请选择复核结论" in words(answer)


def test_a_decline_under_review_can_be_taken_on_but_not_changed(office):
    filed = office.desk.file()
    decide(office, filed, mode="decline", reason="not_ours")
    release(office, filed)
    office.desk.do(filed, "appeal")
    seen = office.client("second").get(f"{page(filed)}/review").get_data(as_text=True)
    assert 'value="overturn"' in seen
    assert 'value="change"' not in seen
    # Nothing it can end in orders measures.
    assert 'name="action-0"' not in seen
    assert (
        decide(office, filed, who="second", mode="review", verdict="overturn", text="重新受理").status_code
        == 303
    )
    assert office.desk.case(filed).state == "accepted"


def test_with_nobody_else_the_case_says_so_and_somebody_is_told_once(office, appealed):
    from complaints.administration import operators
    from complaints.jobs.ticks import tick
    from complaints.ledger.work import Actor

    def hour():
        with office.app.app_context():
            tick(office.installation, post=None, alone=True)
        office.desk.later(hours=1)
        return office.desk.outbox(appealed).count(("no_reviewer", "compliance"))

    assert hour() == 0
    for login in ("second", "supervisor"):
        office.installation.write(
            lambda work, login=login: operators.disable(work, login, by=Actor("admin", "x"))
        )
    for _ in range(2):
        seen = words(office.client("handler").get(page(appealed)))
        assert "目前没有其他人可以复核" in seen
    # The clock tells, whether or not anybody opens the case.
    assert (hour(), hour()) == (1, 1)
    assert office.desk.milestones(appealed, kind="review", state="pending")


@pytest.mark.parametrize("verdict", ["confirm", "send_back"])
@pytest.mark.parametrize("row", [{"action-0": "warn", "target-0": "账号 u-1"}, {"target-0": "账号 u-1"}])
def test_a_review_that_changes_nothing_refuses_measures(office, appealed, verdict, row):
    given = {"mode": "review", "verdict": verdict, "outcome": "", "reason": "", "note": "请重测"}
    answer = decide(office, appealed, who="second", **given, **row)

    assert answer.status_code == 422
    assert "只有变更答复时才能采取处置措施" in words(answer)
    assert office.desk.case(appealed).state == "under_review"
    assert decide(office, appealed, who="second", **given).status_code == 303
