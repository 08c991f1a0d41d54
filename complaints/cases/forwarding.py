"""Hand a complaint on to the vendor of the model: a masked extract goes out, their number and answer come back.

The provider who offers the product goes on owing the answer: nothing here touches a clock.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from complaints.base.clock import beijing
from complaints.base.errors import InputError, NotFoundError, TransitionError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases.masking import bare, mask, mask_text
from complaints.cases.step import from_complainant, from_operator
from complaints.delivery import outbox
from complaints.ledger import journal
from complaints.ledger.journal import Written
from complaints.ledger.reading import Entry, history
from complaints.ledger.work import SYSTEM, Actor, Work
from complaints.policy.deadlines import words
from complaints.policy.model import Model
from complaints.policy.profile import Policy
from complaints.policy.states import OPEN, State
from complaints.store.tables import Complaint, Forward

KIND, VENDOR = "forward", "vendor:"
WAYS = ("mail", "webhook", "hand")
MAX_TEXT = 5000
# What was answered may still be passed on; what is joined goes with its lead.
STATES = (OPEN | {State.DECIDED}) - {State.MERGED}
_SHORTEST = 2  # characters of a name that can be looked for in a text


def vendors(policy: Policy) -> dict[str, Model]:
    """The models of others that the policy in force names, by a key that outlives their order in the file."""
    return {_key(model): model for model in policy.models if not model.own and model.vendor}


def may_forward(work: Work, case: Complaint) -> bool:
    """Whether there is a vendor to tell, and the case is one that others may still be told of."""
    usable = case.erased_at is None and case.stored_only_at is None
    return usable and State(case.state) in STATES and bool(vendors(work.policy))


def extract(work: Work, case: Complaint, entries: Sequence[Entry]) -> str:
    """What a vendor needs and nothing more: type, class, what the model said, dates; no contact, names masked.

    Of a restricted matter the answer itself is left out. An operator reads and edits it before it goes.
    """
    policy, lang = work.policy_of(case.policy_version), language()
    first = entries[0]
    answer, contact = first.data("answer"), first.data("contact")
    risk = policy.risk_classes.get(case.risk_class or "")
    day = words(case.result_due, lang) if case.result_due else ""
    rows = [
        (t("Our reference"), case.number),
        (t("Type"), policy.types[case.type].label(lang)),
        (t("Risk class"), f"{risk.key} {risk.label(lang)}" if risk else ""),
        (t("Reported on"), f"{beijing(case.filed_at):%Y-%m-%d}"),
        (t("Model"), _without(contact, str(answer.get("model") or ""))),
        (t("Please answer by"), day),
    ]
    said = "" if case.restricted else _without(contact, str(answer.get("output") or ""))
    lines = [f"{name}{t(': ')}{value}" for name, value in rows if value]
    if said:
        lines += ["", t("What the model said, as reported to us:"), said]
    lines += ["", t("Please tell us your reference, the cause and what you have done.")]
    return "\n".join(lines)


def forward(
    work: Work, case: Complaint, actor: Actor, *, vendor: str, way: str, text: str, confirmed: bool = False
) -> Written:
    """Pass an extract on: by mail or webhook through the outbox, or by hand where an operator did it at the vendor's.

    Raises InputError; a restricted matter needs `confirmed`.
    """
    if not may_forward(work, case):
        raise TransitionError("this case cannot be passed on now")
    model = vendors(work.policy).get(vendor)
    text = text.replace("\r\n", "\n").strip()
    _check(work, case, model, way, text, confirmed=confirmed)
    assert model is not None
    written = journal.record(
        work,
        case,
        "forwarded",
        actor,
        meta={"vendor": vendor, "model": model.name, "to": model.vendor, "way": way},
        # It speaks of the complainant's matter, so it goes when their data goes.
        personal={"extract": from_complainant(text)},
    )
    row = Forward(complaint_id=case.id, seq=written.seq, vendor=vendor, way=way, state="queued")
    work.session.add(row)
    work.session.flush()
    if way == "hand":
        sent(work, case, row, actor)
    else:
        outbox.queue(
            work,
            KIND,
            VENDOR + vendor,
            dedupe=f"{case.uid}/{written.seq}/{KIND}",
            channel=way,
            complaint_id=case.id,
            seq=written.seq,
            not_before=work.now,
        )
    return written


def found(work: Work, case: Complaint, seq: int) -> Forward:
    """One hand-over of a locked complaint; raises NotFoundError."""
    row = work.session.scalar(
        select(Forward)
        .where(Forward.complaint_id == case.id, Forward.seq == seq)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFoundError("nothing was passed on there")
    return row


def sent(work: Work, case: Complaint, row: Forward, actor: Actor = SYSTEM) -> Written | None:
    """Record that the vendor has it; None when that stands there already, or the case was erased."""
    if row.state not in {"queued", "failed"} or case.erased_at is not None:
        return None
    written = journal.record(work, case, "forward_sent", actor, meta={"of": row.seq})
    row.state, row.sent_at = "sent", work.now
    work.session.flush()
    return written


def failed(work: Work, case: Complaint, row: Forward, failure: str) -> Written | None:
    """Record that it will not leave; `failure` is a class and a code."""
    if row.state != "queued" or case.erased_at is not None:
        return None
    written = journal.record(
        work, case, "forward_failed", SYSTEM, meta={"of": row.seq, "failure": failure[:200]}
    )
    row.state = "failed"
    work.session.flush()
    return written


def answered(
    work: Work, case: Complaint, actor: Actor, seq: int, *, number: str = "", text: str = ""
) -> Written:
    """Record what came back from the vendor: their number, their answer, or both."""
    if case.erased_at is not None:
        raise TransitionError("the personal data of this case has been erased; nothing can be done to it")
    row = found(work, case, seq)
    if row.state not in {"sent", "answered"}:
        raise TransitionError("the vendor has not been told yet")
    given = {"vendor_number": number.strip()[:200], "vendor_answer": text.strip()[:MAX_TEXT]}
    if not any(given.values()):
        raise InputError({"text": [t("Write the vendor's number, or what they answered")]})
    written = journal.record(
        work,
        case,
        "vendor_answered" if given["vendor_answer"] else "vendor_numbered",
        actor,
        meta={"of": seq},
        personal={name: from_operator(value) for name, value in given.items() if value},
    )
    if given["vendor_answer"]:
        row.state, row.answered_at, row.answer_seq = "answered", work.now, written.seq
    work.session.flush()
    return written


def _check(work: Work, case: Complaint, model: Model | None, way: str, text: str, *, confirmed: bool) -> None:
    faults: dict[str, list[str]] = {}
    if model is None:
        faults["vendor"] = [t("Choose a model of the list")]
    if way not in WAYS:
        faults["way"] = [t("Choose how it is passed on")]
    elif model is not None and (fault := _unreachable(work, model, way)):
        faults["way"] = [fault]
    if not text:
        faults["text"] = [t("Write what the vendor is told")]
    elif len(text) > MAX_TEXT:
        faults["text"] = [t("Keep it under {n} characters", n=MAX_TEXT)]
    else:
        contact = history(work, case.uid, types=("filed",))[0].data("contact")
        if _names(contact, text):
            faults["text"] = [t("It names the complainant or their address; take that out")]
    if case.restricted and not confirmed:
        faults["confirmed"] = [t("This matter is a restricted one: confirm that the vendor must know of it")]
    if faults:
        raise InputError(faults)


def _unreachable(work: Work, model: Model, way: str) -> str:
    """Why a vendor cannot be told this way; empty where it can."""
    if way == "mail" and not model.vendor_mail:
        return t("The policy names no mail address of this vendor; do it by hand, or add vendor_mail")
    if way == "webhook" and not model.vendor_webhook:
        return t("The policy names no vendor_webhook of this vendor; choose another way")
    if way == "webhook" and model.vendor not in work.signed:
        return t("COMPLAINTS_VENDOR_KEYS holds no key for this vendor; choose another way")
    return ""


def _without(contact: Mapping[str, Any], text: str) -> str:
    """The text without addresses, numbers and the name its complainant gave."""
    name = str(contact.get("name") or "").strip()
    if (spelled := _spelled(name)) is not None:
        text = spelled.sub(lambda _: mask("name", name), text)
    return mask_text(text)


def _names(contact: Mapping[str, Any], text: str) -> bool:
    """Whether a text names its complainant or how to reach them, however it is spaced or written."""
    spelled = _spelled(str(contact.get("name") or "").strip())
    ways = (bare(str(value)) for key, value in contact.items() if key != "name")
    said = bare(text)
    return bool(spelled and spelled.search(text)) or any(
        len(way) >= _SHORTEST and way in said for way in ways
    )


def _spelled(name: str) -> re.Pattern[str] | None:
    """A name in either case and with any space; one in Latin letters only as words of its own."""
    if len(name) < _SHORTEST:
        return None
    letters = r"\s*".join(re.escape(letter) for letter in name if not letter.isspace())
    return re.compile(f"(?<![A-Za-z]){letters}(?![A-Za-z])", re.IGNORECASE)


def _key(model: Model) -> str:
    return hashlib.sha256(f"{model.vendor}\x00{model.name}".encode()).hexdigest()[:16]
