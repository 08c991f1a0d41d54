from __future__ import annotations

import pytest
from sqlalchemy import func, select

from complaints.administration import sampling
from complaints.cli.demo import demo_data, fill_showing
from complaints.store.tables import Complaint
from example_app import create_app


@pytest.fixture
def runner(installation, tmp_path):
    app = create_app(tmp_path, COMPLAINTS_SCHEDULER=False)
    app.extensions["complaints"] = installation
    return app.test_cli_runner()


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(sampling, "everything", lambda: _FEW)


_FEW = sampling.everything()[-2:]


def test_a_real_installation_is_not_filled_by_mistake(runner, few, installation):
    result = runner.invoke(demo_data)
    assert result.exit_code == 2
    assert "--force" in result.stderr
    with installation.reading() as work:
        assert work.session.scalar(select(func.count()).select_from(Complaint)) == 0


def test_forced_it_fills_once(runner, few):
    assert "2 sample complaints, each marked 测试" in runner.invoke(demo_data, ["--force"]).output
    assert "there are complaints already" in runner.invoke(demo_data, ["--force"]).output


def test_a_pipe_gets_no_progress_bar_and_a_terminal_does(installation, few, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    fill_showing(installation)
    assert "sample complaints" in capsys.readouterr().err
