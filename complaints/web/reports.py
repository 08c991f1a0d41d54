"""The monthly report by mail: its figures in a few lines, the document of figures alone, and where to order more."""

from __future__ import annotations

import logging
from dataclasses import replace

from flask import render_template

from complaints.administration import operators
from complaints.administration.installation import Installation
from complaints.base.errors import ConfigError
from complaints.base.translations import gettext as t
from complaints.base.translations import language, speaking
from complaints.delivery.mail import Attachment, Letter
from complaints.delivery.sending import DeliveryError, OutboxView
from complaints.evidence import monthly_paper, monthly_words, months
from complaints.evidence.chosen import MEDIA, Chosen
from complaints.evidence.monthly import Monthly, gather
from complaints.ledger.work import Work
from complaints.web.mails import FOLDER, address_of, product_mark, tidy

_log = logging.getLogger(__name__)


class Reports:
    """The reports of one pass: a month is counted once for all who get it, and its document made once a language."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self._counted: dict[Chosen, Monthly] = {}
        self._made: dict[Chosen, tuple[Attachment, ...]] = {}

    def letter(self, message: OutboxView) -> Letter:
        """The mail for one operator. Raises DeliveryError (drop) for one who no longer wants or may have it.

        It names no complaint: late ones are a number. Needs an app context.
        """
        ref, chosen = message.recipient.partition(":")[2], Chosen.of(message.details)
        with self.installation.reading() as work:
            person = next((row for row in operators.get_monthly(work) if row.ref == ref), None)
            if person is None:
                raise DeliveryError("NotWanted", "drop")
            to, name, lang = person.mail or "", person.name, person.lang
            with speaking(lang):
                own = replace(chosen, lang=lang, restricted=person.restricted)
                return self._letter(work, message, own, to, name)

    def _letter(self, work: Work, message: OutboxView, chosen: Chosen, to: str, name: str) -> Letter:
        found = self._found(work, chosen)
        attached = self._attached(work, chosen, found)
        month = months.key(found.span)
        product = work.policy.provider.product
        subject = product_mark(product) + t("Monthly report {month}", month=months.words(found.span))
        body = {
            "t": t,
            "lang": language(),
            "subject": subject,
            "lines": monthly_words.said(found, lacking=chosen.lacking),
            "attached": bool(attached),
            "link": address_of(self.installation, f"admin/evidence?month={month}#monthly"),
            # A host's people have no account here.
            "account": address_of(self.installation, "admin/account#monthly-report")
            if work.hosts is None
            else "",
        }
        return Letter(
            to=to,
            name=name,
            subject=subject,
            text=tidy(render_template(f"{FOLDER}/monthly.txt", **body)),
            html=tidy(render_template(f"{FOLDER}/monthly.html", **body)),
            lang=language(),
            message_id=message.message_id,
            date=self.installation.now(),
            attached=attached,
        )

    def _found(self, work: Work, chosen: Chosen) -> Monthly:
        about = replace(chosen, lang="")
        if about not in self._counted:
            self._counted[about] = gather(work, about)
        return self._counted[about]

    def _attached(self, work: Work, chosen: Chosen, found: Monthly) -> tuple[Attachment, ...]:
        """The document of figures; where it cannot be made here, the mail goes without and says where to order it."""
        if chosen not in self._made:
            try:
                data = monthly_paper.document(work, chosen, self.installation.settings.DOCUMENT_FONT, found)
                self._made[chosen] = (Attachment(chosen.name, MEDIA[chosen.form], data),)
            except ConfigError as error:
                _log.warning("the monthly report goes out without its document: %s", error)
                self._made[chosen] = ()
        return self._made[chosen]
