"""Add the runs of a suite together, compare the databases, and end with one closing line as pytest writes it.

`python tests/closing.py FOLDER`: reads the JSON files that `pytest --results=FILE` wrote there. Exit code 1 when a test
passed on one database and not on another without a reason (`@pytest.mark.differs("reason")`), where all databases
have to be there.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

DATABASES = ("sqlite", "postgresql", "mysql")
ORDER = ("failed", "error", "passed", "skipped", "xfailed")


def difference(passed: dict[str, set[str]], reasons: dict[str, str]) -> tuple[list[str], list[str]]:
    """Tests whose outcome depends on the database: without a stated reason, and with one."""
    everywhere = set.intersection(*(passed.get(name, set()) for name in DATABASES))
    uneven = sorted(set.union(*(passed.get(name, set()) for name in DATABASES)) - everywhere)
    unstated = [f"{test}: not on {', '.join(n for n in DATABASES if test not in passed.get(n, set()))}"
                for test in uneven if test not in reasons]  # fmt: skip
    return unstated, [f"{test}: {reasons[test]}" for test in uneven if test in reasons]


def main(folder: str) -> int:
    """Print the sums; 1 when databases differ without a reason."""
    outcomes: Counter[str] = Counter()
    audits: Counter[str] = Counter()
    passed: dict[str, set[str]] = {}
    reasons: dict[str, str] = {}
    seconds = 0.0
    for path in sorted(Path(folder).glob("*.json")):
        run = json.loads(path.read_text(encoding="utf-8"))
        outcomes.update(run["outcomes"])
        audits.update(run["audits"])
        seconds += run["seconds"]
        reasons.update(run["reasons"])
        for name, tests in run["passed"].items():
            passed.setdefault(name, set()).update(tests)
    code = 0
    if passed:
        print(
            "passes per database: " + ", ".join(f"{name} {len(passed.get(name, ()))}" for name in DATABASES)
        )
    if os.environ.get("COMPLAINTS_TEST_STRICT", "") not in {"", "0"}:
        unstated, stated = difference(passed, reasons)
        for line in stated:
            print(f"  differs with a reason: {line}")
        for line in unstated:
            print(f"  differs WITHOUT a reason: {line}")
        code = 1 if unstated else 0
    if audits:
        print(
            f"audits: {audits['logs']} logs, {audits['events']} events, nothing found that a test did not plant"
        )
    said = ", ".join(f"{outcomes[name]} {name}" for name in ORDER if outcomes[name]) or "no tests ran"
    print(f"{said} in {seconds:.2f}s")
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
