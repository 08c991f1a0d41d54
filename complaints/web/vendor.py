"""What a model's vendor gets: the extract an operator approved, and how to answer; no link, no code."""

from __future__ import annotations

from flask import render_template

from complaints.administration.installation import Installation
from complaints.base.translations import gettext as t
from complaints.base.translations import language, speaking
from complaints.cases import forwarding
from complaints.delivery.mail import Letter
from complaints.delivery.sending import DeliveryError, OutboxView
from complaints.ledger.reading import history
from complaints.store.tables import Complaint
from complaints.web.mails import FOLDER, product_mark, tidy


def letter(installation: Installation, message: OutboxView) -> Letter:
    """The mail to the vendor, at the address the policy names today; raises DeliveryError. Needs an app context."""
    with installation.reading() as work, speaking("zh"):
        case = work.session.get(Complaint, message.complaint_id)
        if case is None or case.erased_at is not None or case.stored_only_at is not None:
            raise DeliveryError("NoComplaint" if case is None else "StoredOnly", "drop")
        model = forwarding.vendors(work.policy).get(message.recipient.removeprefix(forwarding.VENDOR))
        entry = next(
            (each for each in history(work, case.uid, types=("forwarded",)) if each.seq == message.seq), None
        )
        if model is None or not model.vendor_mail:
            raise DeliveryError("NoVendorMail", "postpone")
        if entry is None or not entry.text("extract"):
            raise DeliveryError("Erased", "drop")
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
