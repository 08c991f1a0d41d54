"""Hand one message to a webhook, and note on it whether it was taken."""

from __future__ import annotations

from functools import partial

from complaints.administration import webhooks
from complaints.administration.installation import Installation
from complaints.delivery import calling
from complaints.delivery.calling import Call
from complaints.delivery.sending import DeliveryError, OutboxView
from complaints.delivery.webhooks import PREFIX
from complaints.store.tables import Webhook
from complaints.web.announcing import announcement


class Webhooks:
    """The webhooks of one pass: one that stays silent is asked once in it, so that it keeps no mail waiting."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self._silent: set[str] = set()

    def send(self, message: OutboxView) -> None:
        """Return once the other side has taken it; raises DeliveryError. No transaction is open meanwhile."""
        uid = message.recipient.removeprefix(PREFIX)
        if uid in self._silent:
            raise DeliveryError(calling.TIMEOUT, "postpone")
        with self.installation.reading() as work:
            row = work.session.get(Webhook, uid)
            if row is None or not row.active:
                raise DeliveryError(webhooks.REMOVED if row is None else webhooks.PAUSED, "drop")
            url, keys = row.url, webhooks.keys(work, row)
            body = announcement(work, message)
        identity = message.message_id.strip("<>").partition("@")[0]
        try:
            calling.call(url, Call(identity, self.installation.now(), body), keys, self.installation.reach)
        except DeliveryError as error:
            if error.reason == calling.TIMEOUT:
                self._silent.add(uid)
            gone = error.fate == "dead"
            self.installation.write(partial(webhooks.refused, uid=uid, why=error.reason, gone=gone))
            raise
        self.installation.write(partial(webhooks.answered, uid=uid))
