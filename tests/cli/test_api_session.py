"""The session that docs/api.md prints: its commands, as they stand there, against a server that really runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
import servers

from complaints.base.translations import gettext, speaking
from complaints.web.api.problems import PROBLEMS

ROOT = Path(__file__).resolve().parents[2]
PAGES = {"en": "docs/api.md", "zh": "docs/api.zh-CN.md"}
READMES = ("README.md", "README.zh-CN.md")
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
PATIENCE = 60


def blocks(name):
    """The commands and answers of a page in order, each with its language."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(r"^```(sh|json)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def site(tmp_path):
    """The first app of the README, initialised and served; the environment of a shell beside it."""
    if shutil.which("curl") is None:
        servers.skip_or_fail("curl is not there")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (tmp_path / "app.py").write_text(
        re.search(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)[1], encoding="utf-8"
    )
    (tmp_path / "screenshot.png").write_bytes(PNG)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "NO_PROXY": "127.0.0.1",
    }
    run(["flask", "--app", "app", "complaints", "init", "--no-policy-file"], tmp_path, environment)
    port = servers.free_port()
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "app", "run", "--port", str(port)],
            cwd=tmp_path,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            answers(f"http://127.0.0.1:{port}/complaints/healthz")
            yield tmp_path, {**environment, "API": f"http://127.0.0.1:{port}/complaints/api/v1"}
        finally:
            server.terminate()
            server.wait(20)


def answers(address):
    until = time.monotonic() + PATIENCE
    while True:
        with suppress(urllib.error.HTTPError):
            try:
                urllib.request.urlopen(address, timeout=10).close()
            except urllib.error.HTTPError:
                raise
            except OSError:
                assert time.monotonic() < until, "the server did not start"
                time.sleep(0.1)
                continue
        return


def run(command, folder, environment):
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def unlike(printed, got, place="$"):
    """Where an answer differs from the printed one; … stands for whatever is never the same twice."""
    if printed == "…":
        return []
    if isinstance(printed, dict) and isinstance(got, dict):
        keys = [f"{place}: {sorted(printed.keys() ^ got.keys())}"] if printed.keys() != got.keys() else []
        return keys + [
            line
            for key in printed.keys() & got.keys()
            for line in unlike(printed[key], got[key], f"{place}.{key}")
        ]
    if isinstance(printed, list) and isinstance(got, list) and len(printed) == len(got):
        return [
            line
            for index, (one, other) in enumerate(zip(printed, got, strict=True))
            for line in unlike(one, other, f"{place}[{index}]")
        ]
    if isinstance(printed, str) and isinstance(got, str) and "…" in printed:
        pattern = ".+".join(map(re.escape, printed.split("…")))
        return [] if re.fullmatch(pattern, got) else [f"{place}: {printed} / {got}"]
    return [] if printed == got else [f"{place}: {printed!r} / {got!r}"]


@pytest.mark.slow
@pytest.mark.parametrize("language", PAGES)
def test_the_session_runs_as_it_is_printed_and_answers_as_it_is_printed(language, site):
    folder, environment = site
    script, wanted = [], []
    for number, (kind, text) in enumerate(blocks(PAGES[language])):
        if kind == "sh":
            # The first block says where the server is; ours listens on a free port.
            lines = text.replace("API=http://127.0.0.1:5000/complaints/api/v1", ": $API")
            script.append(f"{{\n{lines}}} > out{number}")
        else:
            wanted.append((number - 1, json.loads(text)))
    run(["bash", "-euo", "pipefail", "-c", "\n".join(script)], folder, environment)

    assert len(wanted) == 8
    differences = [
        (number, line)
        for number, printed in wanted
        for line in unlike(printed, json.loads((folder / f"out{number}").read_text(encoding="utf-8")))
    ]
    assert differences == []
    assert "number,test,filed_at" in (folder / "register.csv").read_text(encoding="utf-8-sig")


@pytest.mark.slow
def test_the_short_session_of_the_readme_runs_as_it_is_printed(site):
    folder, environment = site
    (block,) = [text for kind, text in blocks(READMES[0]) if kind == "sh" and "curl" in text]
    printed = block.replace("https://ai.example.cn/complaints/api/v1", environment["API"])
    said = run(["bash", "-euo", "pipefail", "-c", printed], folder, environment)

    assert '"state":"submitted"' in said


def test_both_languages_have_the_same_session():
    assert blocks(PAGES["en"]) == blocks(PAGES["zh"])


@pytest.mark.parametrize("language", PAGES)
def test_the_page_names_every_problem_in_the_words_of_the_code(language):
    text = (ROOT / PAGES[language]).read_text(encoding="utf-8")
    table = text.partition("<!-- problems -->\n")[2].partition("<!-- /problems -->")[0]
    with speaking(language):
        rows = [
            f"| `{row.name}` | {row.status} | {gettext(row.title)}{'。' if language == 'zh' else '. '}{gettext(row.remedy)} |"
            for row in PROBLEMS.values()
        ]

    assert table.splitlines()[2:] == rows
