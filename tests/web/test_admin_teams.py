"""Teams in the browser: an administrator makes them, operators hand cases to them, lists show them."""

from __future__ import annotations

import pytest
from casework import act, numbers, page, staffed, types
from office import ADMIN, Forms, send, words

from complaints.administration import teams
from complaints.ledger.work import Actor


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    made = staffed(tmp_path, clock, monkeypatch)
    made.client("admin")
    by = Actor("admin", made.refs["admin"])

    def settle(work):
        teams.add(work, "legal", "法务组", by=by)
        teams.add(work, "model", "模型组", by=by)
        teams.members(work, "legal", {made.refs["second"]}, by=by)

    made.installation.write(settle)
    return made


def the_team(office, key):
    return {each: name for each, name in office.desk.read(names).items() if each == key}


def names(work):
    from complaints.cases import teams as known

    return known.standing(work)


def test_an_administrator_adds_names_fills_and_removes_one(office):
    client = office.client("admin")
    assert (
        send(client, f"{ADMIN}/teams", "/teams/add", name="安全组", key="Safety")
        .headers["Location"]
        .endswith("/teams/safety")
    )
    answer = send(
        client,
        f"{ADMIN}/teams/safety",
        "/teams/safety",
        name="安全与合规组",
        members=[office.refs["handler"], office.refs["second"]],
    )
    assert answer.status_code == 303
    listed = words(client.get(f"{ADMIN}/teams"))
    assert "安全与合规组" in listed
    assert "Handler" in listed
    assert "只有受限类型对无权的人不可见" in listed
    send(client, f"{ADMIN}/teams/safety", "/teams/safety/remove")
    assert the_team(office, "safety") == {}
    assert "已移除" in words(client.get(f"{ADMIN}/teams"))
    assert client.get(f"{ADMIN}/teams/safety").status_code == 303


def test_one_with_open_cases_is_kept_and_the_way_to_them_is_shown(office):
    filed = office.desk.file()
    act(office, filed, "transfer", team="legal")
    answer = send(office.client("admin"), f"{ADMIN}/teams/legal", "/teams/legal/remove")
    assert answer.status_code == 409
    assert "还有1件未办结的投诉归这个小组" in words(answer)
    assert "/admin/?view=open&amp;team=legal" in answer.get_data(as_text=True)
    assert the_team(office, "legal") == {"legal": "法务组"}


def test_a_name_that_is_taken_comes_back_with_what_was_typed(office):
    answer = send(office.client("admin"), f"{ADMIN}/teams", "/teams/add", name="法务组", key="law")
    assert answer.status_code == 422
    assert "已有同名的小组" in words(answer)
    assert 'value="law"' in answer.get_data(as_text=True)


def test_the_form_of_an_operator_keeps_the_teams_it_shows(office):
    client, ref = office.client("admin"), office.refs["second"]
    form = next(
        each
        for each in Forms(client.get(f"{ADMIN}/operators/{ref}").get_data(as_text=True)).found
        if each["method"] == "post" and "roles" in each["data"]
    )
    assert form["data"]["teams"] == "legal"
    data = {**form["data"], "teams": ["legal", "model"]}
    assert client.post(f"{ADMIN}/operators/{ref}", data=data).status_code == 303
    seen = words(client.get(f"{ADMIN}/operators"))
    assert "法务组" in seen
    assert "模型组" in seen


def test_a_case_is_handed_over_with_a_word_and_lists_show_where_it_lies(office):
    filed, other = office.desk.file(), office.desk.file()
    before = office.desk.case(filed).result_due
    form = words(office.client("handler").get(page(filed)))
    assert "对投诉人的承诺不变" in form
    assert act(office, filed, "transfer", team="legal", note="请看合同条款").status_code == 303

    assert types(office, filed) == ["filed", "viewed", "transferred"]
    assert office.desk.case(filed).result_due == before
    seen = words(office.client("second").get(page(filed)))
    assert "转交其他小组 法务组" in seen
    assert "请看合同条款" in seen
    mine = office.client("second").get(f"{ADMIN}/?view=teams")
    assert numbers(mine, filed, other) == [filed.number]
    assert "法务组" in words(mine)
    assert numbers(office.client("handler").get(f"{ADMIN}/?view=teams"), filed, other) == []
    # Teams hide nothing.
    whole = office.client("handler").get(f"{ADMIN}/?view=all")
    assert sorted(numbers(whole, filed, other)) == sorted([filed.number, other.number])
    narrowed = office.client("handler").get(f"{ADMIN}/?view=all&team=@none")
    assert numbers(narrowed, filed, other) == [other.number]


def test_a_wrong_team_comes_back_with_the_note(office):
    filed = office.desk.file()
    answer = act(office, filed, "transfer", team="gone", note="别丢了这句话")
    assert answer.status_code == 422
    assert "别丢了这句话" in answer.get_data(as_text=True)
    assert office.desk.case(filed).team is None


def test_many_are_handed_over_at_once(office):
    filed = [office.desk.file() for _ in range(3)]
    act(office, filed[0], "transfer", team="model")
    client = office.client("handler")
    chosen = [f"{each.uid}:{office.desk.case(each).version}" for each in filed]
    preview = send(client, f"{ADMIN}/?view=all", "/bulk", "ticked", case=chosen)
    form = next(
        each for each in Forms(preview.get_data(as_text=True)).found if each["action"].endswith("/bulk")
    )
    given = {**form["data"], "act": "transfer", "team": "model", "text": "一并看", "case": chosen}
    looked = words(client.post(f"{ADMIN}/bulk", data={**given, "do": "preview"}))
    assert "模型组" in looked
    assert "已经是这样" in looked
    done = client.post(f"{ADMIN}/bulk", data={**given, "do": "confirm"})
    assert done.status_code == 303
    assert {office.desk.case(each).team for each in filed} == {"model"}
    assert [types(office, each).count("transferred") for each in filed] == [1, 1, 1]
    assert office.desk.events(filed[1])[-1].text("note") == "一并看"
