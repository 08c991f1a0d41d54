"""What pytest does beyond running tests: audit each log that a test wrote, count passes per database.

`--results=FILE` writes the counts as JSON; `tests/closing.py` adds the runs of a suite together.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import quickly

# Files that take longest begin first; xdist knows only how many tests a file has.
LONGEST = (
    "browser/test_pages.py",
    "browser/test_working_day.py",
    "browser/test_from_chat_to_blocked.py",
    "browser/test_whole_life.py",
    "test_packaging.py",
    "web/test_api_contract.py",
    "faults/test_gunicorn.py",
    "faults/test_sweeping.py",
    "test_readme.py",
    "mounting/test_recipes.py",
    "cli/test_api_session.py",
)
DATABASE = re.compile(r"(?<=[\[-])(sqlite|postgresql|mysql)(?=[\]-])")
_AUDITS: Counter[str] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--results", default=None, help="write counts per outcome and database to this JSON file"
    )
    parser.addoption("--screenshots", default=None, help="write a picture of each page into this folder")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Count(config), "complaints-count")
    quickly.share_compiled_statements()
    quickly.share_compiled_templates()
    quickly.share_compiled_routes()
    quickly.remember_policies()


def pytest_collection_finish() -> None:
    quickly.collect_less()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Each test that wrote to a log ends with an audit that rebuilds the tables from the leaves.

    A test that damages a log on purpose says so: `@pytest.mark.tampered`.
    """
    if item.get_closest_marker("tampered"):
        return
    seen: dict[int, Any] = {}
    for value in getattr(item, "funcargs", {}).values():
        several = value if isinstance(value, list | tuple) else getattr(value, "made", None) or [value]
        for each in several if isinstance(several, list | tuple) else [value]:
            found = _installation(each)
            if found is not None:
                seen[id(found)] = found
    for installation in seen.values():
        audit_after(installation)


def audit_after(installation: Any) -> None:
    """Audit one installation's whole log; fails with every finding."""
    from complaints.ledger.audit import audit
    from complaints.store import schema

    if not schema.has_tables(installation.database.engine):
        return
    with installation.reading() as work:
        report = audit(work)
    _AUDITS.update(logs=1, events=report.events, private=report.private, files=report.files)
    if report.findings:
        said = "\n".join(f"{finding}" for finding in report.findings[:20])
        pytest.fail(f"the audit after this test found {len(report.findings)}:\n{said}", pytrace=False)


def _installation(value: Any) -> Any:
    """The installation behind a fixture's value: itself, an app's, a client's, or one that a helper holds."""
    from complaints.administration.installation import Installation

    for candidate in (value, getattr(value, "installation", None)):
        if isinstance(candidate, Installation):
            return candidate
    for holder in (value, getattr(value, "app", None), getattr(value, "application", None)):
        extensions = getattr(holder, "extensions", None)
        if isinstance(extensions, dict) and isinstance(extensions.get("complaints"), Installation):
            return extensions["complaints"]
    return None


def _first_the_longest(item: pytest.Item) -> int:
    path = item.path.as_posix()
    return next((n for n, name in enumerate(LONGEST) if path.endswith(f"tests/{name}")), len(LONGEST))


class Count:
    """Outcomes of a run, and for tests on several databases the outcome on each."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.outcomes: Counter[str] = Counter()
        self.passed: dict[str, list[str]] = {}
        self.reasons: dict[str, str] = {}
        self.began = time.monotonic()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=_first_the_longest)
        for item in items:
            mark = item.get_closest_marker("differs")
            if mark is not None:
                item.user_properties.append(("differs", mark.args[0]))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            name = "error" if report.failed and report.when != "call" else report.outcome
            self.outcomes["xfailed" if hasattr(report, "wasxfail") and report.skipped else name] += 1
        found = DATABASE.search(report.nodeid)
        if found is None or report.when != "call":
            return
        test = DATABASE.sub("*", report.nodeid, count=1)
        for name, value in report.user_properties:
            if name == "differs":
                self.reasons[test] = value
        if report.passed:
            self.passed.setdefault(found[0], []).append(test)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        _AUDITS.update(getattr(node, "workeroutput", {}).get("complaints_audits", {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["complaints_audits"] = dict(_AUDITS)
            return
        target = self.config.getoption("--results")
        if target:
            content = {
                "outcomes": dict(self.outcomes),
                "passed": {name: sorted(tests) for name, tests in self.passed.items()},
                "reasons": self.reasons,
                "audits": dict(_AUDITS),
                "seconds": round(time.monotonic() - self.began, 1),
            }
            path = Path(target)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and target:
            session.exitstatus = pytest.ExitCode.OK

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.passed:
            counts = ", ".join(f"{name} {len(tests)}" for name, tests in sorted(self.passed.items()))
            terminalreporter.write_line(f"passes per database: {counts}")
        if _AUDITS:
            terminalreporter.write_line(
                f"audits after tests: {_AUDITS['logs']} logs, {_AUDITS['events']} events replayed, "
                f"{_AUDITS['private']} private fields and {_AUDITS['files']} files opened"
            )
