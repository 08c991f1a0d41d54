from __future__ import annotations

import json

import closing
import pytest

EVEN = {name: ["a[*]", "b[*]"] for name in closing.DATABASES}


def write(folder, name, on, reasons=(), **outcomes):
    run = {"outcomes": outcomes, "passed": on, "reasons": dict(reasons), "audits": {}, "seconds": 1.5}
    (folder / f"{name}.json").write_text(json.dumps(run), encoding="utf-8")


@pytest.mark.parametrize(
    ("passed", "reasons", "strict", "code"),
    [
        (EVEN, {}, "1", 0),
        ({**EVEN, "mysql": ["a[*]"]}, {}, "1", 1),
        ({**EVEN, "mysql": ["a[*]", "c[*]"]}, {}, "1", 1),
        ({**EVEN, "mysql": ["a[*]"]}, {"b[*]": "no triggers there"}, "1", 0),
        ({"sqlite": ["a[*]"]}, {}, "1", 1),
        ({"sqlite": ["a[*]"]}, {}, "", 0),
    ],
)
def test_passes_that_differ_between_databases_need_a_reason(
    tmp_path, capsys, monkeypatch, passed, reasons, strict, code
):
    monkeypatch.setenv("COMPLAINTS_TEST_STRICT", strict)
    write(tmp_path, "main", passed, reasons, passed=6)

    assert closing.main(str(tmp_path)) == code
    assert ("WITHOUT" in capsys.readouterr().out) == bool(code)


def test_the_runs_of_a_suite_end_in_one_line_as_pytest_writes_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COMPLAINTS_TEST_STRICT", "1")
    write(tmp_path, "main", EVEN, passed=7, skipped=2, failed=1)
    write(tmp_path, "browser", {}, passed=3)

    closing.main(str(tmp_path))

    assert capsys.readouterr().out.splitlines()[-1] == "1 failed, 10 passed, 2 skipped in 3.00s"
