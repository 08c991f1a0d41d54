"""The checkpoint and its key for the public where the policy opens them, and the proof for whoever filed."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from notes import by_openssl

from complaints.administration import checkpoints
from complaints.cli.alone import main
from complaints.web.public.checkpoint import fingerprint

OPEN = "[public]\ncheckpoint = true\n"
PATHS = ("/complaints/checkpoint", "/complaints/checkpoint/key")


@pytest.fixture
def opened(make_following):
    return make_following(policy=OPEN)


def sign(following):
    return checkpoints.sign(following.desk.installation)


def vkey(following):
    return checkpoints.signer(following.desk.installation).vkey


def test_closed_pages_answer_as_if_they_did_not_exist(following, opened):
    sign(following)
    answers = {following.get(path).status_code for path in (*PATHS, "/complaints/no-such-page")}
    assert answers == {404}
    body = [re.sub(r"nonce|csrf\S*", "", following.get(path).text) for path in PATHS]
    assert body[0].replace("/checkpoint", "") == body[1].replace("/checkpoint/key", "").replace(
        "/checkpoint", ""
    )
    assert "/complaints/checkpoint/key" not in following.get("/complaints/").text
    assert "/complaints/checkpoint/key" in opened.get("/complaints/").text


def test_the_newest_checkpoint_is_a_signed_note_in_plain_text(opened):
    assert opened.get(PATHS[0]).status_code == 404, "none is signed yet"
    made = sign(opened)
    answer = opened.get(PATHS[0])
    assert answer.status_code == 200
    assert answer.text == made.note
    assert answer.mimetype == "text/plain"
    assert by_openssl(answer.text, vkey(opened))[0] == "ai.example.cn"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"

    again = opened.get(PATHS[0], headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.text) == (304, "")
    opened.desk.later(minutes=5)
    opened.desk.file()
    newer = sign(opened)
    again = opened.get(PATHS[0], headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.text) == (200, newer.note)


@pytest.mark.parametrize(("lang", "words"), [("zh", "核验我们的处理记录"), ("en", "Verify our handling log")])
def test_the_key_page_shows_key_fingerprint_and_history(opened, lang, words):
    sign(opened)
    page = unescape(opened.get(f"{PATHS[1]}?lang={lang}").text)
    assert words in page
    assert vkey(opened) in page
    assert fingerprint(vkey(opened)) in page
    assert "https://ai.example.cn/complaints/checkpoint" in page


@pytest.mark.parametrize("how", [{"path": "?format=text"}, {"headers": {"Accept": "text/plain"}}])
def test_the_key_page_is_there_as_text(opened, how):
    answer = opened.get(PATHS[1] + how.get("path", ""), headers=how.get("headers", {}))
    assert answer.mimetype == "text/plain"
    assert vkey(opened) in answer.text.splitlines()
    assert f"complaints verify FILE.json --key '{vkey(opened)}'" in answer.text
    assert "&#" not in answer.text


def test_a_fingerprint_reads_in_groups(opened):
    shown = fingerprint(vkey(opened))
    assert re.fullmatch(r"([0-9a-f]{4} ){15}[0-9a-f]{4}", shown)


def test_the_proof_is_there_once_a_checkpoint_holds_the_filing(opened, tmp_path, capsys):
    page = opened.open()
    assert opened.path("/proof") not in page
    assert opened.get(opened.path("/proof")).status_code == 404
    sign(opened)
    assert opened.path("/proof") in opened.get().text
    answer = opened.get(opened.path("/proof"))
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{opened.filed.number}-proof.json"'
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    said = json.loads(answer.text)
    assert said["number"] == opened.filed.number
    assert opened.filed.code not in answer.text

    path = tmp_path / "proof.json"
    path.write_text(answer.text, encoding="utf-8")
    assert main(["verify", str(path), "--key", vkey(opened)]) == 0
    assert opened.filed.number in capsys.readouterr().out


def test_the_proof_of_somebody_elses_complaint_is_not_found(opened):
    sign(opened)
    opened.open()
    for filed in (opened.other,):
        assert opened.get(opened.path("/proof", filed)).status_code == 404
    assert opened.get("/complaints/track/TS20261123-AAAAAA/proof").status_code == 404


def test_health_names_a_refused_signature_without_failing_for_it(opened):
    sign(opened)
    (opened.desk.installation.settings.state_folder / "checkpoint.json").write_text("{}")
    body = json.loads(opened.get("/complaints/healthz").text)
    assert "checkpoint" in body["alarms"]
    assert body["sequencer_lag"] == 0
