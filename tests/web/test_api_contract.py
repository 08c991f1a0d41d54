"""The interface against its own description, by a program that is not ours: schemathesis, with every check it has."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import servers
from werkzeug.serving import make_server

from complaints.administration import api_keys
from complaints.cases import intake
from complaints.ledger.work import Actor

sys.path.insert(0, str(Path(__file__).parent))

from filing import close_connections, make_app  # noqa: F401 - one is used by itself

SEED, EXAMPLES = 20261123, 5
# Beside what schemathesis takes for an acceptance: what a policy, a state or somebody else's change refuses.
CONFIGURATION = """
hooks = "{hooks}"

[auth.openapi.key]
bearer = "{key}"

[auth.openapi.code]
api_key = "Complaint {code}"

[checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 409, 412, 422]

[checks.missing_required_header]
expected-statuses = [400, 401, 422, 428]

[[operations]]
include-operation-id = "cases"
checks = {{ positive_data_acceptance = {{ expected-statuses = ["2xx", 400] }} }}

[[operations]]
include-path-regex = "number"
parameters = {{ number = "{number}" }}
"""
# A generated version would never be the present one, and no act would ever be carried out.
HOOKS = """
import requests
import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    given = case.headers or {{}}
    if str(given.get("If-Match", "")).strip('"').isdecimal():
        read = requests.get("{url}/cases/{number}", headers={{"Authorization": "Bearer {key}"}}, timeout=10)
        case.headers["If-Match"] = read.headers["ETag"]
"""


@pytest.fixture
def app(tmp_path):
    made = make_app(
        tmp_path,
        f"sqlite:///{tmp_path}/complaints.db",
        COMPLAINTS_LIMIT_FILINGS="100000/hour",
        COMPLAINTS_LIMIT_FILINGS_TOTAL="100000/hour",
        COMPLAINTS_LIMIT_TRACKING="100000/hour",
    )
    servers.furnish(made.extensions["complaints"].database.engine)
    return made


@pytest.fixture
def address(app):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/complaints/api/v1"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
def test_no_request_finds_the_interface_other_than_it_is_described(app, address, tmp_path):
    installed = app.extensions["complaints"]
    _, key = installed.write(
        lambda work: api_keys.create(
            work, "all", api_keys.SCOPES, restricted=True, by=Actor("admin", "op_boss")
        )
    )
    filing = intake.Filing("other", {"details": "回答不对"}, secrets.token_hex(16))
    filed = installed.write(lambda work: intake.file(work, filing))
    values = {"key": key, "code": filed.code, "number": filed.number, "url": address}
    hooks, configuration = tmp_path / "api_hooks.py", tmp_path / "schemathesis.toml"
    hooks.write_text(HOOKS.format(**values), encoding="utf-8")
    configuration.write_text(CONFIGURATION.format(hooks=hooks, **values), encoding="utf-8")

    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", configuration, "run"),
            *(f"{address}/openapi.json", "--url", address, "--checks", "all", "--no-color"),
            *("--seed", str(SEED), "--generation-deterministic", "--max-examples", str(EXAMPLES)),
            *("--generation-allow-x00", "false", "--continue-on-failure", "--warnings", "off"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]
