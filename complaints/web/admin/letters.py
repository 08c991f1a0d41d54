"""Messages in words: what each tells, to whom it goes, by which way; never an address of a complainant."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from complaints.administration.webhooks import everything
from complaints.base.translations import gettext as t
from complaints.cases import disposal, forwarding
from complaints.cases.happenings import happened
from complaints.delivery import webhooks
from complaints.delivery.people import COMPLIANCE
from complaints.delivery.sending import OPERATOR, ROOM
from complaints.ledger.work import Work
from complaints.store.tables import Outbox
from complaints.web.notices import event_words

# Kinds that go to operators; `late` and `message` go to others too and mean something else there.
_NOTICES = frozenset({"new", "warn", "due", "appeal", "withdrawn_notice", "no_reviewer", "measure_failed"})


def kinds() -> dict[str, str]:
    """What each kind tells, in a few words; the names of events are said by `happened`."""
    return {
        "received": t("Complaint received"),
        "accepted": t("Taken on"),
        "declined": t("Not taken on"),
        "question": t("Question to the complainant"),
        "reply": t("Reply"),
        "decided": t("Answer"),
        "late": t("A promised date has passed"),
        "moved": t("Dates reckoned anew"),
        "code_link": t("Link to a new access code"),
        disposal.KIND: t("Measure for the product"),
        forwarding.KIND: t("Passed on to the model's vendor"),
        "checkpoint": t("Checkpoint for a witness"),
        webhooks.TEST: t("Test message"),
        **{kind: event_words(kind) for kind in _NOTICES},
    }


def kind_words(kind: str) -> str:
    """One kind; an unknown one by its own name."""
    return kinds().get(kind) or happened(kind)


def ways() -> dict[str, str]:
    """By which way a message goes."""
    return {
        "mail": t("E-mail"),
        "push": t("Chat room"),
        "webhook": t("Webhook"),
        "notify": t("Text message, by the product"),
        disposal.CHANNEL: t("Call of the product"),
    }


class Recipients:
    """To whom messages go: operators by `names`, groups, rooms, witnesses, vendors, webhooks by their host."""

    def __init__(self, work: Work, names: Mapping[str, str]) -> None:
        self.names = names
        self.vendors = {key: model.vendor for key, model in forwarding.vendors(work.policy).items()}
        self.hooks = {row.uid: urlsplit(row.url).hostname or "" for row in everything(work)}

    def words(self, row: Outbox) -> str:
        """Who gets this message; an address that could hold a secret or name a complainant is never said."""
        said = row.recipient
        if said.startswith(OPERATOR):
            ref = said.removeprefix(OPERATOR)
            return t("Compliance contact") if ref == COMPLIANCE else self.names.get(ref, ref)
        if said.startswith(ROOM):
            return t("A chat room of COMPLAINTS_PUSH")
        if said.startswith("witness:"):
            return t("A witness of the log")
        if said.startswith(forwarding.VENDOR):
            return self.vendors.get(said.removeprefix(forwarding.VENDOR)) or t("A vendor")
        if said.startswith(webhooks.PREFIX):
            return self.hooks.get(said.removeprefix(webhooks.PREFIX)) or t("A webhook that was removed")
        return {
            "complainant": t("Complainant"),
            "operators": t("All handlers"),
            "supervisors": t("Supervisors"),
            COMPLIANCE: t("Compliance contact"),
            disposal.HOST: t("The product"),
        }.get(said, said)
