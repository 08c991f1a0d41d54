"""Policy versions and checkpoints in the office: read, compared, signed now."""

from __future__ import annotations

import copy

import pytest
from office import ADMIN, Office, quick_passwords, send, words

from complaints.administration import checkpoints, publishing
from complaints.ledger.journal import SYSTEM_STREAM
from complaints.ledger.reading import history
from complaints.ledger.work import Actor
from complaints.policy.profile import Policy, load
from complaints.store.tables import Checkpoint
from complaints.web.public.process import render_body


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    return Office(tmp_path, clock).start(clock)


def publish(office, days=None, phone=""):
    whole = copy.deepcopy(load().resolved())
    whole["contacts"]["phone"] = phone
    if days:
        next(row for row in whole["deadlines"] if row["key"] == "general")["result"]["amount"] = days
    with office.app.app_context():
        office.installation.write(
            lambda work: publishing.publish(
                work,
                Policy.from_resolved(whole),
                Actor("admin", "陈明"),
                trial=False,
                render_page=render_body,
            )
        )


def test_a_version_is_read_and_held_against_another(office):
    publish(office)
    publish(office, 7, "400-1")
    client = office.client("handler")
    seen = words(client.get(f"{ADMIN}/policy/2"))
    differs = words(client.get(f"{ADMIN}/policy/difference?older=1&newer=2"))

    assert "7个工作日" in seen
    assert "400-1" in seen
    for word in (
        "对外承诺",
        "期限和提醒",
        "主体和联系方式",
        "10个工作日（最长15天）",
        "7个工作日（最长15天）",
    ):
        assert word in differs, word
    assert "policy publish" not in differs
    assert "两者内容相同" in words(client.get(f"{ADMIN}/policy/difference?older=2&newer=2"))


def test_what_publishing_the_file_would_mean_is_told_with_the_command(office):
    publish(office, 12)
    office.desk.file()
    seen = words(office.client("supervisor").get(f"{ADMIN}/policy/difference"))

    assert "flask complaints policy publish --by NAME" in seen
    assert "处理结果： 12个工作日" in seen.replace("：12", "： 12")
    assert "1件未办结中，使用--forward时1件的期限会提前" in seen


@pytest.mark.parametrize(
    "page", ["policy/3", "policy/difference?older=1&newer=99999999999", "policy/difference?older=x"]
)
def test_a_version_that_is_not_there_is_not_found(office, page):
    publish(office)
    assert office.client("admin").get(f"{ADMIN}/{page}").status_code == 404


def test_versions_are_listed_in_pages(office):
    for _ in range(publishing.PAGE + 1):
        publish(office)
    client = office.client("handler")
    first = client.get(f"{ADMIN}/policy").get_data(as_text=True)
    assert first.count("/policy/difference?older=") == publishing.PAGE
    assert "第1版" in words(client.get(f"{ADMIN}/policy?below=2"))


@pytest.fixture
def signed(office):
    """Two checkpoints."""
    for _ in range(2):
        office.desk.file()
        checkpoints.sign(office.installation)
    rows = office.desk.read(lambda work: checkpoints.listing(work.session)[0])
    return [row.size for row in rows]


def test_checkpoints_are_listed_read_and_downloaded(office, signed):
    client = office.client("auditor")
    newest = office.desk.read(lambda work: checkpoints.newest(work.session))
    page = client.get(f"{ADMIN}/checkpoints").get_data(as_text=True)
    answer = client.get(f"{ADMIN}/checkpoints/{newest.size}?format=text")

    assert all(f"/checkpoints/{size}" in page for size in signed)
    assert "checkpoint_sign" not in page
    assert "/checkpoints/sign" not in page
    assert answer.text == newest.note
    assert f"checkpoint-{newest.size}.txt" in answer.headers["Content-Disposition"]
    assert client.get(f"{ADMIN}/checkpoints/999999").status_code == 404


def change(office, size, **values):
    def write(work):
        for name, value in values.items():
            setattr(work.session.get(Checkpoint, size), name, value)

    office.installation.write(write)


@pytest.mark.tampered
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "较新的由较旧的延续而来"),
        ({"note": "no note"}, "其中一个不是由这份记录的密钥签名"),
        ({"size": 999}, "没有这个记录数的检查点"),
    ],
)
def test_two_checkpoints_are_held_against_each_other(office, signed, wrong, said):
    new, old = signed
    if "note" in wrong:
        change(office, old, **wrong)
    old = wrong.get("size", old)
    client = office.client("admin")
    assert said in words(client.get(f"{ADMIN}/checkpoints?older={old}&newer={new}"))
    assert said in words(client.get(f"{ADMIN}/checkpoints?older={new}&newer={old}"))


@pytest.mark.tampered
def test_a_tree_that_was_changed_is_said_to_be(office, signed):
    from complaints.store.tables import LogTile

    new, old = signed

    def forge(work):
        tile = work.session.get(LogTile, (0, 0))
        # The event after the older one, by which the proof leads to the newer.
        tile.hashes = tile.hashes[: 32 * old] + bytes(32) + tile.hashes[32 * (old + 1) :]

    office.installation.write(forge)
    seen = words(office.client("admin").get(f"{ADMIN}/checkpoints?older={old}&newer={new}"))
    assert "较新的不是由较旧的延续而来" in seen


def test_an_administrator_signs_now_and_stands_in_the_log_for_it(office, signed):
    client = office.client("admin")
    before = office.desk.read(lambda work: checkpoints.newest(work.session)).size
    answer = send(client, f"{ADMIN}/checkpoints", "/checkpoints/sign")
    row = office.desk.read(lambda work: checkpoints.newest(work.session))
    asked = [
        each
        for each in office.desk.read(lambda work: history(work, SYSTEM_STREAM))
        if each.type == "checkpoint_ordered"
    ]

    assert row.size > before
    assert answer.headers["Location"].endswith(f"signed={row.size}")
    assert [each.ref for each in asked] == [office.refs["admin"]]


def test_a_host_that_refuses_to_sign_offers_no_button_and_writes_nothing(office, signed):
    client = office.client("admin")
    html = client.get(f"{ADMIN}/checkpoints").get_data(as_text=True)
    token = html.split('name="csrf_token" value="')[1].split('"')[0]
    (office.installation.settings.state_folder / "checkpoint.json").unlink()
    before = len(office.desk.read(lambda work: history(work, SYSTEM_STREAM)))

    assert client.post(f"{ADMIN}/checkpoints/sign", data={"csrf_token": token}).status_code == 409
    page = client.get(f"{ADMIN}/checkpoints")
    assert "/checkpoints/sign" not in page.get_data(as_text=True)
    assert "本机不记得自己最后签过哪一个" in words(page)
    assert len(office.desk.read(lambda work: history(work, SYSTEM_STREAM))) == before
