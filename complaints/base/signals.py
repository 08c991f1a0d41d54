"""A signal for each event of a complaint, sent after the commit to whoever listens in this process: best effort.

A process that ends in between sends nothing, and nothing is sent again: what must arrive goes by a webhook.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from blinker import Namespace

_log = logging.getLogger(__name__)
_namespace = Namespace()
# Its receivers get the Flask app, and by name what stands in `Happened`.
event_recorded = _namespace.signal("event_recorded")


@dataclass(frozen=True)
class Happened:
    """One event: the complaint's number, the event's type and place in its log, and whether it is a test case."""

    number: str
    event: str
    seq: int
    is_test: bool


def send(app: object, happened: Iterable[Happened]) -> None:
    """Tell each receiver of each event; one that fails is logged by its error's class and stops no other."""
    for each in happened:
        for receiver in event_recorded.receivers_for(app):
            try:
                receiver(app, **asdict(each))
            except Exception as error:  # noqa: BLE001 - the event is written, whatever a host makes of it
                _log.error("a receiver of event_recorded failed: %s", type(error).__name__)
