"""A lively office: complaints of every end, some with dates that passed, of which each figure counts something."""

from __future__ import annotations

RESTRICTED = "minor"
# What becomes of complaints, one a line: their type, then what is done to them.
LIVES = (
    ("other", "accept start decide release close"),
    ("other", "accept ask supply message reply start record_action decide release"),
    ("billing", "decide release appeal confirm release"),
    ("billing", "accept decide release appeal change release"),
    ("other", "accept decide release appeal change take_back"),
    ("other", "accept decide release appeal change take_back confirm release"),
    ("service", "decline release appeal overturn start"),
    ("service", "decline release reply"),
    ("service", "decline"),
    ("inaccurate", "accept decide release appeal send_back decide release"),
    ("inaccurate", "reclassify decide take_back"),
    ("inaccurate", "accept merge"),
    ("inaccurate", "withdraw reopen ask"),
    (RESTRICTED, "accept start record_action decide release"),
    (RESTRICTED, ""),
    ("other", "ask withdraw"),
    ("billing", "accept miss decide release appeal"),
    ("service", "accept miss decide release close reopen"),
    ("other", "message reply message"),
    ("other", "accept decide release close reopen decide release"),
)


def live(desk):
    """Lives that overlap, with dates that pass, beside a test case, over three months."""
    for n, (kind, steps) in enumerate(LIVES):
        filed = desk.file(kind, channel=("web", "phone")[n % 2], is_test=n == len(LIVES) - 2)
        desk.file("billing")
        for step in steps.split():
            if step == "merge":
                desk.do(filed, step, lead=desk.file("inaccurate"))
                continue
            if step == "miss":
                # What is late in its first round is late for good, however many rounds follow.
                desk.later(days=40)
                desk.sweep()
                continue
            if step == "reopen":
                desk.later(days=30)
            desk.do(filed, step)
            if n % 3 == 0:
                desk.later(days=4)
                desk.sweep()
        desk.later(days=3, hours=n)
    desk.sweep()
    desk.file("other")
