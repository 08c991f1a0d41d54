"""Act on many cases: choose them in the queue, see beforehand which can be, then order it."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import HiddenField, SelectMultipleField, StringField, TextAreaField

from complaints.administration import bulk as jobs
from complaints.administration import roster
from complaints.base.clock import beijing
from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import bulk, claims, people, queries
from complaints.cases.bulk import MOST, Wish
from complaints.cases.people import Operator
from complaints.policy.roles import HANDLERS
from complaints.store.jobs import StoppedError
from complaints.store.tables import Complaint
from complaints.web.admin.access import operator, roles
from complaints.web.admin.forms import sent
from complaints.web.admin.queue import filters_of
from complaints.web.forms import OwnForm, put_errors
from complaints.web.frame import frame

# So few are done while the page waits; the rest is left to the workers.
AT_ONCE, _SECONDS = 50, 5.0
# So many rows are shown of what can be done, and at least so many of what cannot: a thousand would weigh 800 kB.
SHOWN, FEW = 50, 15
_VERSION, _UID = re.compile(r"[0-9]{1,9}"), re.compile(r"[0-9a-f]{32}")
_PACKED = re.compile(r"(?:[\w-]{4})*(?:[\w-]{2}==|[\w-]{3}=)?", re.ASCII)


class BulkForm(OwnForm):
    """Which cases, each with the version it was shown at, and what is to be done with them.

    `case` are the boxes that are ticked, `rest` those that are chosen without being shown.
    """

    do = StringField()
    query = HiddenField()
    case = SelectMultipleField(validate_choice=False, choices=[])
    rest = HiddenField()
    act = StringField()
    to = StringField()
    team = StringField()
    type = StringField()
    text = TextAreaField()


def register(blueprint: Blueprint) -> None:
    """Add the choice with its preview, which ends in an order."""
    blueprint.add_url_rule("/bulk", "bulk", choose, methods=["POST"])


@roles(*HANDLERS)
def choose() -> ResponseReturnValue:
    """What to do with the chosen cases, which of them it will not be done to, and the order."""
    form, viewer = BulkForm(), operator()
    if not sent(form):
        return _page(form, _typed(form)), 400
    do = form.do.data
    if do in {"ticked", "all"}:
        return _begun(form, viewer, whole=do == "all")
    cases = _typed(form)
    try:
        jobs.too_many(len(cases))
        work, wish = frame().work, _wish(form)
        bulk.check(work, wish, jobs.colleague(work, viewer, wish))
        if do != "confirm":
            return _page(form, cases, wish=wish), 200
        frame().close()
        uid = jobs.order(frame().installation, viewer, wish, cases)
    except InputError as error:
        put_errors(form, error.fields)
        return _page(form, cases), 422
    # An answer that is on its way waits for no worker.
    _begin(uid, at_once=len(cases) <= AT_ONCE or wish.act == "take_back")
    return redirect(url_for("complaints.admin.bulk_job", uid=uid), 303)


def act_words() -> dict[str, str]:
    """What can be done to many cases at once."""
    return {
        "accept": t("Take on"),
        "assign": t("Put somebody in charge"),
        "transfer": t("Hand to another team"),
        "note": t("Write an internal note"),
        "reclassify": t("Change the type"),
        "take_back": t("Take back answers not sent yet"),
        "close": t("Close"),
    }


def _begun(form: BulkForm, viewer: Operator, *, whole: bool) -> ResponseReturnValue:
    """The first look at what was chosen in the queue."""
    cases = _typed(form)
    if whole:
        filters = filters_of(frame().work, dict(parse_qsl(form.query.data or "")))
        found = queries.matching(frame().work, viewer, filters, MOST + 1)
        cases = [(case.uid, case.version) for case in found]
    try:
        jobs.too_many(len(cases))
    except InputError as error:
        more = len(cases) > MOST
        said = {"case": [t("This list has more than {max} complaints. Narrow it first", max=MOST)]}
        put_errors(form, said if more else error.fields)
        return _page(form, []), 422
    return _page(form, cases)


def _begin(uid: str, *, at_once: bool) -> None:
    """Do as much as a page may wait for; what is left over goes to a worker."""
    found = frame().installation
    frame().close()
    claimed = jobs.claim(found, uid) if at_once else None
    if claimed is not None:
        with suppress(StoppedError):
            jobs.go_on(found, claimed, monotonic() + _SECONDS)


def _typed(form: BulkForm) -> list[tuple[str, int]]:
    """The boxes ticked and those without one; a damaged one is nobody's case."""
    split = [value.partition(":") for value in (form.case.data or [])[: MOST + 1]]
    shown = [
        (uid[:32], int(version)) for uid, _, version in split if uid.isalnum() and _VERSION.fullmatch(version)
    ]
    return list(islice(chain(shown, unpacked(form.rest.data or "")), MOST + 1))


def packed(cases: Iterable[tuple[str, int]]) -> str:
    """Cases as text, grouped by version, each its 16 bytes in Base64: a thousand take 21 kB instead of 35."""
    by_version: dict[int, list[str]] = {}
    for uid, version in cases:
        by_version.setdefault(version, []).append(uid)
    return ",".join(
        f"{version}:{urlsafe_b64encode(bytes.fromhex(''.join(uids))).decode()}"
        for version, uids in by_version.items()
    )


def unpacked(text: str) -> Iterator[tuple[str, int]]:
    """What `packed` made; what is damaged of it is left out."""
    for version, _, uids in (part.partition(":") for part in text.split(",", MOST)):
        if _VERSION.fullmatch(version) and _PACKED.fullmatch(uids):
            for uid in _UID.findall(urlsafe_b64decode(uids).hex()):
                yield uid, int(version)


def _wish(form: BulkForm) -> Wish:
    act = form.act.data or ""
    worded = act in {"note", "transfer", "reclassify"}
    text = (form.text.data or "").replace("\r\n", "\n").strip() if worded else ""
    to = {"assign": form.to.data or "", "transfer": form.team.data or ""}.get(act, "")
    return Wish(act, to, form.type.data or "" if act == "reclassify" else "", text)


def _page(form: BulkForm, cases: Sequence[tuple[str, int]], *, wish: Wish | None = None) -> str:
    work, viewer, lang = frame().work, operator(), language()
    known = _known([uid for uid, _ in cases])
    colleague = jobs.colleague(work, viewer, wish) if wish else None
    at_it = claims.of(work, [case.id for case in known.values()]) if wish else {}
    said, rows = bulk.words(), []
    for uid, version in cases:
        case = known.get(uid)
        why = ""
        if wish is not None:
            why = bulk.refusal(work, case, viewer, wish, colleague, at_it)
            if not why and case is not None and case.version != version:
                why = "moved"
        if case is not None:
            kind = work.policy_of(case.policy_version).types[case.type]
            row: dict[str, Any] = {
                "chosen": (uid, version),
                "case": case,
                "type": kind.label(lang),
                "why": said.get(why, ""),
            }
            rows.append(row)
    refused, able = [row for row in rows if row["why"]], [row for row in rows if not row["why"]]
    seen = SHOWN + FEW - min(SHOWN, len(able))
    here = roster.read(work)
    people = [(one.ref, one.name) for one in here.staff if one.may(*HANDLERS)]
    people = people or [(viewer.ref, viewer.name)]
    return render_template(
        "complaints/admin/bulk.html",
        nav="queue",
        form=form,
        refused=refused[:seen],
        rows=able[:SHOWN],
        rest=packed(row["chosen"] for row in refused[seen:] + able[SHOWN:]),
        chosen=len(rows),
        wish=wish,
        able=len(able),
        reasons=Counter(row["why"] for row in refused).most_common() if len(refused) > seen else (),
        leaves=_leaves([row["case"] for row in able]) if wish and wish.act == "take_back" else "",
        acts=list(act_words().items()),
        act_words=act_words(),
        people=[("", t("Nobody")), *people],
        teams=[("", t("No team")), *here.standing.items()],
        types=[(key, kind.label(lang)) for key, kind in work.policy.types.items()],
        back=_back(form),
        names=dict(people),
    )


def _leaves(cases: Sequence[Complaint]) -> str:
    """When the first of these answers goes out, to the second."""
    due = [case.release_due for case in cases if case.release_due is not None]
    return f"{beijing(min(due)):%H:%M:%S}" if due else ""


def _back(form: BulkForm) -> str:
    query = form.query.data or ""
    return url_for("complaints.admin.queue") + (f"?{query}" if query else "")


def _known(uids: Sequence[str]) -> dict[str, Complaint]:
    """The cases among these that the viewer may know of."""
    found = frame().work.session.scalars(select(Complaint).where(Complaint.uid.in_(uids)))
    return {case.uid: case for case in found if people.may_see(operator(), case)}
