"""One complaint as a document: what was reported, what the AI had said, what was done, and what the log holds of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from complaints.base.clock import from_stamp
from complaints.base.errors import NotFoundError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import attachments, deciding, marks
from complaints.cases.happenings import channels, happened
from complaints.cases.marks import mark_words
from complaints.cases.masking import mask, mask_text
from complaints.evidence import acts
from complaints.evidence.chosen import Chosen, stored_only
from complaints.evidence.papers import Sheet, due, kept, label, moment, sheet, state, who
from complaints.evidence.register import on_time
from complaints.ledger.projection import COLUMNS, fold, fold_clocks
from complaints.ledger.proof import leaf_hash
from complaints.ledger.reading import Entry, history
from complaints.ledger.work import Work
from complaints.policy.profile import Policy
from complaints.store.tables import Complaint, Event

_SPOKEN = ("message", "supplied", "asked", "replied", "appealed", "rated", "withdrawn")
_KB = 1000


def write(work: Work, chosen: Chosen, font: str, progress: Callable[[int], None]) -> bytes:
    """The document in `chosen.form`, of the case as the log has it at the order's end.

    Raises NotFoundError, also for a restricted type without the clearance, for what is kept in storage only, and
    for a case that the log did not have by then.
    """
    today = work.session.scalar(select(Complaint).where(Complaint.number == chosen.number))
    if today is None or (today.restricted and not chosen.restricted):
        raise NotFoundError("no such complaint")
    if today.stored_only_at is not None:
        raise NotFoundError(stored_only())
    last = work.session.scalar(
        select(func.max(Event.seq)).where(Event.stream == today.uid, Event.leaf_index < chosen.size)
    )
    if last is None:
        raise NotFoundError("no such complaint")
    entries = [entry for entry in history(work, today.uid) if entry.seq <= last]
    case, clocks = _as_of(today, entries)
    title = t("Complaint {number}", number=case.number)
    paper = sheet(work, chosen, title, (t("Test") if case.is_test else "", case.number), font)
    _Writer(work, chosen, case, work.policy_of(case.policy_version), entries, clocks, paper).write(title)
    progress(len(entries))
    return paper.bytes()


def _as_of(today: Complaint, entries: Sequence[Entry]) -> tuple[Complaint, list[Mapping[str, Any]]]:
    """The case's row and its milestones as these events make them; what was erased since is erased."""
    row: dict[str, Any] = {}
    clocks: dict[tuple[Any, ...], dict[str, Any]] = {}
    for entry in entries:
        fold(row, entry.type, entry.meta)
        fold_clocks(clocks, entry.meta)
    row["erased_at"] = today.erased_at
    return Complaint(uid=today.uid, **{name: row.get(name) for name in COLUMNS}), list(clocks.values())


@dataclass(frozen=True)
class _Writer:
    work: Work
    chosen: Chosen
    case: Complaint
    policy: Policy
    entries: Sequence[Entry]
    clocks: Sequence[Mapping[str, Any]]
    paper: Sheet

    def write(self, title: str) -> None:
        case, paper = self.case, self.paper
        paper.title(title, label(self.policy.types, case.type))
        if case.is_test:
            paper.note(t("Test: this complaint was filed to try the channel out and is counted nowhere."))
        if case.erased_at:
            paper.note(
                t(
                    "Personal data was deleted on {when}; what the log proves stays.",
                    when=moment(case.erased_at),
                )
            )
        paper.pairs(
            [
                (t("Number"), case.number),
                (t("State"), state(case.state)),
                (
                    t("Came in"),
                    f"{moment(case.filed_at)}{t(' · ')}{channels().get(case.channel, case.channel)}",
                ),
                (t("Risk class"), label(self.policy.risk_classes, case.risk_class)),
                (t("Policy version"), f"{case.policy_version}{t(' · ')}{self.policy.digest}"),
            ]
        )
        self._reported()
        self._answer()
        self._dates()
        self._decision()
        acts.write(self.paper, self.policy, self._acts(), self._text)
        self._talk()
        self._timeline()
        self._files()
        self._log()

    def _text(self, text: str) -> str:
        return text if self.chosen.unmasked else mask_text(text)

    def _reported(self) -> None:
        first = self.entries[0]
        self.paper.heading(t("What was reported"))
        contact = first.data("contact")
        if not self.chosen.unmasked:
            contact = {key: mask(key, value) for key, value in contact.items()}
        names = {"name": t("Name"), "mail": t("Mail"), "phone": t("Phone")}
        fields = {key: str(value) for key, value in first.data("details").items()}
        rows = [(names.get(key, key), value) for key, value in contact.items()]
        for key, value in fields.items():
            if key == "details":
                continue
            asked = self.policy.fields.get(key)
            hidden = asked is not None and asked.personal and not self.chosen.unmasked
            choice = asked.choices.get(value) if asked else None
            said = choice(language()) if choice else (mask("", value) if hidden else self._text(value))
            if asked and asked.kind == "checkbox":
                said = t("Yes")
            rows.append((asked.label(language()) if asked else key, said))
        if rows:
            self.paper.pairs(rows)
        self.paper.note(self._text(fields.get("details", "")) or t("(deleted)"))

    def _answer(self) -> None:
        answer, mark = self.entries[0].data("answer"), self.case.answer_mark
        if not answer and mark == "none":
            return
        self.paper.heading(t("The AI's answer, as it arrived"))
        notes = self.entries[0].meta.get("answer", ())
        self.paper.text(t(" · ").join((mark_words(mark), *marks.sentences(notes, operators=True))))
        names = (
            ("model", t("Model")),
            ("filing_no", t("Filing number")),
            ("answer_id", t("Answer")),
            ("at", t("Time")),
        )
        rows = [
            (said, _clock(answer[key]) if key == "at" else str(answer[key]))
            for key, said in names
            if answer.get(key)
        ]
        if rows:
            self.paper.pairs(rows)
        for key, said in (("prompt", t("Asked")), ("output", t("Answered by the AI"))):
            if answer.get(key):
                self.paper.heading(said, 2)
                self.paper.note(self._text(str(answer[key])))
        self._before()

    def _before(self) -> None:
        turns = self.entries[0].data("context").get("turns", ())
        for number, turn in enumerate(turns, 1):
            self.paper.heading(t("Said before, {n}", n=number), 2)
            said = marks.said(turn.get("notes", ()), operators=True)
            self.paper.text(t(" · ").join(each for each in (mark_words(turn["mark"]), said) if each))
            for key in ("prompt", "output"):
                if turn[key]:
                    self.paper.note(self._text(turn[key]))

    def _dates(self) -> None:
        published = (each for each in self.clocks if each["step"] == "due" and each.get("publish"))
        rows = sorted(published, key=lambda each: (each["cycle"], each["since"]))
        if not rows:
            return
        named = {
            "accept": t("Say whether we take it on"),
            "first_action": t("First step"),
            "result": t("Result"),
            "review": t("Result of the review"),
            "reply": t("Answer the message"),
        }
        self.paper.heading(t("Dates promised and kept"))
        self.paper.table(
            (t("What for"), t("Counts from"), t("Promised by"), t("Kept")),
            [
                (
                    named.get(row["kind"], row["kind"]),
                    moment(from_stamp(row["since"])),
                    due(from_stamp(row["due"])),
                    {"void": t("no longer applies"), "pending": t("still runs"), "paused": t("paused")}.get(
                        row["state"], kept(on_time(row["state"]))
                    ),
                )
                for row in rows
            ],
            (42, 47, 47, 24),
        )

    def _decision(self) -> None:
        found = [entry for entry in self.entries if entry.type in deciding.DECISIONS]
        if found:
            self.paper.heading(t("Decision"))
            if self.case.released_at is None:
                self.paper.text(t("A decision is being prepared and has not gone out yet."))
            else:
                reasons = {**self.policy.decision_reasons, **self.policy.decline_reasons}
                self.paper.pairs(
                    [
                        (t("Outcome"), label(self.policy.outcomes, self.case.outcome)),
                        (t("Reason"), label(reasons, self.case.reason)),
                        (t("Answered"), moment(self.case.released_at)),
                    ]
                )
                self.paper.note(self._text(found[-1].text("public")) or "—")

    def _acts(self) -> Sequence[Entry]:
        """The events; without the measures of a decision that has not gone out."""
        if self.case.released_at is not None:
            return self.entries
        return [
            entry
            for entry in self.entries
            if entry.type not in deciding.DECISIONS or "actions" not in entry.meta
        ]

    def _talk(self) -> None:
        spoken = [entry for entry in self.entries if entry.type in _SPOKEN and "message" in entry.personal]
        if not spoken:
            return
        self.paper.heading(t("Messages"))
        for entry in spoken:
            self.paper.heading(t(" · ").join((who(entry), happened(entry.type), moment(entry.at))), 2)
            self.paper.note(self._text(entry.text("message")) or t("(deleted)"))

    def _timeline(self) -> None:
        self.paper.heading(t("What happened"))
        self.paper.table(
            (t("When"), t("What"), t("Who")),
            [(moment(entry.at), happened(entry.type), who(entry)) for entry in self.entries],
            (48, 62, 50),
        )

    def _files(self) -> None:
        last = self.entries[-1].seq
        held = [file for file in attachments.held(self.work, self.case.uid) if (file.seq or 0) <= last]
        if not held:
            return
        self.paper.heading(t("Attachments"))
        self.paper.text(
            t("The files themselves are not part of this document; each can be told by its SHA-256.")
        )
        self.paper.table(
            (t("Name"), t("Size"), "SHA-256"),
            [
                (
                    self._text(file.name) or t("(deleted)"),
                    f"{max(1, round(file.size / _KB))} kB",
                    file.digest or "—",
                )
                for file in held
            ],
            (60, 22, 78),
        )

    def _log(self) -> None:
        self.paper.heading(t("What the log holds of it"))
        self.paper.text(
            t(
                "Each line is one leaf of the handling log, with the SHA-256 under which it stands in the tree."
            )
        )
        leaves = self.work.session.execute(
            select(Event.seq, Event.type, Event.leaf, Event.leaf_index)
            .where(Event.stream == self.case.uid, Event.seq <= self.entries[-1].seq)
            .order_by(Event.seq)
        )
        self.paper.table(
            (t("No."), t("Place"), t("What"), t("Hash")),
            [
                (
                    str(row.seq),
                    "—" if row.leaf_index is None else str(row.leaf_index),
                    happened(row.type),
                    leaf_hash(row.leaf).hex(),
                )
                for row in leaves
            ],
            (12, 16, 44, 88),
        )


def _clock(given: object) -> str:
    """A time as it was sealed, on our clock; as it stands where it is none."""
    try:
        at = datetime.fromisoformat(str(given))
    except ValueError:
        return str(given)
    return moment(at) if at.tzinfo else str(given)
