"""What complainants are told: short words rendered when sent, from dates and numbers, never from the complaint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app, render_template

from complaints.administration.installation import Installation
from complaints.base.clock import from_stamp
from complaints.base.translations import gettext as t
from complaints.base.translations import language, speaking
from complaints.cases import access, erasure, people, views
from complaints.delivery.mail import Letter
from complaints.delivery.sending import DeliveryError, OutboxView
from complaints.ledger.reading import history
from complaints.ledger.work import Work
from complaints.policy.deadlines import shown_date, words
from complaints.policy.states import State
from complaints.store.tables import Complaint
from complaints.web import moving

FOLDER = "complaints/mail"
# Kinds whose mail carries a one-time link: purpose of the token, and the path that takes it.
LINKS: Mapping[str, tuple[str, str]] = {
    "received": ("verify", "confirm"),
    "verify": ("verify", "confirm"),
    "code_link": ("new_code", "code"),
}
_PRODUCT_LENGTH = 10
_DECIDED = frozenset({"decided", "declined", "review_result"})


def letter(installation: Installation, message: OutboxView) -> Letter:
    """The mail for one message to a complainant.

    Raises DeliveryError (drop) where no address is left. A one-time link is made here, in a transaction of
    its own, so that no queued row ever holds one. Needs an app context.
    """
    with installation.reading() as work:
        case = _case(work, message)
        contact = access.contact(work, case)
        if not contact.get("mail"):
            raise DeliveryError("NoContact", "drop")
        with speaking(case.lang):
            values = _values(installation, work, case, message)
            subject = _subject(work, case, message.kind, values)
    link = _one_time_link(installation, case, message.kind)
    with speaking(case.lang):
        lines = said(message.kind, {**values, "once": link, "channel": "mail"})
        body = {**values, "once": link, "lines": lines, "subject": subject}
        return Letter(
            to=contact["mail"],
            name=contact.get("name", ""),
            subject=subject,
            text=tidy(render_template(f"{FOLDER}/layout.txt", **body)),
            html=_html(message.kind, body),
            lang=case.lang,
            message_id=message.message_id,
            date=installation.now(),
            reply_to=values["reply_to"],
        )


def notification(installation: Installation, message: OutboxView) -> dict[str, str]:
    """What the host's callback gets: event_id (stable, once per event), kind, number, phone, text, lang.

    The text fits a short message and holds no link but the address of the tracking page. Raises
    DeliveryError (drop) where no phone is left or the kind needs a verified mail address.
    """
    if message.kind == "code_link":
        raise DeliveryError("MailOnly", "drop")
    with installation.reading() as work:
        case = _case(work, message)
        contact = access.contact(work, case)
        if not contact.get("phone"):
            raise DeliveryError("NoContact", "drop")
        with speaking(case.lang):
            values = _values(installation, work, case, message)
            lines = said(message.kind, {**values, "once": "", "channel": "notify"})
            mark = t("[Test] ") if case.is_test else ""
            text = mark + " ".join([*lines, values["link"]])
    return {
        "event_id": message.message_id.strip("<>").partition("@")[0],
        "kind": message.kind,
        "number": case.number,
        "phone": contact["phone"],
        "text": text,
        "lang": case.lang,
    }


def said(kind: str, values: Mapping[str, Any]) -> list[str]:
    """The sentences of one kind of message; a kind without words of its own says that there is news."""
    template = current_app.jinja_env.get_or_select_template([f"{FOLDER}/{kind}.txt", f"{FOLDER}/news.txt"])
    text = render_template(template, **values)
    return [line.strip() for line in text.splitlines() if line.strip()]


def tidy(text: str) -> str:
    """Without the empty lines templates leave behind; one blank line between parts at most."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
    return "\n".join(kept) + "\n"


def product_mark(product: str, *, is_test: bool = False) -> str:
    """How a subject begins: 〔测试〕〔product〕, each where there is one."""
    short = product if len(product) <= _PRODUCT_LENGTH else product[: _PRODUCT_LENGTH - 1] + "…"
    test = t("[Test] ") if is_test else ""
    return test + (t("[{product}] ", product=short) if short else "")


def address_of(installation: Installation, path: str) -> str:
    """A link for a mail: only the configured base URL, never a request's Host (no poisoned links)."""
    settings = installation.settings
    return f"{settings.BASE_URL}{settings.URL_PREFIX}/{path}"


def _html(kind: str, values: Mapping[str, Any]) -> str:
    template = current_app.jinja_env.get_or_select_template(
        [f"{FOLDER}/{kind}.html", f"{FOLDER}/layout.html"]
    )
    return tidy(render_template(template, **values))


def _case(work: Work, message: OutboxView) -> Complaint:
    case = work.session.get(Complaint, message.complaint_id) if message.complaint_id else None
    if case is None:
        raise DeliveryError("NoComplaint", "drop")
    if case.erased_at is not None:
        raise DeliveryError("Erased", "drop")
    if case.stored_only_at is not None and message.kind not in erasure.STATUTORY:
        raise DeliveryError("StoredOnly", "drop")
    return case


def _values(installation: Installation, work: Work, case: Complaint, message: OutboxView) -> dict[str, Any]:
    policy, lang = work.policy_of(case.policy_version), language()
    state = views.visible_state(case)
    awaited = state in {State.ACCEPTED, State.PROCESSING, State.UNDER_REVIEW, State.MERGED, State.SUBMITTED}
    # Contacts and names are today's: the policy of the filing rules only what was promised.
    contacts, provider = work.policy.contacts, work.policy.provider
    return {
        "t": t,
        "lang": lang,
        "kind": message.kind,
        "number": case.number,
        "state": state.value,
        "product": provider.product,
        "provider": provider.name,
        "phone": contacts.phone,
        "hours": f"{contacts.hours_from}–{contacts.hours_to}",
        "reply_to": contacts.mail,
        "accept_by": _day(case.accept_due) if state is State.SUBMITTED else "",
        "result_by": _day(case.result_due) if awaited else "",
        "reply_by": _day(case.reply_due) if state is State.AWAITING_COMPLAINANT else "",
        "reply_day": _short_day(case.reply_due) if state is State.AWAITING_COMPLAINANT else "",
        "review_by": _review_by(case, policy.review.max_per_case, state),
        "late": _late(work, case, message),
        "moved": _moved(work, case, message),
        "body": _other_body(policy, case, lang),
        "by": _by(work, case, message.kind),
        "link": address_of(installation, "track"),
        "test": case.is_test,
    }


def _subject(work: Work, case: Complaint, kind: str, values: Mapping[str, Any]) -> str:
    number = case.number
    if kind == "received":
        event = t("{number} received", number=number)
    elif kind == "question" and values["reply_day"]:
        event = t("{number}: reply by {date}", number=number, date=values["reply_day"])
    else:
        event = t("{number}: news", number=number)
    return product_mark(work.policy.provider.product, is_test=case.is_test) + event


def _one_time_link(installation: Installation, case: Complaint, kind: str) -> str:
    purpose, path = LINKS.get(kind, ("", ""))
    if not purpose or (purpose == "verify" and case.contact_verified):
        return ""
    token = installation.write(lambda work: access.new_token(work, case.id, purpose))
    return address_of(installation, f"{path}/{token}")


def _day(due: Any) -> str:
    return words(due, language()) if due is not None else ""


def _short_day(due: Any) -> str:
    """The day without year and weekday: a subject must fit a lock screen; the mail itself has all of it."""
    if due is None:
        return ""
    day = shown_date(due)
    return (
        f"{day.month}月{day.day}日"
        if language() == "zh"
        else words(due, "en").split(" ", 1)[1].rsplit(" ", 1)[0]
    )


def _review_by(case: Complaint, most: int, state: State) -> str:
    answered = state in {State.DECIDED, State.DECLINED} and case.appeals < most
    return _day(case.appeal_until) if answered else ""


def _late(work: Work, case: Complaint, message: OutboxView) -> dict[str, str]:
    """Which promise was missed and its day, from the event the message tells of."""
    if message.kind != "late" or message.seq is None:
        return {}
    entries = history(work, case.uid, types=("clock",), opened=False)
    entry = next((each for each in entries if each.seq == message.seq), None)
    # Of the event itself: what followed it may have set the complaint another date.
    dates = (
        {each["kind"]: each["at"] for each in entry.meta.get("due", ()) if each["step"] == "due"}
        if entry
        else {}
    )
    kind = next((each for each in ("result", "review", "accept", *dates) if each in dates), "result")
    return {"kind": kind, "day": _day(from_stamp(dates[kind]) if kind in dates else case.result_due)}


def _moved(work: Work, case: Complaint, message: OutboxView) -> list[dict[str, str]]:
    if message.kind != "moved" or message.seq is None:
        return []
    entry = next((each for each in history(work, case.uid, opened=False) if each.seq == message.seq), None)
    change = entry.meta.get("change", {}) if entry else {}
    dates = [change[name] for name in ("accept_due", "result_due") if name in change]
    why = moving.reason(entry.meta, work.policy_of(case.policy_version), case) if entry else ""
    return [
        {"a": _day(from_stamp(old)), "b": _day(from_stamp(new)), "why": why}
        for old, new in dates
        if old and new
    ]


def _by(work: Work, case: Complaint, kind: str) -> str:
    """What complainants call whoever wrote or decided; empty without a pseudonym: a real name is in no mail."""
    ref = case.decided_by if kind in _DECIDED else case.assignee
    return people.pseudonyms(work, {ref}).get(ref, "") if ref else ""


def _other_body(policy: Any, case: Complaint, lang: str) -> str:
    """Another place the complainant can turn to, by the policy; empty where it names none."""
    kind = policy.types.get(case.filed_type)
    names = [policy.routes[key].name(lang) for key in (kind.routes if kind else ()) if key in policy.routes]
    return names[0] if names else ""
