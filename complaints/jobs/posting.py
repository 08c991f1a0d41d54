"""The deliverer: renders what is due and hands it to mail, a chat room, a webhook or the host's callback."""

from __future__ import annotations

from collections.abc import Sequence

from complaints.administration.installation import Installation
from complaints.cases import disposal, forwarding
from complaints.delivery.mail import Post
from complaints.delivery.people import People, Recipient
from complaints.delivery.sending import DeliveryError, OutboxView
from complaints.jobs import calling, handing, reporting
from complaints.jobs.announcing import Webhooks
from complaints.web import mails, notices, witness
from complaints.web.reports import Reports


class Postman:
    """Delivers one message, or all that wait for one operator or room; called outside any transaction."""

    def __init__(self, installation: Installation, people: People, post: Post | None) -> None:
        self.installation = installation
        self.people = people
        self.post = post
        self.webhooks = Webhooks(installation)
        self.reports = Reports(installation)

    def __call__(self, messages: Sequence[OutboxView]) -> None:
        """Return once accepted; raises DeliveryError, or whatever the host's callback raises."""
        first = messages[0]
        match first.channel, first.recipient:
            case "mail", "complainant":
                self._ready().send(mails.letter(self.installation, first))
            case "mail", recipient if recipient.startswith("operator:"):
                post, person = self._ready(), self._person(recipient.removeprefix("operator:"))
                post.send(notices.digest(self.installation, messages, person))
            case "push", room:
                self._push(room, messages)
            case "mail", recipient if recipient.startswith(("witness:", reporting.PREFIX)):
                post, reported = self._ready(), recipient.startswith(reporting.PREFIX)
                post.send(
                    self.reports.letter(first) if reported else witness.letter(self.installation, first)
                )
            case "mail", recipient if recipient.startswith(forwarding.VENDOR):
                handing.by_mail(self.installation, self._ready(), first)
            case "webhook", recipient if recipient.startswith(forwarding.VENDOR):
                handing.by_webhook(self.installation, first)
            case disposal.CHANNEL, disposal.HOST:
                calling.call(self.installation, first)
            case "notify", "complainant":
                self._notify(first)
            case "webhook", _:
                self.webhooks.send(first)
            case _:
                raise DeliveryError("UnknownChannel", "dead")

    def _ready(self) -> Post:
        """Look before rendering: a link in a mail is made only for a mail that can leave."""
        if self.post is None:
            raise DeliveryError("NoMail", "postpone", unreachable=True)
        self.post.check()
        self._linked()
        return self.post

    def _linked(self) -> None:
        if not self.installation.settings.BASE_URL:
            raise DeliveryError("NoBaseUrl", "postpone", unreachable=True)

    def _push(self, room: str, messages: Sequence[OutboxView]) -> None:
        self._linked()
        self.installation.rooms.send(room, *notices.push(self.installation, messages))

    def _person(self, ref: str) -> Recipient:
        with self.installation.database.reading() as session:
            found = next((each for each in self.people(session) if each.ref == ref and each.mail), None)
        if found is None:
            # Queued again, the notice goes to all operators at the next fan-out.
            raise DeliveryError("NobodyToTell", "postpone")
        return found

    def _notify(self, message: OutboxView) -> None:
        way = str(message.details.get("way", "phone"))
        callback = self.installation.hooks.notifiers.get(way)
        if callback is None:
            raise DeliveryError("NoCallback", "drop")
        callback(mails.notification(self.installation, message))
