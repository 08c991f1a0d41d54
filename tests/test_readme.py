from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from complaints.administration.webhooks import shown
from complaints.base.setting_table import PREFIX, SETTINGS
from complaints.delivery.calling import Call

ROOT = Path(__file__).resolve().parent.parent
README, CHINESE = READMES = ("README.md", "README.zh-CN.md")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


@pytest.mark.parametrize("name", READMES)
def test_the_settings_table_says_what_the_code_does(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    table = text.partition("<!-- settings -->")[2].partition("<!-- /settings -->")[0]

    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [
        f"{PREFIX}{setting.name}" for setting in SETTINGS
    ]
    for setting in SETTINGS:
        assert f"| `{PREFIX}{setting.name}` | `{setting.default!r}` |" in table


def test_each_python_block_runs_as_printed(tmp_path):
    assert blocks(README, "python")
    for number, block in enumerate(blocks(README, "python")):
        (tmp_path / f"block{number}.py").write_text(block, encoding="utf-8")
        run([sys.executable, "-W", "error", f"block{number}.py"], tmp_path)


def test_the_first_python_block_with_the_first_shell_block_gives_a_working_channel(tmp_path):
    (tmp_path / "app.py").write_text(blocks(README, "python")[0], encoding="utf-8")

    said = run(["sh", "-e", "-c", blocks(README, "sh")[0]], tmp_path)
    page = run(
        [
            sys.executable,
            "-c",
            "from app import app; print(app.test_client().get('/complaints/').get_data(as_text=True))",
        ],
        tmp_path,
    )

    assert "one-time password" in said
    assert "投诉举报" in page


def test_the_reminders_block_is_a_policy_that_the_block_after_it_mounts(tmp_path):
    (policy,) = blocks(README, "toml")
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "complaints.toml").write_text(policy, encoding="utf-8")
    block = next(each for each in blocks(README, "python") if "COMPLAINTS_PUSH" in each)
    (tmp_path / "reminding.py").write_text(block, encoding="utf-8")

    said = run(
        [
            sys.executable,
            "-c",
            (
                "from reminding import app; found = app.extensions['complaints'];"
                "print(found.file_policy.steps['escalate2'], found.file_policy.steps['warn1'].at,"
                " [len(found.rooms.named(each)) for each in ('operators', 'supervisors', 'compliance')])"
            ),
        ],
        tmp_path,
    )

    assert "tell=('compliance',), by=('mail', 'push')) 09:30 [1, 2, 0]" in said


def test_the_webhooks_block_takes_what_we_send_and_nothing_else(monkeypatch, capsys):
    (block,) = [each for each in blocks(README, "python") if "standardwebhooks" in each]
    found: dict[str, Any] = {"__name__": "receiver"}
    exec(compile(block, "receiver.py", "exec"), found)
    monkeypatch.setenv("SIGNING_KEY", shown(b"k" * 32))
    body = b'{"type": "test", "timestamp": "", "data": {"test": true}}'
    headers = dict(Call("id1", datetime.now(UTC), body).headers([b"k" * 32]))
    client = found["receiver"].test_client()

    assert client.post("/hooks/complaints", data=body, headers=headers).status_code == 204
    assert "{'test': True}" in capsys.readouterr().out
    assert client.post("/hooks/complaints", data=body + b" ", headers=headers).status_code == 401


# What runs of one of them, runs of both.
def test_both_readmes_have_the_same_code():
    for language in ("python", "sh", "text", "toml"):
        assert blocks(README, language) == blocks(CHINESE, language)


def run(command: list[str], folder: Path) -> str:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
