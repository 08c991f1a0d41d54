"""What the documents of this folder share: PDF or Word by one set of words, dates and names as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from complaints.base.clock import beijing
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.evidence.chosen import Chosen
from complaints.evidence.paper import Identity, Paper
from complaints.evidence.pdf import Pdf
from complaints.ledger.reading import Entry
from complaints.ledger.work import Work
from complaints.policy.deadlines import shown_date
from complaints.policy.model import Promises
from complaints.policy.states import State


class Sheet(Protocol):
    """What `Pdf` and `Paper` both can."""

    def title(self, text: str, below: str = "") -> None:
        """The document's title."""

    def heading(self, text: str, level: int = 1) -> None:
        """A heading."""

    def text(self, text: str) -> None:
        """A paragraph."""

    def note(self, text: str) -> None:
        """Words of somebody, or a remark."""

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and values."""

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
        """A table."""

    def bytes(self) -> bytes:
        """The finished document."""


def sheet(work: Work, chosen: Chosen, title: str, header: Sequence[str], font: str) -> Sheet:
    """An empty document in the form that was asked for, with its header and page numbers."""
    provider = work.policy.provider
    masked = t("Personal data shown") if chosen.unmasked else t("Personal data masked")
    said = [
        part for part in (*header, provider.product, t("Made {when}", when=moment(chosen.at)), masked) if part
    ]
    identity = Identity(title, provider.name, "", chosen.made, "en" if language() == "en" else "zh-CN")
    line = t(" · ").join(said)
    if chosen.form == "pdf":
        return Pdf(identity, line, font)
    pages = t("Page {number} of {total}", number="\x00PAGE\x00", total="\x00NUMPAGES\x00")
    return Paper(identity, line, tuple(part for part in pages.split("\x00") if part))


def moment(at: datetime | None) -> str:
    """Day and minute on a Beijing clock."""
    if at is None:
        return "—"
    local = beijing(at)
    if language() == "en":
        return f"{local:%Y-%m-%d %H:%M} (UTC+8)"
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def due(at: datetime) -> str:
    """The moment something is promised by; a day that ends is named, not the next one's beginning."""
    local = beijing(at)
    if (local.hour, local.minute, local.second) != (0, 0, 0):
        return moment(at)
    last = shown_date(at)
    if language() == "en":
        return f"{last:%Y-%m-%d} 24:00 (UTC+8)"
    return f"{last.year}年{last.month}月{last.day}日 24:00"


def day(at: datetime | None) -> str:
    """The day alone, short."""
    return f"{beijing(at):%Y-%m-%d}" if at else "—"


def kept(state: bool | None) -> str:
    """Whether a promised date was kept."""
    return {True: t("kept"), False: t("missed"), None: "—"}[state]


def state(key: str) -> str:
    """A state as operators call it."""
    found = State(key)
    return t("Waiting for complainant") if found is State.AWAITING_COMPLAINANT else found.label(language())


def label(table: Mapping[str, object], key: str | None) -> str:
    """A word of the policy; the key itself where the policy no longer has it."""
    found = table.get(key or "")
    return found.label(language()) if found is not None else (key or "—")  # type: ignore[attr-defined]  # each has labels


def who(entry: Entry) -> str:
    """Whose act an event is: the role, and for staff their reference."""
    named: dict[str, str] = {
        "complainant": t("Complainant"),
        "system": t("System"),
        "handler": t("Handler"),
        "supervisor": t("Supervisor"),
        "admin": t("Administrator"),
    }
    word = named.get(entry.role, entry.role)
    return word if entry.ref == entry.role else f"{word} {entry.ref}"


def counted(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most frequent first."""
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def promise_words() -> dict[str, str]:
    """What each kind of published date promises."""
    return {
        "accept": t("Say whether we take it on"),
        "first_action": t("First step"),
        "result": t("Result"),
        "review": t("Result of the review"),
        "reply": t("Answer the message"),
    }


def outcome_words(policy: Promises, keys: Iterable[str]) -> dict[str, str]:
    """What each of these outcomes is called."""
    return {key: label(policy.outcomes, key) for key in keys} | {"declined": t("Not taken on")}
