"""A bundle holds for whoever has the key from elsewhere."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import zipfile
from datetime import timedelta

import pytest
from evidence.bundles import WORDS, codes, live, make_case, make_period, steps

from complaints.cases.access import find
from complaints.evidence import bundle


@pytest.fixture
def lived(desk):
    return live(desk)


def test_the_bundle_of_a_period_holds_and_says_so_in_both_languages(lived, tmp_path):
    path = make_period(lived, tmp_path / "证据包.zip")
    told = steps(path, [lived.vkey], lived.notes)
    assert [step.code for step in told] == [""] * 10
    assert "一条不少" in told[4].zh
    assert "1 complaints began before the period" in told[4].en
    manifest = json.loads(zipfile.ZipFile(path).read("manifest.json"))
    assert 0 < manifest["first"] < manifest["size"]
    texts = b"".join(zipfile.ZipFile(path).read(name) for name in zipfile.ZipFile(path).namelist())
    assert WORDS.encode() not in texts
    assert b"reporter@example.com" not in texts


def test_the_bundle_of_everything_begins_with_the_first_event(lived, tmp_path):
    path = tmp_path / "all.zip"
    long_ago = lived.since - timedelta(days=900)
    lived.desk.read(lambda work: bundle.period(work, path, long_ago, lived.until))
    assert codes(path, [lived.vkey], lived.notes) == []
    assert json.loads(zipfile.ZipFile(path).read("manifest.json"))["first"] == 0


@pytest.mark.parametrize("disclosed", [(), ("complainant",), ("complainant", "operator")])
def test_the_bundle_of_a_case_holds_with_and_without_its_texts(lived, tmp_path, disclosed):
    path = make_case(lived, tmp_path / "case.zip", disclose=disclosed)
    assert codes(path, [lived.vkey], lived.notes) == []
    shown = zipfile.ZipFile(path).read("disclosed.jsonl").decode() if disclosed else ""
    texts = [base64.b64decode(json.loads(line)["payload"]).decode() for line in shown.splitlines()]
    assert any(WORDS in text for text in texts) == bool(disclosed)


def test_without_a_key_from_outside_it_is_unanchored_though_all_else_agrees(lived, tmp_path):
    assert codes(make_period(lived, tmp_path / "b.zip"), []) == ["UNANCHORED"]


def test_before_anything_is_signed_there_is_no_bundle(desk, tmp_path):
    with pytest.raises(bundle.NothingSignedError, match="checkpoint"):
        desk.read(lambda work: bundle.period(work, tmp_path / "x.zip", desk.clock.now, desk.clock.now))
    filed = desk.file()
    with pytest.raises(bundle.NothingSignedError):
        desk.read(lambda work: bundle.case(work, tmp_path / "y.zip", find(work, filed.number)))


def test_the_verifier_in_the_bundle_runs_alone_and_ends_as_it_says(lived, tmp_path):
    path = make_period(lived, tmp_path / "b.zip")
    folder = tmp_path / "unpacked"
    zipfile.ZipFile(path).extractall(folder)
    older = tmp_path / "older.note"
    older.write_text(lived.notes[0], encoding="utf-8")

    def run(*words, script=folder / "verify.py"):
        # -I: nothing of this project can be imported.
        return subprocess.run(
            [sys.executable, "-I", script, *words], capture_output=True, text=True, check=False
        )

    whole = run("--key", str(lived.vkey), "--checkpoint", older)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "核验通过" in whole.stdout
    assert run(path, "--key", str(lived.vkey)).returncode == 0
    assert run().returncode == 1
    assert "UNANCHORED" in run().stdout
    assert run("--key", "nonsense").returncode == 2
    assert run(tmp_path / "nowhere.zip", "--key", str(lived.vkey)).returncode == 2
    (folder / "register.csv").write_text("x", encoding="utf-8")
    assert run("--key", str(lived.vkey)).returncode == 1
