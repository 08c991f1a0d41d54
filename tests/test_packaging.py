"""What travels: wheel and sdist are built, read, and the wheel is installed into an empty environment and run from /."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from pathlib import Path

import pytest
import servers

ROOT = Path(__file__).resolve().parent.parent
HOST = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from complaints import Complaints

app = Flask(__name__, instance_path={instance!r})
app.config["SECRET_KEY"] = "of this test"
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///host.db"
app.config["COMPLAINTS_BASE_URL"] = "https://ai.example.cn"
db = SQLAlchemy(app)
Complaints(app, db=db)
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the sdist and the wheel that was built from it, as `python -m build` does for a release."""
    folder = tmp_path_factory.mktemp("dist")
    run(
        [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)], "no package index can be reached"
    )
    return folder


@pytest.fixture(scope="module")
def inside(built: Path) -> set[str]:
    """The names in the wheel."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        return set(wheel.namelist())


@pytest.fixture(scope="module")
def environment(built: Path, tmp_path_factory) -> Path:
    """The `bin` of an empty environment with nothing but the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("empty")
    run([sys.executable, "-m", "venv", str(folder)])
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-qq", "install"]
    wheel = next(built.glob("*.whl"))
    run([*pip, "-c", str(ROOT / "constraints.txt"), str(wheel)], "no package index can be reached")
    return folder / "bin"


def run(command: list[str], excuse: str = "", **options) -> str:
    """What a command says; where the network is missing, `excuse` is the reason to skip."""
    given = {"cwd": "/", "env": clean_environment(), "timeout": 300, **options}
    done = subprocess.run(command, capture_output=True, text=True, check=False, **given)
    unreachable = (
        "Failed to establish a new connection",
        "Temporary failure in name resolution",
        "NewConnectionError",
    )
    if done.returncode and excuse and any(words in done.stdout + done.stderr for words in unreachable):
        servers.skip_or_fail(excuse)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def clean_environment() -> dict[str, str]:
    """Nothing that leads back into the checkout."""
    unwanted = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "FLASK_APP", "COMPLAINTS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


def tracked(folder: str) -> set[str]:
    """Files of a folder as they stand in the checkout, without what Python leaves behind."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize(
    ("source", "target"), [("templates", "complaints/"), ("migrations", "complaints/"), ("complaints", "")]
)
def test_the_wheel_holds_every_file_of(inside, source, target):
    assert {f"{target}{name}" for name in tracked(source)} - inside == set()


def test_the_wheel_holds_what_only_a_release_would_miss(inside):
    for name in (
        "complaints/py.typed",
        "complaints/policy/profiles/cn-genai.toml",
        "complaints/policy/calendars/2026.json",
        "complaints/static/complaints.css",
        "complaints/translations/zh_Hans/LC_MESSAGES/complaints.mo",
        "complaints/templates/complaints/base.html",
        "complaints/migrations/env.py",
    ):
        assert name in inside


def test_the_wheel_holds_nothing_else(inside):
    tops = {name.partition("/")[0] for name in inside}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"complaints"}
    assert not [
        name for name in inside if "test" in name.lower() or name.startswith(".") or name.endswith(".pyc")
    ]
    assert [name for name in inside if name.endswith(".dist-info/licenses/LICENSE")]


def test_the_sdist_holds_what_a_packager_needs_and_no_machinery(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    for name in (
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "Makefile",
        "constraints.txt",
        "example_app/product.py",
    ):
        assert name in names
    assert tracked("templates") | tracked("migrations") | tracked("complaints") <= names
    assert not [name for name in names if name.startswith((".ci", ".git/", ".venv", "build/", "instance/"))]


def test_the_installed_wheel_works_from_any_folder_with_a_ten_line_host(environment, tmp_path):
    (tmp_path / "host.py").write_text(HOST.format(instance=str(tmp_path / "instance")), encoding="utf-8")
    flask = [str(environment / "flask"), "--app", str(tmp_path / "host.py"), "complaints"]

    said = run([*flask, "init"])
    assert "database: up to date" in said
    assert "keys: wrote" in said
    assert "database: at" in run([*flask, "db", "check"])
    run([*flask, "audit"])
    page = run(
        [
            str(environment / "python"),
            "-c",
            textwrap.dedent(f"""
                import sys
                sys.path.insert(0, {str(tmp_path)!r})
                from host import app
                client = app.test_client()
                for path in ("", "new", "new?type=other", "track", "process", "process/flow.svg", "static/complaints.css",
                             "admin/login"):
                    answer = client.get("/complaints/" + path)
                    assert answer.status_code == 200, (path, answer.status_code)
                print(client.get("/complaints/").get_data(as_text=True))
            """),
        ]
    )
    assert "投诉举报" in page
    assert len(HOST.strip().splitlines()) <= 10


def test_the_installed_wheel_compiles_every_template(environment, tmp_path):
    said = run(
        [
            str(environment / "python"),
            "-W",
            "error",
            "-c",
            textwrap.dedent("""
                from jinja2 import Environment, FileSystemLoader
                from complaints.base.resources import folder
                loader = Environment(loader=FileSystemLoader(folder("templates")))
                names = loader.list_templates()
                for name in names:
                    loader.get_template(name)
                print(folder("templates"), len(names))
            """),
        ]
    )
    place, count = said.rsplit(maxsplit=1)
    assert str(environment.parent) in place
    assert int(count) == len(tracked("templates"))


def test_verifying_needs_neither_flask_nor_a_database(environment):
    assert "verify" in run([str(environment / "complaints"), "--help"])
