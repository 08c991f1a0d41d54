"""Chosen cases in a bundle, and one moment for everything in it, whoever writes on meanwhile."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import timedelta

import pytest
import rfc8785
from evidence.bundles import WORDS, checkpoint, codes, live, unpacked
from evidence.exporting import squeezed, text_of
from evidence.test_cheating import Cheat, caught, put
from factories import ALICE

from complaints.base.errors import InputError, NotFoundError
from complaints.cases import erasure
from complaints.evidence import bundle, export, tasks
from complaints.evidence.chosen import Chosen
from complaints.ledger.proof import leaf_hash
from complaints.ledger.reading import history
from complaints.ledger.work import COMPLAINANT

PHONE = "13812345678"


@pytest.fixture
def lived(desk):
    return live(desk)


def asked(lived, *numbers, **values):
    whole = {"office": True, "cases": numbers, "paper": "pdf", **values}
    return Chosen("bundle", "zip", since=lived.since, until=lived.until, **whole)


def made(lived, path, *numbers, **values):
    lived.desk.read(lambda work: bundle.make(work, path, asked(lived, *numbers, **values)))
    return path


def refused(lived, chosen):
    with pytest.raises(InputError) as found:
        tasks.order(lived.desk.installation, ALICE, chosen)
    return found.value.fields


def test_a_chosen_case_is_in_it_as_a_whole_masked_and_verified(lived, tmp_path):
    desk = lived.desk
    old = json.loads(zipfile.ZipFile(made(lived, tmp_path / "plain.zip")).read("manifest.json"))
    assert old["cases"] == []
    path = made(lived, tmp_path / "b.zip", lived.filed.number)
    files = unpacked(path)

    assert codes(path, [lived.vkey], lived.notes) == []
    assert {name for name in files if name.startswith("cases/")} == {
        "cases/1/leaves.jsonl",
        "cases/1/paths.jsonl",
        "cases/1/case.pdf",
    }
    case = json.loads(files["manifest.json"])["cases"][0]
    assert (case["number"], case["stream"], case["test"]) == (lived.filed.number, lived.filed.uid, False)
    types = [json.loads(line)["type"] for line in files["cases/1/leaves.jsonl"].splitlines()]
    assert types == [entry.type for entry in desk.events(lived.filed)]
    text = squeezed(text_of(tmp_path, files["cases/1/case.pdf"]))
    assert WORDS in text
    assert "reporter@example.com" not in text
    assert lived.filed.number in files["核验说明.txt"].decode()


def test_a_case_that_began_before_the_period_is_in_it_from_its_first_event(lived, tmp_path):
    numbers = [row["number"] for row in register(made(lived, tmp_path / "x.zip"))]
    assert numbers == [lived.filed.number]
    other = lived.desk.file("service", is_test=True, fields={"details": f"试一下 {PHONE}"})
    lived.desk.do(other, "accept")
    checkpoint(lived.desk)
    lived.since = lived.desk.clock.now
    lived.desk.later(minutes=5)
    lived.desk.do(other, "note")
    lived.until = lived.desk.clock.now
    checkpoint(lived.desk)
    path = made(lived, tmp_path / "b.zip", other.number)
    files = unpacked(path)

    assert codes(path, [lived.vkey]) == []
    assert json.loads(files["cases/1/leaves.jsonl"].splitlines()[0])["type"] == "filed"
    assert json.loads(files["manifest.json"])["cases"][0]["test"] is True
    assert "〔测试〕" in files["核验说明.txt"].decode()
    text = text_of(tmp_path, files["cases/1/case.pdf"])
    assert "测试" in text
    assert PHONE not in text


def register(path):
    data = zipfile.ZipFile(path).read("register.csv").removeprefix(export.BOM).decode()
    return list(csv.DictReader(io.StringIO(data, newline="")))


def test_what_may_not_leave_is_refused_by_its_number_and_nothing_is_recorded(lived):
    desk = lived.desk
    kept = desk.file()
    desk.act(kept, erasure.request, COMPLAINANT)
    hidden = desk.file(
        desk.read(lambda work: next(key for key, kind in work.policy.types.items() if kind.restricted))
    )
    unknown = "TS20261123-222222"
    said = refused(lived, asked(lived, lived.filed.number, kept.number, hidden.number, unknown))["cases"]

    assert [line[: len(unknown)] for line in said] == [kept.number, hidden.number, unknown]
    assert said[1].removeprefix(hidden.number) == said[2].removeprefix(unknown)
    # Also for somebody with the clearance: a bundle goes to people who have none.
    assert "cases" in refused(lived, asked(lived, hidden.number, restricted=True))
    assert "to" in refused(lived, Chosen("bundle", "zip"))
    assert "number" in refused(lived, Chosen("bundle", "zip", number=unknown))
    assert "exported" not in [entry.type for entry in desk.read(lambda work: history(work, "system"))]


def test_a_case_that_was_put_away_after_the_order_is_not_in_the_bundle(lived, tmp_path):
    settled = tasks.order(lived.desk.installation, ALICE, asked(lived, lived.filed.number))
    lived.desk.act(lived.filed, erasure.request, COMPLAINANT)
    with pytest.raises(NotFoundError, match=lived.filed.number):
        lived.desk.read(lambda work: bundle.make(work, tmp_path / "b.zip", settled))


def test_a_bundle_of_a_period_is_for_the_cleared_and_that_of_one_complaint_for_everybody(lived):
    kept = lived.desk.read(lambda work: history(work, "system"))
    said = refused(lived, asked(lived, office=False))["to"]
    assert "请有权查看" in said[0]
    assert lived.desk.read(lambda work: history(work, "system")) == kept
    for chosen in (
        asked(lived, office=False, restricted=True),
        Chosen("bundle", "zip", number=lived.filed.number),
    ):
        tasks.order(lived.desk.installation, ALICE, chosen)


def test_before_anything_is_signed_an_order_says_so(desk):
    filed = desk.file()
    for chosen in (
        Chosen("bundle", "zip", since=desk.clock.now, until=desk.clock.now + timedelta(days=1), office=True),
        Chosen("bundle", "zip", number=filed.number),
    ):
        with pytest.raises(InputError, match="检查点"):
            tasks.order(desk.installation, ALICE, chosen)


def test_everything_in_it_is_of_its_last_checkpoint_whatever_happened_since(lived, tmp_path):
    desk = lived.desk
    made(lived, tmp_path / "before.zip", lived.filed.number)
    moment = desk.clock.now
    for name in ("appeal", "change"):
        desk.do(lived.filed, name)
    desk.file("inaccurate", fields={"details": "后来的一件"})
    # The same clock, so that only what happened could make a difference.
    desk.clock.now = moment
    made(lived, tmp_path / "after.zip", lived.filed.number)

    assert (tmp_path / "before.zip").read_bytes() == (tmp_path / "after.zip").read_bytes()
    row = register(tmp_path / "after.zip")[0]
    assert (row["state"], row["outcome"], row["appeals"]) == ("decided", "upheld", "0")


def test_the_register_keeps_back_the_contact_of_what_is_only_stored(lived, tmp_path):
    assert register(made(lived, tmp_path / "a.zip"))[0]["mail"] == "r***@example.com"
    lived.desk.act(lived.filed, erasure.request, COMPLAINANT)
    assert register(made(lived, tmp_path / "b.zip"))[0]["mail"] == ""


@pytest.mark.parametrize(
    "member",
    [
        "核验说明.txt",
        "verify.py",
        "register.csv",
        "handling-log.csv",
        "figures.json",
        "keys.json",
        "flow.zh.svg",
        "flow.en.svg",
        "policy/1.json",
        "policy/1.zh.html",
        "policy/1.en.html",
        "log/leaves.jsonl",
        "log/peaks.json",
        "log/before.note",
        "log/after.note",
        "log/earlier.jsonl",
        "manifest.note",
    ],
)
def test_a_period_holds_what_the_design_lists(lived, tmp_path, member):
    assert unpacked(made(lived, tmp_path / "b.zip"))[member]


def test_the_figures_are_by_the_months_of_beijing_and_leave_out_tests(desk, tmp_path):
    found = live(desk)
    # 30 November, 23:30 in Beijing, and an hour later: two months there, one by UTC.
    desk.clock.now = desk.clock.now.replace(month=11, day=30, hour=15, minute=30)
    for hours in (0, 1):
        desk.later(hours=hours)
        desk.file("inaccurate")
        desk.file("inaccurate", is_test=True)
    desk.later(hours=1)
    checkpoint(desk)
    found.until = desk.clock.now
    figures = json.loads(unpacked(made(found, tmp_path / "b.zip"))["figures.json"])

    assert figures["filed"]["2026-12"] == {"inaccurate": 1}
    assert figures["months"]["2026-12"] == {"filed": 1}
    assert figures["tests"] == 2
    assert codes(tmp_path / "b.zip", [found.vkey]) == []


def lines_of(cheat, name):
    return cheat.files[name].splitlines(keepends=True)


def cut(cheat):
    for name in ("leaves", "paths"):
        cheat.files[f"cases/1/{name}.jsonl"] = b"".join(lines_of(cheat, f"cases/1/{name}.jsonl")[:-1])
    case = cheat.manifest["cases"][0]
    cheat.resign(cases=[{**case, "events": case["events"] - 1}])


def edited(cheat):
    lines = lines_of(cheat, "cases/1/leaves.jsonl")
    lines[-1] = rfc8785.dumps({**json.loads(lines[-1]), "actor": "handler:op_eve"}) + b"\n"
    cheat.files["cases/1/leaves.jsonl"] = b"".join(lines)


def another(cheat):
    """The events of another complaint of the period under this one's name."""
    cases = cheat.manifest["cases"]
    cheat.resign(cases=[{**cases[0], "stream": "f" * 32}])


def unmarked(cheat):
    cheat.resign(cases=[{**cheat.manifest["cases"][0], "test": True}])


def no_growth(cheat):
    size = cheat.manifest["first"]
    kept = [line for line in lines_of(cheat, "log/earlier.jsonl") if json.loads(line)["size"] != size]
    cheat.files["log/earlier.jsonl"] = b"".join(kept)


CHEATS = {
    "the document replaced": (put("cases/1/case.pdf", b"%PDF-1.4 another"), "", "file"),
    "the document taken out": (lambda cheat: cheat.files.pop("cases/1/case.pdf"), "", "missing"),
    "a document added": (put("cases/2/case.pdf", b"%PDF-1.4"), "", "stray"),
    "an event edited": (edited, "real", "case"),
    "its newest event dropped": (cut, "", "case"),
    "the case of somebody else": (another, "", "case"),
    "a case called a test": (unmarked, "", "case"),
    "no proof between the two checkpoints": (no_growth, "real", "growth"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHEATS)
def test_each_way_to_cheat_with_a_chosen_case_is_refused(lived, tmp_path, name):
    act, signing, expected = CHEATS[name]
    files = unpacked(made(lived, tmp_path / "whole.zip", lived.filed.number))
    caught(Cheat(files, lived, lived.key, []), act, signing, expected, tmp_path)


def test_the_events_of_a_case_are_those_of_the_period_byte_for_byte(lived, tmp_path):
    files = unpacked(made(lived, tmp_path / "b.zip", lived.filed.number))
    everything = {leaf_hash(line) for line in files["log/leaves.jsonl"].splitlines()}
    assert {leaf_hash(line) for line in files["cases/1/leaves.jsonl"].splitlines()} <= everything
