"""Workers that run while the key changes hands sign with the new one: they look at its file before they sign."""

from __future__ import annotations

import base64
import os

from complaints.administration import checkpoints
from complaints.administration.installation import Installation
from complaints.cases import access
from complaints.evidence import receipt_check, receipts
from complaints.ledger.work import Actor
from complaints.store.transactions import Database

ADMIN = Actor("admin", "op_carol")


def another(house):
    """Another worker on the same files and the same database, which has read its keys already."""
    first = house.installation
    made = Installation(
        first.settings, Database(first.database.engine), first.files, first.hooks, house.clock
    )
    assert made.keys == first.keys
    return made


def promise(installation, filed):
    with installation.reading() as work:
        return receipts.promise(work, access.find(work, filed.number))


def test_an_app_beside_signs_with_the_new_key_from_the_next_request_on(house):
    worker, filed = another(house), house.file()
    old = checkpoints.sign(worker).vkey
    assert promise(worker, filed)["key"] == old
    new = checkpoints.rotate(house.installation, ADMIN).vkey
    said = promise(worker, filed)
    assert said["key"] == new != old
    assert all(step.good for step in receipt_check.verify(said, [new]))
    house.later(minutes=5)
    house.file()
    assert checkpoints.sign(worker).vkey == new
    assert worker.keys.log_previous is None


def test_a_process_beside_signs_with_the_new_key_without_a_restart(house):
    """It reads its keys, waits until the key has changed, and then promises."""
    filed = house.file()
    checkpoints.sign(house.installation)
    house.installation.database.engine.dispose()
    (told, tell), (heard, hear) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            worker = another(house)
            old = promise(worker, filed)["key"]
            os.write(tell, b"ready")
            os.read(heard, 1)
            os._exit(42 if promise(worker, filed)["key"] != old else 2)
        finally:
            os._exit(1)
    assert os.read(told, 5) == b"ready"
    checkpoints.rotate(house.installation, ADMIN)
    os.write(hear, b"g")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
    for end in (told, tell, heard, hear):
        os.close(end)


def test_a_folder_of_keys_that_is_away_or_damaged_takes_no_key_away(house):
    worker, filed = another(house), house.file()
    old, folder = worker.keys, house.installation.settings.keys_folder
    away = folder.rename(folder.with_name("away"))
    assert promise(worker, filed)["key"]
    assert worker.keys == old
    away.rename(folder)
    (folder / "log.key").write_text("half a k")
    assert promise(worker, filed)["key"]
    assert worker.keys == old
    (folder / "log.key").write_bytes(base64.b64encode(old.log))


def test_only_the_log_key_is_taken_up_while_running(house):
    worker, folder = another(house), house.installation.settings.keys_folder
    old = worker.keys
    other = base64.b64encode(bytes(32))
    (folder / "data.key").write_bytes(other)
    (folder / "log.key").write_bytes(other)
    worker.notice_new_key()
    assert worker.keys.log == bytes(32)
    assert worker.keys.data == old.data
    (folder / "data.key").write_bytes(base64.b64encode(old.data))


def test_a_key_from_the_environment_is_not_looked_for_in_a_file(house, monkeypatch):
    monkeypatch.setenv("COMPLAINTS_KEY_LOG", base64.b64encode(bytes(32)).decode())
    worker = Installation(
        house.installation.settings,
        house.installation.database,
        house.installation.files,
        house.installation.hooks,
        house.clock,
    )
    assert worker.keys.log == bytes(32)
    (house.installation.settings.keys_folder / "log.key").write_bytes(base64.b64encode(bytes(range(32))))
    worker.notice_new_key()
    assert worker.keys.log == bytes(32)
