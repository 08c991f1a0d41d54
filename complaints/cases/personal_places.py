"""Every place that holds a person's data or something derived from it: erasing walks this one list.

A table is named here or in IMPERSONAL; a test holds both against the schema, so that a new table is thought of.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Delete, Update, and_, delete, or_, select

from complaints.base.ids import random_uid
from complaints.ledger.persons import file_place
from complaints.ledger.private import COMPLAINANT
from complaints.ledger.work import Work
from complaints.store import search
from complaints.store.jobs import end_all
from complaints.store.tables import (
    Attachment,
    Complaint,
    Job,
    Limit,
    Outbox,
    PersonKey,
    Private,
    Token,
)
from complaints.store.transactions import touched

# Why a job ended, where the pages say so.
ERASED = "Erased"


@dataclass(frozen=True)
class Erasing:
    """What is to go: everything of `persons`, and single fields of others that quote them (`also`)."""

    work: Work
    case: Complaint
    persons: Collection[str]
    also: Collection[str] = ()

    @property
    def complainant(self) -> bool:
        """Whether the complainant is among them: the look-up hashes, links and messages are theirs."""
        return COMPLAINANT in self.persons


@dataclass(frozen=True)
class Place:
    """One place: its table or folder, what lies there, and how it is emptied; returns how much went."""

    name: str
    holds: str
    clear: Callable[[Erasing], int]


def erase_all(erasing: Erasing) -> dict[str, int]:
    """Empty every place; flushes, never commits. Files go first: a run that dies is done again by the next.

    Returns what went, by place.
    """
    gone = {each.name: each.clear(erasing) for each in PLACES}
    erasing.work.session.flush()
    return gone


def _files(erasing: Erasing) -> int:
    rows = _attached(erasing)
    for row in rows:
        # Missing already is as good as deleted.
        erasing.work.files.delete(row.uid)
        erasing.work.files.delete(f"{row.uid}.view")
    return len(rows)


def _attachments(erasing: Erasing) -> int:
    rows = _attached(erasing)
    for row in rows:
        # The row stays with size and type, which stand in the log too; name, key and digest go.
        row.sealed = b""
    return len(rows)


def _private(erasing: Erasing) -> int:
    single = [each.partition("/")[::2] for each in erasing.also if not each.startswith("file/")]
    wanted: list[ColumnElement[bool]] = [Private.person.in_(list(erasing.persons))]
    wanted += [and_(Private.seq == int(seq), Private.field == name) for seq, name in single]
    return _deleted(erasing, delete(Private).where(Private.stream == erasing.case.uid, or_(*wanted)))


def _keys(erasing: Erasing) -> int:
    return _deleted(
        erasing,
        delete(PersonKey).where(
            PersonKey.stream == erasing.case.uid, PersonKey.person.in_(list(erasing.persons))
        ),
    )


def _hashes(erasing: Erasing) -> int:
    if not erasing.complainant:
        return 0
    case = erasing.case
    case.mail_hash = case.owner_hash = case.answer_hash = case.seal_hash = None
    case.text_hash = case.source_hash = None
    # Unique and never empty: a random value finds nothing. The code's hash stays, and nothing follows from it:
    # with number and code the person can still read that their data is gone.
    case.filing_hash = erasing.work.hash("erased", random_uid())
    return 7


def _tokens(erasing: Erasing) -> int:
    if not erasing.complainant:
        return 0
    return _deleted(erasing, delete(Token).where(Token.complaint_id == erasing.case.id))


def _outbox(erasing: Erasing) -> int:
    if not erasing.complainant:
        return 0
    return _deleted(erasing, delete(Outbox).where(Outbox.complaint_id == erasing.case.id))


def _jobs(erasing: Erasing) -> int:
    """Ordered files that may hold the case end now, and so does work on them; what is written since goes, too."""
    now = erasing.work.now
    # The audit's report holds nothing of a person, nor does a list of what is to be done.
    holding = (Job.created_at >= erasing.case.filed_at, Job.kind.not_in(("audit", "bulk")))
    stopped, made = end_all(erasing.work.session, holding, now, ERASED)
    for uid in made:
        erasing.work.files.delete_parts(uid)
    return stopped


def _search(erasing: Erasing) -> int:
    """Whoever's words they were: what is left is indexed anew once the erasure stands in the log."""
    return search.forget(erasing.work.session, [erasing.case.id])


def _limits(erasing: Erasing) -> int:
    source = erasing.case.source_hash
    if not erasing.complainant or not source:
        return 0
    return _deleted(erasing, delete(Limit).where(Limit.key.contains(source, autoescape=True)))


PLACES: tuple[Place, ...] = (
    Place("files", "originals and re-encoded copies, encrypted", _files),
    Place("complaints_attachment", "name, file key, salt and digest of each file", _attachments),
    Place("complaints_private", "texts, contact, answer, turns before it: payload and salt", _private),
    Place("complaints_person_key", "the person's wrapped data key", _keys),
    Place("complaints_search", "keyed words of all texts of the case", _search),
    Place("complaints_limit", "counters by the source's keyed hash", _limits),
    Place(
        "complaints_complaint", "keyed hashes of mail, account, source, text, answer, seal, filing", _hashes
    ),
    Place("complaints_token", "one-time links sent to the person", _tokens),
    Place("complaints_outbox", "messages about the case: kinds and references", _outbox),
    Place("complaints_job", "files of exports and bundles made since the filing", _jobs),
)
# Tables without anything of a complainant, and why.
IMPERSONAL: Mapping[str, str] = {
    "complaints_stream": "head of the chain: a hash over leaves",
    "complaints_event": "leaves: pseudonyms, dates, salted commitments; that is what the log promises to keep",
    "complaints_search_state": "how many events went into the index; a check of its key",
    "complaints_log_state": "size and root of the tree",
    "complaints_log_tile": "hashes of leaves",
    "complaints_checkpoint": "size, root, signatures",
    "complaints_milestone": "dates",
    "complaints_disposal": "kinds of measures; targets are sealed fields",
    "complaints_forward": "which vendor was told and when; its number and answer are sealed fields",
    "complaints_draft": "ends with the filing or after hours; holds a source's keyed hash until then",
    "complaints_operator": "staff",
    "complaints_operator_session": "staff",
    "complaints_team": "staff",
    "complaints_claim": "which of the staff is at which case; lapses within the hour",
    "complaints_link": "which cases belong together",
    "complaints_policy_version": "the provider's own words",
    "complaints_calendar_year": "holidays",
    "complaints_reply_template": "the provider's own words",
    "complaints_lease": "which worker does what",
    "complaints_api_key": "keys of the interface: a name given by staff, a keyed hash",
    "complaints_view": "lists staff keep: filters",
    "complaints_webhook": "addresses the provider told us to tell",
    "complaints_idempotency": "keyed hashes and references; ends after a day",
}


def _attached(erasing: Erasing) -> list[Attachment]:
    rows = erasing.work.session.scalars(select(Attachment).where(Attachment.stream == erasing.case.uid))
    return [row for row in rows if row.person in erasing.persons or file_place(row.uid) in set(erasing.also)]


def _deleted(erasing: Erasing, statement: Delete | Update) -> int:
    done = erasing.work.session.execute(statement.execution_options(synchronize_session=False))
    return touched(done)
