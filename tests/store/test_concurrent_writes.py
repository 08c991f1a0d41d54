from __future__ import annotations

import threading

from installing import HANDLER

from complaints.cases import handling


def test_many_writers_on_one_complaint_all_get_their_turn(any_office):
    """Each waits for the stream's lock and then builds on what the one before it has committed."""
    office, errors = any_office, []
    filed = office.file()

    def write(writer):
        for number in range(10):
            try:
                office.act(filed, handling.note, HANDLER, f"{writer}, {number}")
            except Exception as error:  # noqa: BLE001 - shown by the assertion below
                errors.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert office.case(filed).version == 41
    assert office.findings() == []
