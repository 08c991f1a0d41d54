"""The receipt: number, code and dates, for half an hour in the browser that filed."""

from __future__ import annotations

import hmac
import json

import segno
from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from complaints.base.errors import NotFoundError
from complaints.base.ids import access_code
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import access, intake
from complaints.evidence import receipts as promises
from complaints.ledger.reading import history
from complaints.policy.deadlines import clock, words
from complaints.store.tables import Complaint
from complaints.web import counting, receipts
from complaints.web.frame import absolute, frame
from complaints.web.headers import DOWNLOAD_CSP
from complaints.web.public import telling
from complaints.web.public.filing_pages import by_date
from complaints.web.receipts import Opened


def register(blueprint: Blueprint) -> None:
    """Add the receipt, its text and its signed promise."""
    blueprint.add_url_rule("/receipt/<number>", "receipt", receipt)
    blueprint.add_url_rule("/receipt/<number>/text", "receipt_text", receipt_text)
    blueprint.add_url_rule("/receipt/<number>/promise", "receipt_proof", receipt_proof)


def receipt(number: str) -> ResponseReturnValue:
    """The receipt, or for anybody else the same page that says how to go on."""
    found = _find(number)
    if found is None:
        return render_template("complaints/receipt.html", case=None, number="", minutes=receipts.MINUTES)
    opened, case, code = found
    policy = frame().work.policy_of(case.policy_version)
    kind = policy.types.get(case.filed_type)
    routes = [policy.routes[key] for key in (kind.routes if kind else ()) if key in policy.routes]
    return render_template(
        "complaints/receipt.html",
        case=case,
        number=case.number,
        code=code,
        rows=dates(case),
        why=counting.why(frame().work, case, history(frame().work, case.uid, opened=False), language()),
        qr=qr(case.number, code),
        again=request.args.get("again") == "1",
        discreet=opened.discreet,
        mail="mail" in case.reach,
        mark=telling.mark(case.answer_mark),
        routes=routes,
        exit=bool(kind and kind.exit and policy.emergency.exit_url),
        promise=signed(case),
        minutes=receipts.MINUTES,
    )


def receipt_text(number: str) -> ResponseReturnValue:
    """The receipt as a text file."""
    found = _find(number)
    if found is None:
        raise NotFoundError("no such receipt on this device")
    return download(*as_text(found[1], found[2]))


def receipt_proof(number: str) -> ResponseReturnValue:
    """The signed promise: number, time, leaf hash and dates; no code."""
    found = _find(number)
    if found is None:
        raise NotFoundError("no such receipt on this device")
    return download(*as_promise(found[1]))


def as_text(case: Complaint, code: str) -> tuple[str, str, str]:
    """The receipt to keep: text, media type and file name."""
    lines = [
        t("We have received your complaint"),
        "",
        f"{t('Number')}: {case.number}",
        f"{t('Access code')}: {code}",
        *(f"{label}: {said}" for label, said in dates(case)),
        "",
        t("Check progress at {address}", address=absolute("track")),
        t("Whoever has number and code can read and answer this complaint; keep them to yourself"),
    ]
    return "\r\n".join(lines) + "\r\n", "text/plain", f"{case.number}.txt"


def as_promise(case: Complaint) -> tuple[str, str, str]:
    """The signed promise to keep: text, media type and file name."""
    return f"{signed(case)}\n", "application/json", f"{case.number}-promise.json"


def signed(case: Complaint) -> str:
    """The signed promise as it is shown on the page."""
    return json.dumps(promises.promise(frame().work, case), ensure_ascii=False, indent=1)


def _find(number: str) -> tuple[Opened, Complaint, str] | None:
    opened = receipts.opened(number)
    if opened is None:
        return None
    work = frame().work
    case = access.find(work, number)
    code = access_code(work.keys.lookup, case.number, opened.secret)
    if not current(case, code):
        return None
    return opened, case, code


def current(case: Complaint, code: str) -> bool:
    """Whether the code still opens it; one that was renewed since is no longer worth keeping."""
    return hmac.compare_digest(intake.code_hash(frame().work, case.number, code), case.code_hash)


def dates(case: Complaint) -> list[tuple[str, str]]:
    """When it came and what is promised, in words."""
    rows = [(t("Received"), clock(case.filed_at, language()))]
    for label, due in ((t("Whether we take it on"), case.accept_due), (t("Result"), case.result_due)):
        if due is not None:
            rows.append((label, by_date(words(due, language()), provisional=case.provisional)))
    return rows


def qr(number: str, code: str) -> Markup:
    """Number, code and address as plain text: what a second phone needs to keep the receipt.

    It says nothing that does not stand in clear beside it, opens nothing, and reaches no server: an address
    with the code in it would leave the code in histories and logs.
    """
    drawing = segno.make(f"{number}\n{code}\n{absolute('track')}", error="m", micro=False)
    # Always dark on light: phones do not read it the other way round.
    svg = drawing.svg_inline(
        scale=4, dark="#000", light="#fff", svgclass="cmp-qr", lineclass=None, omitsize=True
    )
    return Markup(svg)  # noqa: S704 - drawn from our own characters


def download(text: str, media_type: str, name: str) -> Response:
    """A file to keep, which no browser runs."""
    answer = Response(text, mimetype=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Content-Security-Policy"] = DOWNLOAD_CSP
    return answer
