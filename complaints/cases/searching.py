"""Searching the texts of complaints: by keyed pieces in the index, then checked against the texts themselves."""

from __future__ import annotations

import base64
import binascii
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.exc import OperationalError

from complaints.base.errors import IntegrityError
from complaints.cases import pieces, searchable
from complaints.cases.paging import Known
from complaints.cases.pieces import Maker
from complaints.ledger import private as sealing
from complaints.ledger.work import Work
from complaints.store import search
from complaints.store.tables import Complaint

LONGEST = 100
# So many of the newest are listed; who has more of them is asked for another word.
MOST = 2000
# Before and beside the first hit that is shown of a text.
_BEFORE, _SHOWN = 20, 60
_PLACE = "search"


@dataclass(frozen=True)
class Found:
    """The complaints that may hold what was asked for, newest first; `more` says that there are others.

    `why` says why nothing was looked for: `short`, `unavailable` (an SQLite without FTS5), `rekeyed` (the index was
    made with another key). `behind` is since when the newest texts wait to be indexed.
    """

    asked: str = ""
    parts: Sequence[str] = ()
    hits: Known = ()
    more: bool = False
    why: str = ""
    behind: datetime | None = None


def seal(work: Work, asked: str) -> str:
    """What is searched for, as it stands in an address: logs and histories cannot read it, every operator can."""
    sealed = sealing.encrypt(work.keys.searched, tidy(asked).encode(), _PLACE)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def opened(work: Work, token: str) -> str | None:
    """What an address searches for; None for a damaged one, or one of another installation."""
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return sealing.decrypt(work.keys.searched, sealed, _PLACE).decode()
    except (IntegrityError, binascii.Error, ValueError):
        return None


def tidy(asked: str) -> str:
    """What was typed, as it is kept: one line, not longer than LONGEST characters."""
    return " ".join(asked.split())[:LONGEST]


def look(work: Work, asked: str, wanted: Sequence[ColumnElement[bool]]) -> Found:
    """The complaints that meet `wanted` and have every piece of what is asked for; never restricted ones."""
    parts = pieces.parts(asked)
    sought = {piece for part in parts for piece in pieces.sought(part)}
    if not sought:
        return Found(asked, parts, why="short")
    maker = Maker(work.keys.search)
    made_with, behind = search.standing(work.session)
    if _rekeyed(made_with, maker):
        return Found(asked, parts, why=lacking(work, maker))
    try:
        hits = search.found(work.session, maker.words(sought), [*wanted, searchable.findable()], MOST + 1)
    except OperationalError:
        # Asked only now: nearly every database can, and a page has few statements to spend.
        if search.available(work.session.connection()):
            raise
        return Found(asked, parts, why="unavailable")
    return Found(asked, parts, hits[:MOST], more=len(hits) > MOST, behind=behind)


def lacking(work: Work, maker: Maker) -> str:
    """Why the index answers nothing now: `unavailable`, `rekeyed`, or nothing."""
    if not search.available(work.session.connection()):
        return "unavailable"
    return "rekeyed" if _rekeyed(search.state(work.session)[1], maker) else ""


def _rekeyed(made_with: str, maker: Maker) -> bool:
    return made_with not in {"", maker.made_with}


@dataclass(frozen=True)
class Hit:
    """What a search shows of a complaint: the text around the first hit, and what its filing says in the clear."""

    marked: Sequence[tuple[str, bool]]
    meta: Mapping[str, Any]


def checked(work: Work, cases: Sequence[Complaint], parts: Sequence[str]) -> dict[str, Hit]:
    """Of these complaints those whose texts hold every part as it was typed, by uid; two statements."""
    shown = {}
    for uid, texts in searchable.texts(work, cases).items():
        excerpt = marked(texts.said, parts)
        if excerpt:
            shown[uid] = Hit(excerpt, texts.meta)
    return shown


def marked(texts: Sequence[str], parts: Sequence[str]) -> list[tuple[str, bool]]:
    """The text around the first hit, cut where hits begin and end; empty unless every part is in one of the texts."""
    folded = [pieces.fold(text) for text in texts]
    if not parts or not all(any(part in each.text for each in folded) for part in parts):
        return []
    at = next(n for n, each in enumerate(folded) if parts[0] in each.text)
    text, places = unicodedata.normalize("NFC", texts[at]), folded[at].places
    hits: set[int] = set()
    for part in parts:
        begin = folded[at].text.find(part)
        while begin >= 0:
            hits.update(range(places[begin], places[begin + len(part) - 1] + 1))
            begin = folded[at].text.find(part, begin + 1)
    first = places[folded[at].text.find(parts[0])]
    begin = max(0, first - _BEFORE)
    end = min(len(text), begin + _SHOWN)
    found: list[tuple[str, bool]] = []
    for place in range(begin, end):
        character = " " if text[place].isspace() else text[place]
        hit = place in hits
        if found and found[-1][1] == hit:
            found[-1] = (found[-1][0] + character, hit)
        else:
            found.append((character, hit))
    around = [("…", False)] if begin else []
    return [*around, *found, *([("…", False)] if end < len(text) else [])]


def words_of(maker: Maker, texts: Sequence[str], filed: str) -> set[str]:
    """Everything the index holds of a complaint."""
    every = {piece for text in texts for piece in pieces.indexed(pieces.fold(text).text)}
    return maker.words(every) | maker.bands(pieces.shingles(filed))
