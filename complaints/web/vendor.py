"""What a model's vendor gets: the extract an operator approved, and how to answer; no link, no code."""

from __future__ import annotations

import json
from collections.abc import Sequence

from flask import render_template

from complaints.administration.installation import Installation
from complaints.base.clock import beijing, stamp
from complaints.base.translations import gettext as t
from complaints.base.translations import language, speaking
from complaints.cases import forwarding
from complaints.delivery.mail import Letter
from complaints.delivery.sending import DeliveryError, OutboxView
from complaints.ledger.reading import Entry, history
from complaints.ledger.work import Work
from complaints.policy.model import Model
from complaints.store.tables import Complaint
from complaints.web.mails import FOLDER, product_mark, tidy

# As the webhooks of our own name their events.
TYPE = "complaint.forwarded"


def letter(installation: Installation, message: OutboxView) -> Letter:
    """The mail to the vendor, at the address the policy names today; raises DeliveryError. Needs an app context."""
    with installation.reading() as work, speaking("zh"):
        case, model, entry = _handed(work, message)
        if model is None or not model.vendor_mail:
            raise DeliveryError("NoVendorMail", "postpone")
        provider, contacts = work.policy.provider, work.policy.contacts
        subject = product_mark(provider.product, is_test=case.is_test) + t(
            "complaint about your model, our reference {number}", number=case.number
        )
        body = {
            "t": t,
            "lang": language(),
            "subject": subject,
            "provider": provider.name,
            "product": provider.product,
            "model": model.name,
            "extract": entry.text("extract"),
            "phone": contacts.phone,
            "reply_to": contacts.mail,
        }
        return Letter(
            to=model.vendor_mail,
            name=model.vendor,
            subject=subject,
            text=tidy(render_template(f"{FOLDER}/forward.txt", **body)),
            html=tidy(render_template(f"{FOLDER}/forward.html", **body)),
            lang=language(),
            message_id=message.message_id,
            date=installation.now(),
            reply_to=contacts.mail,
        )


def signed(installation: Installation, message: OutboxView) -> tuple[str, Sequence[bytes], bytes]:
    """The vendor's address of today, the keys that sign, and the body; raises DeliveryError.

    Beside the text an operator approved it says only what answering takes: our number, the model, by when, and where.
    """
    with installation.reading() as work:
        case, model, entry = _handed(work, message)
        if model is None or not model.vendor_webhook:
            raise DeliveryError("NoVendorWebhook", "postpone")
        keys = installation.vendor_keys.get(model.vendor)
        if keys is None:
            raise DeliveryError("NoVendorKey", "postpone")
        provider, contacts = work.policy.provider, work.policy.contacts
        data = {
            "number": case.number,
            "test": case.is_test,
            "provider": provider.name,
            "product": provider.product,
            "model": model.name,
            "extract": entry.text("extract"),
            "reported_on": f"{beijing(case.filed_at):%Y-%m-%d}",
            "answer_by": stamp(case.result_due) if case.result_due else None,
            "reply_to": {"mail": contacts.mail, "phone": contacts.phone},
        }
    body = {"type": TYPE, "timestamp": stamp(entry.at), "data": data}
    return model.vendor_webhook, keys, json.dumps(body, ensure_ascii=False).encode()


def _handed(work: Work, message: OutboxView) -> tuple[Complaint, Model | None, Entry]:
    """The case, its vendor in today's policy, and what was approved; raises DeliveryError (drop)."""
    case = work.session.get(Complaint, message.complaint_id)
    if case is None or case.erased_at is not None or case.stored_only_at is not None:
        raise DeliveryError("NoComplaint" if case is None else "StoredOnly", "drop")
    model = forwarding.vendors(work.policy).get(message.recipient.removeprefix(forwarding.VENDOR))
    entries = history(work, case.uid, types=("forwarded",))
    entry = next((each for each in entries if each.seq == message.seq), None)
    if entry is None or not entry.text("extract"):
        raise DeliveryError("Erased", "drop")
    return case, model, entry
