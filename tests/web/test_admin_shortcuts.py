"""Keys of the operators' pages: each has a control and a line on the sheet; and the ways from a case back and on."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from casework import act, page, staffed
from office import ADMIN, words

from complaints.cases.paging import Place
from complaints.web.admin import shortcuts

ROOT = Path(__file__).resolve().parents[2]
# They move along the lines themselves, or leave a field; their control is the line or the field.
OWN = {"j", "k", "o", "x", "Esc"}


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def in_list(filed, case, **address):
    return f"{page(filed)}?{urlencode({'from': urlencode({**address, 'at': str(Place.of(case))})})}"


def hrefs(answer, key):
    text = answer.get_data(as_text=True)
    return [
        re.search(r'href="([^"]*)"', tag)[1].replace("&amp;", "&")
        for tag in re.findall(r"<a [^>]*>", text)
        if f'data-cmp-key="{key}"' in tag
    ]


def test_each_key_of_a_page_stands_on_the_sheet_and_each_of_the_sheet_on_a_page(office):
    found = {f"g {letter}" for letter in shortcuts.SECTIONS.values()}
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text("utf-8")
        found |= set(re.findall(r'data-cmp-key"?(?:=|: )"([^"{]+)"', text))
        found |= set(re.findall(r'\bkey="(.)"', text))
    with office.app.test_request_context():
        listed = {key for _, rows in shortcuts.groups() for key, _, _ in rows}

    assert listed - OWN == found


def test_the_sheet_is_a_page_in_both_languages_linked_from_every_page(office):
    client = office.client("auditor")
    assert f'href="{ADMIN}/shortcuts"' in client.get(f"{ADMIN}/health").get_data(as_text=True)
    assert "回到列表的原处" in words(client.get(f"{ADMIN}/shortcuts"))
    assert "Back to the list, at the same place" in words(client.get(f"{ADMIN}/shortcuts?lang=en"))
    assert "desk.js" not in office.client().get(f"{ADMIN}/login").get_data(as_text=True)


@pytest.mark.parametrize("who", ["handler", "auditor"])
def test_what_the_sheet_says_of_every_page_is_true_of_every_page(office, who):
    """With one control each, so that no key has to choose."""
    client, filed = office.client(who), office.desk.file()
    with office.app.test_request_context():
        *_, (_, every) = shortcuts.groups()
    keys = [key for key, *_ in every if key in {"/", "?"}]
    paths = [
        "/",
        "/board",
        "/appeals",
        "/figures",
        "/office",
        "/account",
        "/shortcuts",
        f"/case/{filed.number}",
    ]
    for path in paths:
        answer = client.get(f"{ADMIN}{path}", follow_redirects=True)
        text = answer.get_data(as_text=True)
        assert answer.status_code == 200, path
        assert [text.count(f'data-cmp-key="{key}"') for key in keys] == [1, 1], path
        found = hrefs(answer, "/")
        assert found == ([] if path == "/" else [f"{ADMIN}/#find"]), path
    assert 'id="find"' in client.get(f"{ADMIN}/").get_data(as_text=True)


def test_a_section_with_a_letter_is_a_section_of_the_head(office):
    text = office.client("admin").get(f"{ADMIN}/").get_data(as_text=True)

    assert set(re.findall(r'data-cmp-key="g (.)"', text)) == set(shortcuts.SECTIONS.values())


def test_a_case_leads_back_to_its_line_in_the_list_it_was_opened_from(office):
    filed = office.desk.file()
    client = office.client("handler")
    listed = client.get(f"{ADMIN}/?view=unassigned&type=other").get_data(as_text=True)
    address = re.search(rf'href="([^"]*/case/{filed.number}[^"]*)"', listed)[1].replace("&amp;", "&")

    home = f"{ADMIN}/?view=unassigned&type=other#{filed.number}"
    assert hrefs(client.get(address), "u") == [home]
    # Through what is posted and the pages of its acts as well.
    answer = act_at(client, address, "/note", **{"note-note": "看过了"})
    assert answer.status_code == 303
    assert hrefs(client.get(answer.headers["Location"]), "u") == [home]
    assert hrefs(client.get(address.replace(filed.number, f"{filed.number}/decide")), "u") == [address]
    # Whoever came by another way goes to the queue.
    assert hrefs(client.get(page(filed)), "u") == [f"{ADMIN}/"]


def act_at(client, address, ending, **values):
    text = client.get(address).get_data(as_text=True)
    form = re.search(rf'<form[^>]*action="([^"]*{ending}\?[^"]*)".*?</form>', text, re.DOTALL)
    data = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form[0]))
    return client.post(form[1].replace("&amp;", "&"), data={**data, **values})


def test_the_next_case_is_one_step_away_also_after_an_act_that_moves_this_one(office):
    first, second, third = (office.desk.file() for _ in range(3))
    place = office.desk.case(second)
    address = in_list(second, place, view="open")
    client = office.client("handler")

    def beside():
        answer = client.get(address)
        return [hrefs(answer, key)[0].partition("?")[0] for key in ("K", "J")]

    assert beside() == [page(first), page(third)]
    act(office, second, "accept")
    assert beside() == [page(first), page(third)]
    # Each carries the list on.
    following = hrefs(client.get(address), "J")[0]
    assert hrefs(client.get(following), "u") == [f"{ADMIN}/?view=open#{third.number}"]
    assert hrefs(client.get(page(second)), "J") == []


@pytest.mark.parametrize(
    "said",
    [
        "_external=1&_scheme=javascript&view=open",
        "view=no&at=x",
        "view=open&at=9-9&q=two+words",
        "%",
        "a" * 2000,
    ],
)
def test_an_invented_list_leads_nowhere_else(office, said):
    filed = office.desk.file()
    answer = office.client("handler").get(f"{page(filed)}?{urlencode({'from': said})}")

    assert answer.status_code == 200
    assert hrefs(answer, "J") == []
    assert hrefs(answer, "u")[0].startswith(f"{ADMIN}/")


def test_the_neighbour_of_a_restricted_case_is_not_named_to_others(office):
    first, secret = office.desk.file(), office.desk.file("minor")
    client = office.client("handler")

    for case in (office.desk.case(first), office.desk.case(secret)):
        assert secret.number not in client.get(in_list(first, case, view="all")).get_data(as_text=True)
