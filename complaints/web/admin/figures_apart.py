"""Figures told apart: of each type, risk class, outcome and severity how many there were, and how they fared."""

from __future__ import annotations

from collections.abc import Mapping

from complaints.base.translations import gettext as t
from complaints.cases.measuring import Measured
from complaints.cases.narrowing import NONE
from complaints.web import charts
from complaints.web.admin.figure_parts import Part, hours, listed, share
from complaints.web.admin.periods import Asked
from complaints.web.charts import Bar

# Rows of a drawing; the table beside it has them all.
_DRAWN = 12


def counted(asked: Asked, name: str, title: str, counts: Mapping[str, int], said: Mapping[str, str]) -> Part:
    """How many complaints are of each type, risk class, outcome or severity, the most first."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    drawn = [Bar(said.get(key, key), (n,)) for key, n in ordered[:_DRAWN]]
    sentence = ""
    if ordered:
        key, n = ordered[0]
        sentence = t(
            "{title}: most of all {what}, {n} of {all}",
            title=title,
            what=said.get(key, key),
            n=f"{n:,}",
            all=f"{sum(counts.values()):,}",
        )
    return Part(
        name,
        title,
        (title, t("Number of complaints")),
        [(said.get(key, key), f"{n:,}") for key, n in ordered],
        charts.bars(name, drawn, sentence) if drawn else None,
        hrefs=[[listed(n, asked.filters(**{name: key or NONE}))] for key, n in ordered],
    )


def apart(asked: Asked, name: str, title: str, head: str, found: Measured, said: Mapping[str, str]) -> Part:
    """Results and times of each type, risk class or outcome, in the order of the table that counts them."""
    shares = found.apart.get(name, {})
    counts = {"type": found.types, "risk": found.risks, "outcome": found.outcomes}[name]
    ordered = sorted(shares.items(), key=lambda each: (-counts.get(each[0], 0), each[0]))
    return Part(
        f"{name}-times",
        title,
        (
            head,
            t("Results in time"),
            t("Results late"),
            t("In time"),
            t("Taken on: median, hours"),
            t("Taken on: 90th percentile, hours"),
            t("First step: median, hours"),
            t("First step: 90th percentile, hours"),
            t("Answered: median, hours"),
            t("Answered: 90th percentile, hours"),
        ),
        [
            (
                said.get(key, key),
                f"{each.results.kept:,}",
                f"{each.results.missed:,}",
                share(each.results),
                *(hours(took, n) for took in each.times.values() for n in (took.median, took.ninety)),
            )
            for key, each in ordered
        ],
        hrefs=[
            [
                *(
                    listed(n, asked.filters(**{name: key or NONE, "promise": f"result.{became}"}))
                    for became, n in (("kept", each.results.kept), ("missed", each.results.missed))
                ),
                *[""] * 7,
            ]
            for key, each in ordered
        ],
        note=t(
            "Results promised in the first round whose date is over. Times count from arrival: half, and 90 of 100, took no longer."
        ),
    )
