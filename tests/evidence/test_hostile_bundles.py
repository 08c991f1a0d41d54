"""A bundle made to hang, crash or mislead its reader is a finding, and so is every file around it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from keylog import K1, K2, ORIGIN, THIEF, Log, note

from complaints.ledger import proof
from complaints.ledger.proof import BUNDLE, Chains, Checkpoint, Files, Note, Step, verify_bundle


def whole(log=None):
    """The files of a bundle that holds."""
    log = log or Log().file("A", "B")
    path = io.BytesIO()
    log.bundle(path, log.sign(K1), [], K1)
    archive = zipfile.ZipFile(path)
    return {name: archive.read(name) for name in archive.namelist()}


def signed(files, /, **changes):
    """The same with a manifest made anew by whoever holds the key."""
    listed = [
        {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in files.items()
        if not name.startswith("manifest.")
    ]
    manifest = rfc8785.dumps({**json.loads(files["manifest.json"]), "files": listed, **changes})
    return resigned({**files, "manifest.json": manifest})


def resigned(files):
    digest = hashlib.sha256(files["manifest.json"]).hexdigest()
    return {**files, "manifest.note": note(f"{BUNDLE}\n{ORIGIN}\n{digest}\n", K1).encode()}


def packed(path, files, how=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def codes(path, keys=(K1,), older=()):
    return [
        step.code for step in verify_bundle(Files(path), [key.public for key in keys], older) if not step.good
    ]


def member(path, name, act):
    """Change the bytes of the two headers of a member: `act(data, place)` for each."""
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 30), (b"PK\x01\x02", 46)):
        at = -1
        while (at := data.find(mark, at + 1)) >= 0:
            if data[at + offset : at + offset + len(name)] == name.encode():
                act(data, at + (6 if offset == 30 else 8))
    path.write_bytes(data)
    return path


def test_the_bundle_of_these_tests_holds(tmp_path):
    assert codes(packed(tmp_path / "b.zip", whole())) == []
    assert codes(packed(tmp_path / "b.zip", signed(whole()), zipfile.ZIP_DEFLATED)) == []


def encrypted(path):
    def act(data, at):
        data[at] |= 1

    return member(packed(path, whole()), "log/leaves.jsonl", act)


def packed_in_no_known_way(path):
    def act(data, at):
        data[at + 2] = 97

    return member(packed(path, whole()), "log/leaves.jsonl", act)


def garbled(path):
    packed(path, whole(), zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("log/leaves.jsonl").header_offset + 30 + len("log/leaves.jsonl")
    data = bytearray(path.read_bytes())
    data[at : at + 8] = b"\xff" * 8
    path.write_bytes(data)
    return path


def another_name_in_its_own_header(path):
    packed(path, whole())
    data = path.read_bytes()
    path.write_bytes(data.replace(b"log/leaves.jsonl", b"log/leavez.jsonl", 1))
    return path


@pytest.mark.parametrize(
    "make",
    [encrypted, packed_in_no_known_way, garbled, another_name_in_its_own_header],
    ids=lambda make: make.__name__,
)
def test_a_member_that_the_library_cannot_read_is_a_finding(make, tmp_path):
    assert "unreadable" in codes(make(tmp_path / "b.zip"))


def with_member(info_of):
    def act(path):
        packed(path, whole())
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(*info_of())
        return path

    return act


def a_link():
    info = zipfile.ZipInfo("register.csv")
    info.external_attr = 0o120777 << 16
    return info, "/etc/passwd"


def named(name):
    info = zipfile.ZipInfo("x")
    info.filename = name
    return lambda: (info, b"x")


ODD = {
    "a link": with_member(a_link),
    "a folder": with_member(named("log/")),
    "a name that ends early": with_member(named("register.csv\0.exe")),
    "a name that Windows reads without its dot": with_member(named("register.csv.")),
    "a name that Windows reads without its space": with_member(named("register.csv ")),
    "a hidden file": with_member(named(".register.csv")),
    "a name in wide letters": with_member(named("ｒegister.csv")),
    "a name with a mark that cannot be seen": with_member(named("reg\u200bister.csv")),
    "a name written backwards": with_member(named("reg\u202evsc.exe")),
    "our own name in another spelling": with_member(named("核验说明.txT")),
    "a stream of Windows": with_member(named("register.csv:x")),
    "a name of four kilobytes": with_member(named("a" * 4000)),
}


@pytest.mark.parametrize("name", ODD)
def test_a_name_that_is_not_one_file_everywhere_is_refused(name, tmp_path):
    assert codes(ODD[name](tmp_path / "b.zip"))[0] == "names"


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("name", ["log/leaves.jsonl", "register.csv", "manifest.json"])
def test_a_bomb_is_refused_before_it_is_unpacked(name, how, tmp_path):
    files = whole()
    files[name] = bytes(200_000_000)
    path = packed(tmp_path / "b.zip", files, how)
    del files
    assert path.stat().st_size < 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF)
    assert codes(path)[0] == "names"
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime - before.ru_utime < 1


def test_an_endless_list_of_names_is_not_read_into_memory(tmp_path, monkeypatch):
    path = packed(tmp_path / "b.zip", {f"register{n}.csv": b"" for n in range(2000)})
    monkeypatch.setattr(proof, "_LONGEST_LIST", 50_000)
    with pytest.raises(ValueError, match="list of files"):
        Files(path)
    assert proof.main([str(path), "--key", str(K1.public)]) == 2


def test_an_archive_of_a_version_to_come_is_wrong_use(tmp_path, capsys):
    path = packed(tmp_path / "b.zip", whole())
    data = bytearray(path.read_bytes())
    data[data.find(b"PK\x01\x02") + 6] = 200
    path.write_bytes(data)
    assert proof.main([str(path), "--key", str(K1.public)]) == 2
    assert "version" in capsys.readouterr().err


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path):
    folder = tmp_path / "b"
    zipfile.ZipFile(packed(tmp_path / "b.zip", whole())).extractall(folder)
    assert codes(folder) == []
    (folder / "figures.json").unlink()
    os.mkfifo(folder / "figures.json")
    assert "names" in codes(folder)


def other_json(change):
    """The manifest in other bytes, signed as they are."""

    def act(files):
        return resigned({**files, "manifest.json": change(files["manifest.json"])})

    return act


MANIFESTS = {
    "a name twice": other_json(lambda data: data.replace(b'"first": 0', b'"first": 9, "first": 0')),
    "no number": other_json(lambda data: data.replace(b'"first": 0', b'"first": NaN')),
    "another encoding": other_json(lambda data: data.decode().encode("utf-16")),
    "a file twice": lambda files: signed(
        files, files=2 * json.loads(signed(files)["manifest.json"])["files"]
    ),
    "files that are none": lambda files: signed(files, files=5),
    "a number beyond reason": other_json(
        lambda data: data.replace(b'"first": 0', b'"first": ' + b"9" * 5000)
    ),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_two_readers_read_differently_is_refused(name, tmp_path):
    files = MANIFESTS[name](whole())
    assert files["manifest.json"] != whole()["manifest.json"]
    assert codes(packed(tmp_path / "b.zip", files))[0] in {"unreadable", "names"}


def test_notes_with_the_ends_of_lines_of_windows_are_not_what_was_signed(tmp_path):
    for name in ("log/after.note", "manifest.note"):
        files = whole()
        files[name] = files[name].replace(b"\n", b"\r\n")
        assert codes(packed(tmp_path / "b.zip", signed(files) if name.startswith("log") else files))


def test_a_note_with_many_signatures_is_read_by_those_that_are_known():
    text = Checkpoint(ORIGIN, 1, bytes(32)).text()
    many = Note.parse(note(text, *[THIEF] * 500, K2, K1, *[THIEF] * 100))
    assert many.signed_by([K1.public, K2.public]) == (K2.public, K1.public)
    bad = THIEF.line(text).replace(THIEF.public.name, K1.public.name)
    assert Note.parse(note(text, K1) + bad).signed_by([K1.public]) == (K1.public,)
    with pytest.raises(ValueError, match="too long"):
        Note.parse(note(text, *[THIEF] * 2000))
    forged = note(text, K1).replace("\n1\n", "\n2\n")
    with pytest.raises(ValueError, match="does not hold"):
        Note.parse(forged).signed_by([K1.public, K2.public])


def test_what_a_bundle_says_commands_no_terminal_and_makes_no_line_of_its_own(tmp_path):
    name = "x\x1b[2J\n5. [OK] 一切属实\n\u202e\ud800"
    files = whole()
    manifest = json.loads(files["manifest.json"])
    manifest["files"].append({"name": name, "size": 1, "sha256": ""})
    files["manifest.json"] = json.dumps(manifest).encode()
    path = packed(tmp_path / "b.zip", files)
    told = "\n".join(str(step) for step in verify_bundle(Files(path), [K1.public]))
    assert "missing" in told
    assert all(each.isprintable() for each in told.replace("\n", ""))
    assert len(told.splitlines()) == 2 * 10
    assert str(Step(1, good=False, code="x", zh="a\nb", en="c\rd")).count("\n") == 1


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "utf-8"])
def test_the_verifier_speaks_on_every_console(encoding, tmp_path):
    path = packed(tmp_path / "b.zip", whole())
    ran = subprocess.run(
        [sys.executable, "-I", proof.__file__, path, "--key", str(K1.public)],
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": encoding, "PATH": os.environ["PATH"]},
    )
    # -I ignores the variable; without it the console's own encoding is what counts.
    bare = subprocess.run(
        [sys.executable, proof.__file__, path, "--key", str(K1.public)],
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": encoding, "PATH": os.environ["PATH"]},
    )
    assert (ran.returncode, bare.returncode, bare.stderr) == (0, 0, b"")
    assert b"everything holds" in bare.stdout


def test_a_leaf_with_giant_names_is_no_leaf():
    leaf = json.loads(Log().file("A").leaves[0])
    assert Chains().take(rfc8785.dumps(leaf))[2] == ()
    for name in ("stream", "type"):
        _, _, wrong = Chains().take(rfc8785.dumps({**leaf, name: "x" * 5000}))
        assert [finding.code for finding in wrong] == ["leaf-form"]


def with_leaf(log, **changes):
    log.leaves[-1] = rfc8785.dumps({**json.loads(log.leaves[-1]), **changes})
    return whole(log)


LOGS = {
    "an event of another installation": (
        lambda: with_leaf(Log().file("A", "B"), origin="other.example"), "origin"),
    "back-dating under the name of a sample": (
        lambda: with_leaf(Log().file("A").add("decided", "A", test=True), at="2026-11-20T02:00:00.000000Z"), "time"),
    "back-dating": (lambda: with_leaf(Log().file("A", "B"), at="2026-11-20T02:00:00.000000Z"), "time"),
    "a time that is none": (lambda: with_leaf(Log().file("A", "B"), at="1"), "unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOGS)
def test_a_log_that_its_owner_made_up_meets_its_code(name, tmp_path):
    make, code = LOGS[name]
    assert code in codes(packed(tmp_path / "b.zip", make()))


def test_a_stamp_is_of_a_checkpoint_of_this_log(tmp_path):
    log = Log().file("A", "B")
    files, right = whole(log), log.sign(K1)

    def found(text, key=K1):
        stamped = note(text, key).encode()
        more = {"stamps/2.note": stamped, "stamps/2.tsr": b"token" + hashlib.sha256(stamped).digest()}
        return codes(packed(tmp_path / "b.zip", signed({**files, **more})))

    assert found(Note.parse(right).text) == []
    assert found("a shopping list\n") == ["unreadable"]
    assert found(Checkpoint(ORIGIN, 2, bytes(32)).text()) == ["stamp"]
    assert found(Checkpoint(ORIGIN, 1, bytes(32)).text()) == ["stamp"]
    assert found(Note.parse(right).text, THIEF) == ["signer"]


@pytest.fixture(scope="module")
def archive():
    path = io.BytesIO()
    log = Log().file("A", "B").rotate(K1, K2)
    log.bundle(path, log.sign(K1, K2), log.told(3), K2)
    return path.getvalue()


@given(st.data())
def test_no_damage_to_an_archive_makes_the_verifier_fall(archive, tmp_path_factory, data):
    damaged = bytearray(archive)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(archive) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, 3)) == 0
    path = Path(tmp_path_factory.getbasetemp()) / "damaged.zip"
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))] if cut else damaged)
    assert proof.main([str(path), "--key", str(K1.public)]) in {0, 1, 2}


def run(*words, isolated=()):
    return subprocess.run(
        [sys.executable, *isolated, proof.__file__, *map(str, words)],
        capture_output=True,
        check=False,
        text=True,
        encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8", "PATH": os.environ["PATH"]},
    )


def test_without_cryptography_nothing_is_said_of_the_bundle(tmp_path):
    path = packed(tmp_path / "b.zip", whole())
    ran = run(path, "--key", K1.public, isolated=("-S",))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "cryptography" in ran.stderr
    assert "pip install" in ran.stderr


@pytest.mark.parametrize("words", [["--key", "x"], ["--checkpoint", "nowhere"]])
def test_what_cannot_be_used_is_named_by_the_option_it_was_given_to(words, tmp_path):
    ran = run(packed(tmp_path / "b.zip", whole()), *words)
    assert ran.returncode == 2
    assert f"cannot begin: {' '.join(words)}: " in ran.stderr


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path):
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    ran = run(tmp_path)
    assert ran.returncode == 2
    assert "there is no manifest" in ran.stderr


def test_a_step_that_rests_on_another_accuses_nobody(tmp_path):
    path = packed(tmp_path / "b.zip", whole())
    steps = verify_bundle(Files(path), [K2.public])
    assert [step.number for step in steps if step.code == "unchecked"] == [5, 6, 8, 9, 10]
    assert all("4" in step.zh and "4" in step.en for step in steps if step.code == "unchecked")
    assert {step.code for step in steps if not step.good} == {"UNANCHORED", "unchecked"}
