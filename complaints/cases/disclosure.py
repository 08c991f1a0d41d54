"""What is kept about a complainant, for the complainant: to read, and as data to take along (个人信息保护法 45)."""

from __future__ import annotations

from typing import Any

from complaints.base.clock import stamp
from complaints.cases import looking
from complaints.cases.attachments import Held
from complaints.cases.views import PublicView, public_view
from complaints.ledger import journal
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Complaint


def kept_about(work: Work, case: Complaint) -> dict[str, Any]:
    """Everything the complainant gave, was told, and what is derived from it; plain values for JSON.

    Files by name, size and digest. Nothing of an answer that has not gone out, no internal note.
    """
    view = public_view(work, case)
    return {
        "number": case.number,
        "product": work.policy.provider.product,
        "state": view.state.value,
        "type": case.filed_type,
        "language": case.lang,
        "channel": case.channel,
        "filed_at": stamp(case.filed_at),
        "closed_at": _when(case.closed_at),
        "erase_at": _when(case.erase_at),
        "stored_only_at": _when(case.stored_only_at),
        "contact": dict(view.contact),
        "details": dict(view.filed),
        "reported_answer": dict(view.answer),
        "turns_before_it": list(view.turns),
        "files": [_file(each) for each in view.files],
        "history": _history(view),
        "decisions": [
            {
                "at": stamp(each.released_at),
                "outcome": each.outcome,
                "reason": each.reason,
                "text": each.text,
                "measures": list(each.actions),
            }
            for each in view.decisions
        ],
        "rating": case.rating,
        "kept_as_keyed_hashes": _hashes(case),
    }


def disclose(work: Work, uid: str, actor: Actor, form: str) -> None:
    """Record that what is kept was shown or taken along, once an hour and form; flushes, never commits."""
    if not looking.looked(work, uid, actor, "disclosed", form=form):
        journal.record(work, journal.lock(work, uid), "disclosed", actor, meta={"form": form})


def _history(view: PublicView) -> list[dict[str, Any]]:
    return [
        {
            "at": stamp(each.at),
            "event": each.kind,
            "text": each.text,
            "files": [file.name for file in each.files],
        }
        for each in reversed(view.timeline)
    ]


def _file(held: Held) -> dict[str, Any]:
    return {
        "name": held.name,
        "media_type": held.media_type,
        "bytes": held.size,
        "sha256": held.digest,
    }


def _hashes(case: Complaint) -> list[str]:
    """Which look-up hashes exist: values nobody can read, by which equal ones are found."""
    held = {
        "mail": case.mail_hash,
        "account": case.owner_hash,
        "network": case.source_hash,
        "answer": case.answer_hash,
        "sealed_answer": case.seal_hash,
        "text": case.text_hash,
        "access_code": case.code_hash,
    }
    return [name for name, value in held.items() if value]


def _when(moment: Any) -> str | None:
    return stamp(moment) if moment is not None else None
