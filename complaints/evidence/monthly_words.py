"""What a month's report says in sentences, for the document, the workbook and the mail."""

from __future__ import annotations

from complaints.base.translations import gettext as t
from complaints.cases.measuring import Measured
from complaints.evidence import months
from complaints.evidence.monthly import Monthly


def title() -> str:
    """What the document is called."""
    return t("Monthly report")


def heading(found: Monthly, product: str) -> str:
    """Product and month."""
    return t(" · ").join(part for part in (product, months.words(found.span)) if part)


def said(found: Monthly, *, lacking: bool) -> list[str]:
    """The month in a few sentences, for those who read no table; `lacking`: without what its reader may not know of."""
    left_out = t("Complaints of restricted types are left out: its reader has no clearance for them.")
    return [*_figures(found), *([left_out] if lacking else [])]


def _figures(found: Monthly) -> list[str]:
    now, before = found.now, found.before
    if not now.received and not found.went_out:
        return [t("No complaint came in during this month.")]
    lines = [
        t(
            "{n} complaints came in; in the month before it was {before}.",
            n=now.received,
            before=before.received,
        )
        if now.received != 1
        else t("1 complaint came in; in the month before it was {before}.", before=before.received),
        t("{n} of them have been answered, {open} are open.", n=now.answered, open=now.open)
        if now.answered != 1
        else t("1 of them has been answered, {open} are open.", open=now.open),
        t("{n} complaints were answered during the month, whenever they had come in.", n=found.went_out)
        if found.went_out != 1
        else t("1 complaint was answered during the month, whenever it had come in."),
    ]
    lines += [line for line in (_on_time(found), _took(now), _looked_at_again(now), _late(found)) if line]
    return lines


def unlisted(found: Monthly) -> str:
    """What of the late complaints is counted and not listed; empty where everything is."""
    if not found.unlisted:
        return ""
    if found.unlisted == 1:
        return t("1 more is of a restricted type; it is counted, and not listed.")
    return t("{n} more are of restricted types; they are counted, and not listed.", n=found.unlisted)


def method(found: Monthly, *, lacking: bool, restricted: bool) -> list[str]:
    """How it was counted, and of whom it does not speak."""
    whole = t("The figures are those of the provider: every complaint counts, restricted types among them.")
    lines = [
        t("Complaints count by the month they came in, with what has become of them since."),
        t("The month before is counted as of the same moment, so that it had a month longer to be answered."),
        t(
            "Median and 90th percentile are values that were reached, of the complaints that have come so far."
        ),
        *([] if lacking else [whole]),
        t("It compares no persons."),
    ]
    if not (restricted or lacking):
        lines.append(t("Complaints of restricted types are listed nowhere in it."))
    lines.append(
        t("Test cases are never counted; {n} came in during the month.", n=found.tests)
        if found.tests != 1
        else t("Test cases are never counted; 1 came in during the month.")
    )
    return lines


def percent(rate: float | None) -> float | None:
    """A share as people read it, to a tenth."""
    return None if rate is None else round(100 * rate, 1)


def _on_time(found: Monthly) -> str:
    held = found.now.promises.get("result")
    if held is None or held.rate is None:
        return ""
    over, rate = held.kept + held.missed, percent(held.rate)
    earlier = found.before.promises.get("result")
    if earlier is None or earlier.rate is None:
        return t(
            "Results promised: {kept} of {over} in time, that is {rate} %.",
            kept=held.kept,
            over=over,
            rate=rate,
        )
    return t(
        "Results promised: {kept} of {over} in time, that is {rate} %; in the month before it was {before} %.",
        kept=held.kept,
        over=over,
        rate=rate,
        before=percent(earlier.rate),
    )


def _took(now: Measured) -> str:
    took = now.times.get("answer")
    if took is None or not took.count:
        return ""
    return t(
        "Half of the answers came within {median}, nine of ten within {ninety}.",
        median=_working_days(took.median_days),
        ninety=_working_days(took.ninety_days),
    )


def _working_days(number: int) -> str:
    if not number:
        return t("the same day")
    return t("{n} working days", n=number) if number != 1 else t("1 working day")


def _looked_at_again(now: Measured) -> str:
    if not now.appeals:
        return ""
    if now.appeals == 1:
        return t("1 answer was to be looked at again; {changed} changed.", changed=now.changed)
    return t("{n} answers were to be looked at again; {changed} changed.", n=now.appeals, changed=now.changed)


def _late(found: Monthly) -> str:
    if not found.now.late:
        return t("No promised date passed unmet.") if found.now.received else ""
    if found.now.late == 1:
        return t("With 1 complaint a promised date passed unmet.")
    return t("With {n} complaints a promised date passed unmet.", n=found.now.late)
