"""Filing: everything is computed and sealed before the transaction begins; one commit makes a complaint."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from complaints.base.clock import beijing
from complaints.base.ids import access_code, complaint_number, random_uid
from complaints.base.texts import whole
from complaints.cases import attachments, escalation, fields, teams
from complaints.cases.attachments import SealedFile, Upload
from complaints.cases.reported import Answer as Answer  # noqa: PLC0414 - hosts know it as intake's
from complaints.cases.reported import Turn
from complaints.delivery import outbox, webhooks
from complaints.ledger import private as sealing
from complaints.ledger.journal import Personal
from complaints.ledger.opening import Opening, insert_opening, prepare_opening
from complaints.ledger.work import COMPLAINANT, Actor, Work
from complaints.policy.deadlines import plan
from complaints.sla import milestones
from complaints.store.tables import Attachment, Complaint, Outbox

KINDS = ("accept", "first_action", "result")


@dataclass(frozen=True)
class Filing:
    """A checked filing; `secret` is the draft's 128-bit value, the same at each retry.

    `fields` come from `fields.check`; `turns` came before the answer, and are here only if the reporter chose so;
    `drafted` are files that wait in a draft, `uploads` files at hand.
    `unproven` marks a filing from a crowded source without proof of work: operators look at it first.
    `recorded_by` and `arrived_at` belong to complaints that came by phone, letter or visit.
    """

    type: str
    fields: Mapping[str, str]
    secret: str
    lang: str = "zh"
    channel: str = "web"
    answer: Answer | None = None
    turns: Sequence[Turn] = ()
    uploads: Sequence[Upload] = ()
    owner: str | None = None
    source: str | None = None
    is_test: bool = False
    unproven: bool = False
    recorded_by: Actor | None = None
    arrived_at: datetime | None = None
    drafted: Sequence[tuple[SealedFile, dict[str, str]]] = field(default=())


@dataclass(frozen=True)
class Filed:
    """A filed complaint: what the receipt shows. `repeated` when this filing was already here."""

    number: str
    uid: str
    code: str
    repeated: bool


@dataclass(frozen=True)
class Prepared:
    """A filing with all its rows computed."""

    opening: Opening
    filed: Filed
    messages: tuple[dict[str, Any], ...]
    files: tuple[SealedFile, ...]


def prepare(work: Work, filing: Filing) -> Prepared:
    """Compute, seal and hash everything; touches no database. New files are stored encrypted."""
    policy = work.policy
    kind = policy.types[filing.type]
    arrived = filing.arrived_at or work.now
    uid, number = random_uid(), complaint_number(beijing(arrived).date())
    contact = {key: filing.fields[key] for key in ("name", "mail", "phone") if filing.fields.get(key)}
    details = {key: value for key, value in filing.fields.items() if key not in contact}
    planned = plan(policy, policy.deadlines_of(filing.type).terms, arrived, work.calendar, kinds=KINDS)
    clocks = milestones.clocks_for(planned, 0, arrived)
    data_key = sealing.new_data_key()
    person = sealing.COMPLAINANT
    files = (
        *(attachments.seal(work, data_key, uid, person, upload) for upload in filing.uploads),
        *(attachments.reseal(file, inner, data_key, uid, person) for file, inner in filing.drafted),
    )
    code = access_code(work.keys.lookup, number, filing.secret)
    reach = "+".join(way for way in ("mail", "phone") if way in contact)
    row: dict[str, Any] = {
        "number": number,
        "state": "submitted",
        "type": filing.type,
        "filed_type": filing.type,
        "severity": kind.severity,
        "restricted": kind.restricted,
        "team": kind.team,
        "is_test": filing.is_test,
        "channel": filing.channel,
        "lang": filing.lang,
        "policy_version": work.policy_version,
        "answer_mark": filing.answer.mark if filing.answer else "none",
        "filed_at": arrived,
        "cycle": 0,
        "accept_due": milestones.due_of(clocks, "accept"),
        "result_due": milestones.due_of(clocks, "result"),
        "provisional": any(each.provisional and each.publish for each in planned),
        "late": False,
        "appeals": 0,
        "reach": reach,
        "contact_verified": False,
        "files": len(files),
        "unread": False,
    }
    personal = {"details": _json(details)}
    if contact:
        personal["contact"] = _json(contact)
    if filing.answer:
        personal["answer"] = _json(filing.answer.personal)
    if filing.turns:
        personal["context"] = _json({"turns": [asdict(turn) for turn in filing.turns]})
    meta: dict[str, Any] = {"policy": policy.digest}
    if filing.answer and filing.answer.notes:
        meta["answer"] = list(filing.answer.notes)
    if filing.turns:
        meta["turns"] = len(filing.turns)
    if files:
        meta["files"] = [file.public() for file in files]
    if filing.recorded_by is not None:
        meta["recorded_by"] = str(filing.recorded_by)
    if filing.is_test:
        meta["test"] = True
    if filing.unproven:
        meta["unproven"] = True
    opening = prepare_opening(
        work,
        uid,
        "filed",
        filing.recorded_by or COMPLAINANT,
        row=row,
        hashes=_hashes(work, filing, number, code, contact),
        meta=meta,
        clocks=clocks,
        personal=personal,
        data_keys={person: data_key},
    )
    return Prepared(opening, Filed(number, uid, code, repeated=False), _messages(work, uid, row), files)


def insert_prepared(work: Work, prepared: Prepared) -> Filed:
    """Write a prepared filing; raises IntegrityError when the same filing is already here."""
    complaint_id = insert_opening(work, prepared.opening)
    attach(work, prepared)
    rows = [{**message, "complaint_id": complaint_id} for message in prepared.messages]
    work.session.execute(insert(Outbox.__table__), rows)  # type: ignore[arg-type]  # Table
    webhooks.announce(work, "filed", complaint_id, prepared.filed.uid, 1)
    return prepared.filed


def attach(work: Work, prepared: Prepared) -> None:
    """Write the attachment rows; a draft's row becomes the complaint's."""
    if not prepared.files:
        return
    uids = [file.uid for file in prepared.files]
    work.session.execute(Attachment.__table__.delete().where(Attachment.uid.in_(uids)))  # type: ignore[attr-defined]
    attachments.attach(work, prepared.filed.uid, 1, prepared.files)


def file(work: Work, filing: Filing, *, phone: bool = False) -> Filed:
    """File in one go, within the caller's transaction; a filing that is already here is found, not repeated.

    The values are checked here too, so that a host's own form is held to the same questions (InputError);
    `phone` says whether the host sends text messages (`fields.asked`).
    """
    earlier = find_repeat(work, filing.secret)
    if earlier is not None:
        return earlier
    recorded = filing.recorded_by is not None
    values = fields.check(work.policy, filing.type, filing.fields, phone=phone, recorded=recorded)
    return insert_prepared(work, prepare(work, replace(filing, fields=values)))


def find_repeat(work: Work, secret: str) -> Filed | None:
    """The complaint this draft has become already, with the same code; None when it has not."""
    row = work.session.execute(
        select(Complaint.number, Complaint.uid).where(Complaint.filing_hash == work.hash("filing", secret))
    ).first()
    if row is None:
        return None
    return Filed(row.number, row.uid, access_code(work.keys.lookup, row.number, secret), repeated=True)


def same_text(text: str) -> str:
    """A text without what copying changes: width, case, spaces, punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def _hashes(
    work: Work, filing: Filing, number: str, code: str, contact: Mapping[str, str]
) -> dict[str, str | None]:
    mail, output = contact.get("mail"), filing.answer.output if filing.answer else ""
    identity = filing.answer.identity if filing.answer else ""
    text = same_text(filing.fields.get("details", ""))
    return {
        "filing_hash": work.hash("filing", filing.secret),
        "code_hash": code_hash(work, number, code),
        "mail_hash": work.hash("mail", mail.casefold()) if mail else None,
        "owner_hash": work.hash("owner", filing.owner) if filing.owner else None,
        "answer_hash": work.hash("answer", same_text(output)) if same_text(output) else None,
        "seal_hash": work.hash("seal", identity) if identity else None,
        "text_hash": work.hash("text", text) if text else None,
        "source_hash": filing.source,
    }


def code_hash(work: Work, number: str, code: str) -> str:
    """How an access code is kept: keyed, bound to its number."""
    return work.hash("code", f"{number}\x00{code}")


def _messages(work: Work, uid: str, case: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    urgent = case["severity"] == escalation.URGENT
    to = teams.group(case["team"])
    rows = [outbox.row(work, "new", to, dedupe=f"{uid}/1/new", seq=1, urgent=urgent)]
    for channel, way in (("mail", "mail"), ("notify", "phone")):
        if way in case["reach"]:
            rows.append(
                outbox.row(
                    work, "received", "complainant", dedupe=f"{uid}/1/received", channel=channel, seq=1
                )
            )
    return tuple(rows)


def _json(values: Mapping[str, Any]) -> Personal:
    return Personal(
        sealing.COMPLAINANT, whole(json.dumps(values, ensure_ascii=False, sort_keys=True)).encode()
    )
