"""What two policies say differently: nothing is lost, each thing stands in its group, in both languages."""

from __future__ import annotations

import copy
import random

import pytest

from complaints.policy.differing import GROUPS, difference
from complaints.policy.profile import Policy, load

BASE = load()
# Path in the resolved policy, its new value → group, words of the place, before and after, in English.
CASES = [
    ("contacts.phone", "400-1", ("contacts", "Contacts · phone", "", "400-1")),
    ("provider.role", "supporter", ("contacts", "Provider · role", "provider", "technical supporter")),
    ("review.window_days", 60, ("promises", "Review · days to ask for it", "30", "60")),
    ("public.statistics", True, ("promises", "Open pages · statistics", "no", "yes")),
    (
        "types.other.severity",
        "high",
        ("types", "Type · Something else, or not sure · severity", "normal", "high"),
    ),
    (
        "types.other.routes",
        ["12377"],
        (
            "types",
            "Type · Something else, or not sure · routes outside",
            "",
            "Reporting Centre of the Cyberspace Administration of China (12377)",
        ),
    ),
    ("deadlines.general.accept_target.amount", 3, ("terms", None, "1 working day", "3 working days")),
    ("steps.warn1.wd", -3, ("terms", "Reminder · first warning · working days", "-1", "-3")),
    ("notes", "试行", ("rest", "Notes", "", "试行")),
]


def changed(path, value):
    """The shipped policy with one value exchanged."""
    whole = copy.deepcopy(BASE.resolved())
    place, *names = [whole, *path.split(".")]
    for name in names[:-1]:
        place = place[name] if isinstance(place, dict) else next(row for row in place if row["key"] == name)
    place[names[-1]] = value
    return whole


def told(groups, lang="en"):
    return [(g.key, c.where(lang), c.before(lang), c.after(lang)) for g in groups for c in g.changes]


@pytest.mark.parametrize(("path", "value", "expected"), CASES, ids=[case[0] for case in CASES])
def test_a_change_stands_in_its_group_in_words(path, value, expected):
    new = Policy.from_resolved(changed(path, value))
    group, where, before, after = expected
    (found,) = told(difference(BASE, new))

    assert found[0] == group
    assert where is None or found[1] == where
    assert found[2:] == (before, after)
    assert told(difference(new, BASE)) == [(group, found[1], after, before)]
    (zh,) = told(difference(BASE, new), "zh")
    assert zh[1] != found[1]


def test_a_promise_is_told_once_for_all_types_that_share_it():
    new = Policy.from_resolved(changed("deadlines.general.result.amount", 8))
    groups = {each.key: each for each in difference(BASE, new)}
    (promise,) = groups["promises"].changes
    sharing = [kind for kind in BASE.types.values() if kind.deadlines == "general"]

    assert all(kind.label.zh in promise.where.zh for kind in sharing)
    assert promise.before.zh == "10个工作日（最长15天）"
    assert promise.after.zh == "8个工作日（最长15天）"
    # The set itself is told too, under its own heading.
    assert len(groups["terms"].changes) == 1


def test_what_came_and_what_went_is_told_by_its_name():
    whole = BASE.resolved()
    gone = whole["ask_reasons"][-1]
    without = {**whole, "ask_reasons": whole["ask_reasons"][:-1]}
    new = Policy.from_resolved(without)
    (found,) = told(difference(BASE, new))

    name = gone["label"]["en"]
    assert found == ("types", f"Reason to ask back · {name}", name, "")
    (found,) = told(difference(new, BASE))
    assert found[2:] == ("", name)


def test_another_order_is_a_difference_too():
    whole = BASE.resolved()
    new = Policy.from_resolved({**whole, "routes": [*whole["routes"][1:], whole["routes"][0]]})
    assert new.digest != BASE.digest
    assert [row[:2] for row in told(difference(BASE, new))] == [("contacts", "Route outside · order")]


def test_the_same_policy_differs_in_nothing():
    assert difference(BASE, load()) == ()


class Said:
    """A policy of this content, whether it is valid or not."""

    def __init__(self, whole):
        self.types = {}
        self.resolved = lambda: whole


def leaves(node, path=()):
    for name, held in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(held, (dict, list)):
            yield from leaves(held, (*path, name))
        elif name not in {"key", "unit"}:
            yield (*path, name)


def test_no_value_can_change_without_being_told():
    whole = BASE.resolved()
    silent = []
    for path in random.Random(7).sample(list(leaves(whole)), 400):
        new = copy.deepcopy(whole)
        place = new
        for name in path[:-1]:
            place = place[name]
        was = place[path[-1]]
        place[path[-1]] = not was if isinstance(was, bool) else was + 1 if isinstance(was, int) else f"{was}X"
        found = [change for group in difference(Said(whole), Said(new)) for change in group.changes]
        if len(found) != 1 or found[0].before == found[0].after:
            silent.append((path, found))

    assert silent == []


def test_every_table_of_the_policy_has_its_group():
    grouped = {table for _, tables in GROUPS.values() for table in tables}
    assert set(BASE.resolved()) - grouped == {"profile", "title", "notes"}
