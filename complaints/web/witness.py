"""What witnesses get: one checkpoint, and a sentence on what to do with it; nothing personal."""

from __future__ import annotations

from flask import render_template

from complaints.administration.installation import Installation
from complaints.base.translations import gettext as t
from complaints.base.translations import language, speaking
from complaints.delivery.mail import Letter
from complaints.delivery.people import witnesses
from complaints.delivery.sending import DeliveryError, OutboxView
from complaints.store.tables import Checkpoint
from complaints.web.mails import FOLDER, product_mark, tidy


def letter(installation: Installation, message: OutboxView) -> Letter:
    """The mail that carries a checkpoint's note, in both languages; raises DeliveryError (drop). Needs an app context."""
    address = witnesses(installation.settings.WITNESSES).get(message.recipient)
    with installation.reading() as work:
        row = work.session.get(Checkpoint, message.details.get("size"))
        product = work.policy.provider.product
    if address is None or row is None:
        raise DeliveryError("NoWitness" if address is None else "NoCheckpoint", "drop")
    with speaking("zh"):
        subject = product_mark(product) + t("checkpoint {size} of the handling log", size=row.size)
        body = {
            "t": t,
            "lang": language(),
            "product": product,
            "origin": installation.settings.origin,
            "note": row.note,
            "subject": subject,
        }
        return Letter(
            to=address,
            name="",
            subject=subject,
            # Not tidied: the note's empty line belongs to what is signed.
            text=render_template(f"{FOLDER}/checkpoint.txt", **body),
            html=tidy(render_template(f"{FOLDER}/checkpoint.html", **body)),
            lang="zh",
            message_id=message.message_id,
            date=installation.now(),
        )
