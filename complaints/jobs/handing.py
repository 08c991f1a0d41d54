"""Hand a complaint on to a model's vendor by mail or webhook, and record what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from complaints.administration.installation import Installation
from complaints.cases import forwarding
from complaints.delivery import calling
from complaints.delivery.calling import Call
from complaints.delivery.mail import Post
from complaints.delivery.sending import DeliveryError, OutboxView, is_last
from complaints.ledger import journal
from complaints.ledger.work import Work
from complaints.store.tables import Complaint
from complaints.web import vendor


def by_mail(installation: Installation, post: Post, message: OutboxView) -> None:
    """Send the mail; raises DeliveryError. A worker that dies before it is recorded sends it once more."""
    with _recorded(installation, message):
        post.send(vendor.letter(installation, message))


def by_webhook(installation: Installation, message: OutboxView) -> None:
    """Return once the vendor has taken the signed message; raises DeliveryError. Sent again, its id is the same."""
    with _recorded(installation, message):
        url, keys, body = vendor.signed(installation, message)
        identity = message.message_id.strip("<>").partition("@")[0]
        calling.call(url, Call(identity, installation.now(), body), keys, installation.reach)


@contextmanager
def _recorded(installation: Installation, message: OutboxView) -> Iterator[None]:
    try:
        yield
    except DeliveryError as error:
        if error.fate in {"dead", "drop"} or (error.fate == "retry" and is_last(message)):
            _record(installation, message, error.reason)
        raise
    _record(installation, message)


def _record(installation: Installation, message: OutboxView, failure: str = "") -> None:
    def write(work: Work) -> None:
        here = work.session.get(Complaint, message.complaint_id)
        if here is None:
            return
        case = journal.lock(work, here.uid)
        row = forwarding.found(work, case, int(message.seq or 0))
        if failure:
            forwarding.failed(work, case, row, failure)
        else:
            forwarding.sent(work, case, row)

    installation.write(write)
