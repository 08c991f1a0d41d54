"""The receipt in the dialog: shown as the answer to the form, since no session could open it again."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from complaints.base.errors import NotFoundError
from complaints.cases import access, intake
from complaints.cases.intake import Filed
from complaints.web import drafting, faults, incoming, visiting
from complaints.web.drafting import Kept
from complaints.web.frame import frame, installation
from complaints.web.public import receipt
from complaints.web.public.filing_pages import Desk


def finished(desk: Desk, filed: Filed) -> ResponseReturnValue:
    """The receipt of what was just filed, or was filed by this very form before."""
    case = access.find(frame().work, filed.number)
    code = filed.code if receipt.current(case, filed.code) else ""
    return render_template(
        "complaints/embed/receipt.html",
        visit=desk.visit,
        number=case.number,
        code=code,
        rows=receipt.dates(case),
        qr=receipt.qr(case.number, code) if code else "",
        again=filed.repeated,
        discreet=desk.kind.exit or desk.kind.crisis,
        mail="mail" in case.reach,
        promise=receipt.signed(case),
        # The secret alone: what was typed need not travel again to download a receipt.
        hidden=drafting.seal(installation(), Kept(desk.kept.secret)),
        secret=desk.kept.secret,
    )


def embed_receipt() -> ResponseReturnValue:
    """The receipt as text, or with `what=promise` its signed promise; by POST, since an address would keep the secret."""
    visit = visiting.visit()
    if visit is None or not visiting.from_our_own_page():
        return faults.page(403)
    got = incoming.read()
    kept = drafting.unseal(installation(), got.get("kept"))
    filed = (
        intake.find_repeat(frame().work, kept.secret)
        if visit.genuine(kept.secret, got.get("visit"))
        else None
    )
    case = access.find(frame().work, filed.number) if filed else None
    if case is None or filed is None or not receipt.current(case, filed.code):
        raise NotFoundError("no such receipt in this dialog")
    if got.get("what") == "promise":
        return receipt.download(*receipt.as_promise(case))
    return receipt.download(*receipt.as_text(case, filed.code))
