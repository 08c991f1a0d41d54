"""Work that somebody ordered: any worker goes on with it, a while at a time, beside the clock."""

from __future__ import annotations

import logging
import time

from complaints.administration import bulk
from complaints.administration.installation import Installation
from complaints.evidence import jobs
from complaints.store.jobs import StoppedError

SECONDS = 20.0
_log = logging.getLogger(__name__)


def work_off(installation: Installation, seconds: float = SECONDS) -> int:
    """Go on with what was ordered for about `seconds`; returns how many were finished. Commits part by part.

    What is to be done to many cases comes before files. A workbook, a document, a bundle and an audit are made in
    one go and may take longer. Two workers never make one file: each holds a lease, and a part counts only while
    the row is as its worker left it.
    """
    deadline = time.monotonic() + seconds
    finished = _cases(installation, deadline)
    while time.monotonic() < deadline:
        job = jobs.claim(installation)
        if job is None:
            break
        try:
            finished += jobs.go_on(installation, job, deadline)
        except StoppedError:
            _log.info("a job was cancelled or taken over")
    return finished


def _cases(installation: Installation, deadline: float) -> int:
    finished = 0
    while time.monotonic() < deadline:
        job = bulk.claim(installation)
        if job is None:
            break
        try:
            finished += bulk.go_on(installation, job, deadline)
        except StoppedError:
            _log.info("a bulk act was cancelled or taken over")
    return finished
