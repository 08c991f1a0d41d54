"""The newest signed checkpoint and the key to verify it with, where the policy opens them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from complaints.administration import checkpoints
from complaints.base.errors import NotFoundError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.ledger.keyring import Period
from complaints.ledger.proof import Verifier
from complaints.policy.deadlines import clock
from complaints.web.frame import frame

_GROUP = 4


@dataclass(frozen=True)
class Key:
    """One key as the page shows it."""

    vkey: str
    fingerprint: str
    valid: str


def register(blueprint: Blueprint) -> None:
    """Add the checkpoint and its key."""
    blueprint.add_url_rule("/checkpoint", "checkpoint", newest)
    blueprint.add_url_rule("/checkpoint/key", "checkpoint_key", key)


def newest() -> ResponseReturnValue:
    """The newest checkpoint as the C2SP signed note it is; not found while closed, and before the first."""
    _open()
    row = checkpoints.newest(frame().work.session)
    if row is None:
        raise NotFoundError("no checkpoint has been signed yet")
    answer = Response(row.note, mimetype="text/plain")
    answer.set_etag(hashlib.sha256(row.note.encode()).hexdigest())
    answer.last_modified = row.at
    return answer.make_conditional(request)


def key() -> ResponseReturnValue:
    """The key, its fingerprint, how to verify, and every earlier key; as text where that is asked for."""
    _open()
    found, session = frame().installation, frame().work.session
    keys = [_shown(each) for each in checkpoints.periods(found, session)]
    row = checkpoints.newest(session)
    values = {
        "key": keys[-1],
        "keys": keys,
        "size": row.size if row else None,
        "signed": clock(row.at, language()) if row else "",
        "address": found.settings.BASE_URL + url_for(".checkpoint"),
    }
    asked = request.args.get("format") or request.accept_mimetypes.best_match(["text/html", "text/plain"])
    if asked in {"text", "text/plain"}:
        return Response(render_template("complaints/checkpoint_key.txt", **values), mimetype="text/plain")
    return render_template("complaints/checkpoint_key.html", **values)


def fingerprint(vkey: str) -> str:
    """SHA-256 of the 32 bytes of a public key, in groups that can be read out over the telephone."""
    digest = hashlib.sha256(Verifier.parse(vkey).key).hexdigest()
    return " ".join(digest[at : at + _GROUP] for at in range(0, len(digest), _GROUP))


def _open() -> None:
    if not frame().work.policy.public.checkpoint:
        raise NotFoundError("the policy keeps the checkpoint closed")


def _shown(period: Period) -> Key:
    start, end = period.valid_from_size, period.valid_to_size
    if start is None:
        valid = t("not in use yet")
    elif end is None:
        valid = t("checkpoints of {start} events and more", start=start) if start else t("all checkpoints")
    else:
        valid = t("checkpoints of {start} to {end} events", start=start, end=end)
    if period.revoked_after is not None:
        valid += t("; revoked: not to be believed beyond {n} events", n=period.revoked_after)
    return Key(period.vkey, fingerprint(period.vkey), valid)
