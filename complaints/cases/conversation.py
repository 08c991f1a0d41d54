"""Words and files both ways: messages, questions, answers to questions, replies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases import attachments, variables
from complaints.cases.attachments import Upload
from complaints.cases.handling import require_text
from complaints.cases.step import from_complainant, from_operator, step, tell_operators
from complaints.ledger import private as sealing
from complaints.ledger.journal import Written
from complaints.ledger.work import COMPLAINANT, Actor, Work
from complaints.policy.deadlines import pause_end
from complaints.policy.states import State
from complaints.sla import milestones
from complaints.store.tables import Complaint

MAX_TEXT = 5000


def write(work: Work, case: Complaint, text: str, uploads: Sequence[Upload] = ()) -> Written:
    """The complainant writes; in a complaint that waits for them this is the answer, and clocks go on."""
    if not text.strip() and not uploads:
        raise InputError({"text": [t("Write a few words or choose a file")]})
    _length(text)
    action = "supply" if case.state == State.AWAITING_COMPLAINANT else "message"
    files = attachments.seal_all(work, case.uid, sealing.COMPLAINANT, uploads)
    clocks = milestones.start(work, case, ("reply",), case.cycle)
    written = step(
        work,
        case,
        action,
        COMPLAINANT,
        change={"unread": True, "files": case.files + len(files)},
        meta={"files": [each.public() for each in files]} if files else None,
        clocks=clocks,
        personal={"message": from_complainant(text)},
    )
    attachments.attach(work, case.uid, written.seq, files)
    tell_operators(work, case, "message", written.seq)
    return written


def ask(
    work: Work, case: Complaint, actor: Actor, text: str, *, reason: str, days: int | None = None
) -> Written:
    """Ask the complainant for more; clocks stop for at most the policy's longest pause.

    `days` are the working days they are given, from 1 to the policy's maximum.
    """
    require_text(text, "text")
    variables.require_filled(text)
    _length(text)
    policy = work.policy_of(case.policy_version)
    if reason not in policy.ask_reasons:
        raise InputError({"reason": [t("Choose a reason of the list")]})
    given = min(max(days or policy.pause.max_wd, 1), policy.pause.max_wd)
    reply_due = pause_end(work.now, given, work.calendar)
    return step(
        work,
        case,
        "ask",
        actor,
        change={"reply_due": reply_due, "unread": False},
        meta={"reason": reason},
        personal={"message": from_operator(text)},
    )


def reply(work: Work, case: Complaint, actor: Actor, text: str, uploads: Sequence[Upload] = ()) -> Written:
    """Write to the complainant; the state stays."""
    require_text(text, "text")
    variables.require_filled(text)
    _length(text)
    files = attachments.seal_all(work, case.uid, sealing.OPERATOR, uploads)
    meta: dict[str, Any] | None = {"files": [each.public() for each in files]} if files else None
    written = step(
        work,
        case,
        "reply",
        actor,
        change={"unread": False},
        meta=meta,
        personal={"message": from_operator(text)},
    )
    attachments.attach(work, case.uid, written.seq, files)
    return written


def resume(work: Work, case: Complaint, actor: Actor) -> Written:
    """Go on without the complainant's answer: by an operator, or by the system at the end of the pause."""
    return step(work, case, "resume", actor)


def _length(text: str) -> None:
    if len(text) > MAX_TEXT:
        over = len(text) - MAX_TEXT
        raise InputError({"text": [t("{n} characters too long; keep it under {max}", n=over, max=MAX_TEXT)]})
