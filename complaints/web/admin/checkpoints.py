"""The checkpoints: which there are, who signs, whether one grew out of another, and the button that signs now."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from complaints.administration import checkpoints, refusals
from complaints.base.errors import NotFoundError
from complaints.base.translations import gettext as t
from complaints.ledger.journal import record_system
from complaints.ledger.keyring import Period
from complaints.ledger.state import SigningError
from complaints.policy.roles import READERS
from complaints.store.tables import Checkpoint
from complaints.web.admin import words
from complaints.web.admin.access import operator, roles
from complaints.web.admin.addresses import number
from complaints.web.admin.forms import sent
from complaints.web.forms import Act, old_page
from complaints.web.frame import frame
from complaints.web.public.checkpoint import fingerprint

ORDERED = "checkpoint_ordered"


def register(blueprint: Blueprint) -> None:
    """Add the list, one checkpoint, and the act of signing."""
    blueprint.add_url_rule("/checkpoints", "checkpoints", listing)
    blueprint.add_url_rule("/checkpoints/<int(max=9223372036854775807):size>", "checkpoint", one)
    blueprint.add_url_rule("/checkpoints/sign", "checkpoint_sign", sign, methods=["POST"])


@roles(*READERS)
def listing() -> ResponseReturnValue:
    """The newest checkpoints, keys and signer; two sizes in the address are held against each other."""
    return _page()


@roles(*READERS)
def one(size: int) -> ResponseReturnValue:
    """One checkpoint's note, to read, copy or (`?format=text`) download."""
    row = frame().work.session.get(Checkpoint, size)
    if row is None:
        raise NotFoundError("no such checkpoint")
    if request.args.get("format") == "text":
        answer = Response(row.note, mimetype="text/plain")
        answer.headers["Content-Disposition"] = f'attachment; filename="checkpoint-{size}.txt"'
        return answer
    return render_template(
        "complaints/admin/checkpoint.html", nav="checkpoints", row=_row(row), note=row.note
    )


@roles("admin")
def sign() -> ResponseReturnValue:
    """Sign the tree as it stands, where this host is the one that signs."""
    if not sent(Act()):
        return _page(old_page()), 400
    found, who = frame().installation, operator().actor
    refused = checkpoints.refusal(found, frame().work.session)
    if refused is not None or not checkpoints.folder(found).exists:
        return _page(t("Nothing was signed: see who signs, below.")), 409
    # Who asked for it stands in the log before it is signed, and under it.
    frame().write(lambda work: record_system(work, ORDERED, who, {}))
    try:
        made = checkpoints.sign(found)
    except SigningError as error:
        said, remedy = refusals.told(frame().work.session, error)
        return _page(f"{said}{t(': ')}{remedy}"), 409
    size = made.checkpoint.size if made is not None else 0
    return redirect(url_for("complaints.admin.checkpoints", signed=size), 303)


def _page(fault: str = "") -> str:
    found, work, asked = frame().installation, frame().work, request.args
    below = number(asked.get("below", ""))
    rows, more = checkpoints.listing(work.session, below)
    refused = checkpoints.refusal(found, work.session)
    left = checkpoints.left(work.session)
    here = checkpoints.folder(found).exists
    signer = refusals.signer(work.session)
    return render_template(
        "complaints/admin/checkpoints.html",
        nav="checkpoints",
        rows=[_row(row) for row in rows],
        first=below is None,
        more=url_for("complaints.admin.checkpoints", below=rows[-1].size) if more else "",
        refused=refusals.told(work.session, refused) if refused else None,
        here=here,
        signer=signer,
        can_sign=here and refused is None and operator().may("admin"),
        left=words.moment(left, work.now) if left else "",
        witnesses=len(found.settings.WITNESSES),
        stamping=bool(found.settings.TSA_URL),
        keys=[_key(each) for each in checkpoints.periods(found, work.session)],
        compared=_compared(asked.get("older", ""), asked.get("newer", "")),
        older=asked.get("older", str(rows[-1].size) if rows else "")[:18],
        newer=asked.get("newer", str(rows[0].size) if rows else "")[:18],
        signed=asked.get("signed", "") if asked.get("signed", "").isdecimal() else "",
        act=Act(formdata=None),
        fault=[{"id": "", "text": fault}] if fault else None,
    )


def _compared(older: str, newer: str) -> dict[str, Any] | None:
    """Whether the newer tree begins with the older one; None where nothing is asked."""
    if not older and not newer:
        return None
    session = frame().work.session
    pair = [
        session.get(Checkpoint, size) if (size := number(each)) is not None else None
        for each in (older, newer)
    ]
    if None in pair:
        return {"known": False}
    first, second = sorted((row for row in pair if row is not None), key=lambda row: row.size)
    signed, grown, path = checkpoints.grown(frame().installation, session, first, second)
    return {
        "known": True,
        "signed": signed,
        "grown": grown,
        "older": first.size,
        "newer": second.size,
        "path": [each.hex() for each in path],
    }


def _row(row: Checkpoint) -> dict[str, Any]:
    now = frame().work.now
    return {
        "size": row.size,
        "root": row.root.hex(),
        "when": words.moment(row.at, now),
        "keys": checkpoints.signers(row),
        "mailed": words.moment(row.mailed_at, now) if row.mailed_at else "",
        "stamp": row.stamp_state,
        "stamp_error": row.stamp_error or "",
    }


def _key(period: Period) -> dict[str, Any]:
    return {
        "vkey": period.vkey,
        "fingerprint": fingerprint(period.vkey),
        "id": period.vkey.partition("+")[2][:8],
        "since": period.valid_from_size,
        "until": period.valid_to_size,
        "revoked": period.revoked_after,
    }
