"""checkpoint and receipt as an operator types them."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import stat
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from cli.test_commands import Host, after_init, host
from notes import by_openssl

from complaints.base.clock import beijing, utcnow
from complaints.cli.alone import main
from complaints.ledger.proof import Files, Verifier, verify_bundle

__all__ = ["Host", "after_init", "host"]


def vkey(host):
    return re.search(r"key (\S+): from size 0", host.run("checkpoint").output)[1]


def test_init_makes_the_signers_folder_for_its_owner_alone(host):
    folder = host.folder / "complaints" / "state"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_init_on_a_second_host_does_not_make_it_sign(host, tmp_path):
    host.good("checkpoint", "--sign")
    note = host.good("checkpoint", "--show").split("signed ")[0].strip() + "\n"
    second = Host(
        tmp_path / "second",
        COMPLAINTS_DATABASE_URI=f"sqlite:///{host.installation.database.engine.url.database}",
        COMPLAINTS_KEYS_DIR=str(host.folder / "complaints" / "keys"),
        COMPLAINTS_FILES_DIR=str(host.folder / "complaints" / "files"),
    )
    said = second.good("init")
    assert f"checkpoints: {socket.gethostname()} signs them, so this host does not" in said
    assert "--adopt OLDER" in said
    assert not second.installation.settings.state_folder.exists()
    with second.app.app_context():
        assert second.run("tick").exit_code == 0
    told = second.run("doctor").output
    assert "signs the checkpoints, the last one on" in told
    assert "to make this host sign" in told
    assert "no checkpoint is signed" not in told
    # It takes over: with a checkpoint from outside, once the other one no longer signs.
    (tmp_path / "older").write_text(note, encoding="utf-8")
    second.file()
    second.good("checkpoint", "--adopt", tmp_path / "older")
    assert "this host signs them" in second.good("init")
    second.close()


def test_show_sign_and_show(host, tmp_path):
    before = host.run("checkpoint", "--show")
    assert before.exit_code == 1
    assert "no checkpoint has been signed yet" in before.output
    signed = host.good("checkpoint", "--sign")
    shown = host.good("checkpoint", "--show", "--save", tmp_path / "out")
    assert signed.strip() in shown
    note = (tmp_path / "out" / "checkpoint.txt").read_text(encoding="utf-8")
    assert by_openssl(note, vkey(host))[0] == "ai.example.cn"
    assert "last left this machine: never" in shown
    assert host.run("checkpoint", "--sign", "--show").exit_code == 2


def test_a_refusal_is_a_sentence_and_exit_code_1(host, tmp_path):
    note = host.good("checkpoint", "--sign").strip() + "\n"
    (host.folder / "complaints" / "state" / "checkpoint.json").unlink()
    for words in (("--sign",), ("--show",)):
        result = host.run("checkpoint", *words)
        assert result.exit_code == 1
        assert "--adopt OLDER" in result.output
    (tmp_path / "older").write_text(note, encoding="utf-8")
    assert "taken up again" in host.good("checkpoint", "--adopt", tmp_path / "older", "--by", "lin")
    assert host.run("checkpoint", "--adopt", tmp_path / "older").exit_code == 1
    assert host.run("checkpoint", "--adopt", tmp_path / "nowhere").exit_code == 2


@pytest.mark.tampered
def test_rotate_and_revoke(host):
    host.good("checkpoint", "--sign")
    old = vkey(host)
    said = host.good("checkpoint", "--rotate", "--by", "lin")
    new = said.strip().splitlines()[-1]
    assert new != old
    shown = host.good("checkpoint")
    assert f"key {old}: from size 0 to " in shown
    assert f"key {new}: from size " in shown
    assert host.run("checkpoint", "--revoke", old).exit_code == 2
    assert host.run("checkpoint", "--revoke", "x", "--last-good", "1", "--reason", "stolen").exit_code == 1
    host.good("checkpoint", "--revoke", old, "--last-good", "1", "--reason", "stolen")
    assert "revoked beyond 1" in host.good("checkpoint")


@pytest.mark.tampered
def test_a_backup_put_back_whole_fits_itself_and_is_told_by_what_the_signer_remembers(host):
    database = host.installation.database.engine
    path = Path(database.url.database)
    host.file()
    host.good("checkpoint", "--sign")
    assert "nothing found" in host.good("audit")
    with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(host.folder / "backup")) as copy:
        live.backup(copy)
    host.file()
    host.good("checkpoint", "--sign")
    database.dispose()
    with closing(sqlite3.connect(host.folder / "backup")) as copy, closing(sqlite3.connect(path)) as live:
        copy.backup(live)
    told = host.run("audit")
    assert told.exit_code == 1
    assert [line.split("\t")[:2] for line in told.output.splitlines() if "\t" in line] == [
        ["signer-smaller", "signer"]
    ]
    assert "1 finding" in told.output


def test_receipt_prints_both_documents(host, tmp_path):
    filed = host.file()
    early = host.run("receipt", filed.number)
    assert early.exit_code == 1
    older = tmp_path / "older.txt"
    older.write_text(host.good("checkpoint", "--sign").strip() + "\n", encoding="utf-8")
    host.file()
    host.good("checkpoint", "--sign")
    both = json.loads(host.good("receipt", filed.number, "--checkpoint", older))
    for name, more in (("promise", ()), ("proof", ("--checkpoint", str(older)))):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(both[name]), encoding="utf-8")
        assert main(["verify", str(path), "--key", vkey(host), *more]) == 0
        assert main(["verify", str(path), "--key", vkey(host).replace("a", "b", 3), *more]) == 1
    assert host.run("receipt", "TS20261123-AAAAAA").exit_code == 1


@pytest.mark.parametrize("config", [{"COMPLAINTS_TSA_URL": "tsa"}, {"COMPLAINTS_WITNESSES": ["no address"]}])
def test_a_wrong_setting_is_named_at_start(tmp_path, config):
    with pytest.raises(Exception, match=next(iter(config))):
        Host(tmp_path, **config)


def bundle(host, path, *words):
    day = f"{beijing(utcnow()):%Y-%m-%d}"
    return host.run("bundle", path, "--since", day, "--until", day, *words)


def test_a_bundle_takes_chosen_cases_and_names_each_that_may_not_leave(host, tmp_path):
    filed, unknown = host.file(), "TS20261123-222222"
    refused = bundle(host, tmp_path / "early.zip")
    assert (refused.exit_code, (tmp_path / "early.zip").exists()) == (1, False)
    host.good("checkpoint", "--sign")
    wrong = bundle(host, tmp_path / "wrong.zip", "--with-case", filed.number, "--with-case", unknown)
    assert (wrong.exit_code, (tmp_path / "wrong.zip").exists()) == (1, False)
    assert unknown in wrong.output
    assert filed.number not in wrong.output
    path = tmp_path / "b.zip"
    made = bundle(host, path, "--with-case", filed.number.lower(), "--case-format", "docx")
    assert made.exit_code == 0, made.output
    assert "cases/1/case.docx" in zipfile.ZipFile(path).namelist()
    steps = verify_bundle(Files(path), [Verifier.parse(vkey(host))])
    assert [step.code for step in steps if not step.good] == []
    both = ("--case", filed.number, "--with-case", filed.number)
    assert host.run("bundle", tmp_path / "both.zip", *both).exit_code == 2
