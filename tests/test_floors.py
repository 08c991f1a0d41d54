from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "complaints"
FLOORS = (
    "standalone",
    "extension",
    "cli",
    "jobs",
    "web",
    "evidence",
    "administration",
    "cases",
    "answers",
    "sla",
    "delivery",
    "ledger",
    "store",
    "policy",
    "base",
)
RANK = {name: -place for place, name in enumerate(FLOORS)}
# A lawyer reads them and tables test them: no Flask, no SQLAlchemy, no clock.
PURE = {
    "policy": {
        "complaints.policy",
        "complaints.base.errors",
        "complaints.base.resources",
        "complaints.base.clock.BEIJING",
        "complaints.base.clock.beijing",
        "rfc8785",
        "PIL",  # diagram.py draws the flow for Word, which takes no SVG
    },
    "ledger/proof.py": {"cryptography"},
}
LONGEST = 320
# One file by design: each bundle carries it. Keys and their history, and archives made to harm, have their places in it.
VERIFIER, LONGEST_VERIFIER = "ledger/proof.py", 1330
FILES = sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Each module a file imports, wherever in the file, with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(path, node)
            # `from complaints import answers` names a floor; `from complaints.base import keys` names a file.
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parents = ("complaints", *path.relative_to(PACKAGE).with_suffix("").parts)[: -node.level]
    return ".".join((*parents, node.module or "")).rstrip(".")


def floor(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def wrong_way(path: Path) -> list[str]:
    """Imports that go up or sideways."""
    if path == PACKAGE / "__init__.py":
        return []
    here = floor(path)
    return [
        f"{path.relative_to(PACKAGE)}:{line} imports {name}"
        for line, name in imports(path)
        if name.startswith("complaints.")
        and (there := name.split(".")[1]) != here
        and RANK.get(there, 1) >= RANK.get(here, -len(FLOORS))
    ]


def test_every_folder_and_module_has_a_floor():
    ignored = {"__init__", "__pycache__", "static", "translations", "py"}
    found = {
        each.stem
        for each in PACKAGE.iterdir()
        if each.stem not in ignored and (each.suffix == ".py" or list(each.glob("*.py")))
    }
    assert found <= set(FLOORS)


@pytest.mark.parametrize("name", FLOORS)
def test_imports_of_a_floor_point_down(name):
    assert [line for path in FILES if floor(path) == name for line in wrong_way(path)] == []


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("store/planted.py", "from complaints.web import mounting"),
        ("store/planted.py", "def late():\n    import complaints.extension"),
        ("cases/planted.py", "from ..administration import doctor"),
        ("base/planted.py", "from complaints import answers"),
        ("unknown/planted.py", "from complaints.base import keys"),
    ],
)
def test_an_import_that_points_up_would_be_seen(place, source, tmp_path, monkeypatch):
    planted = tmp_path / place
    planted.parent.mkdir(parents=True)
    planted.write_text(source, encoding="utf-8")
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)

    assert len(wrong_way(planted)) == 1


@pytest.mark.parametrize("place", PURE)
def test_pure_code_imports_only_the_standard_library_and_named_exceptions(place):
    paths = [PACKAGE / place] if place.endswith(".py") else sorted((PACKAGE / place).rglob("*.py"))
    strangers = [
        f"{path.relative_to(PACKAGE)}:{line} imports {name}"
        for path in paths
        for line, name in imports(path)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(name == allowed or name.startswith(f"{allowed}.") for allowed in PURE[place])
    ]
    assert strangers == []


@pytest.mark.parametrize("place", PURE)
def test_pure_code_never_asks_what_time_it_is(place):
    paths = [PACKAGE / place] if place.endswith(".py") else sorted((PACKAGE / place).rglob("*.py"))
    clocks = {"now", "utcnow", "today", "time_ns", "monotonic"}
    asking = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in clocks
    ]
    assert asking == []


def test_each_file_is_short_enough_to_be_read_at_once():
    lengths = {
        str(path.relative_to(PACKAGE)): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES
    }
    assert lengths.pop(VERIFIER) <= LONGEST_VERIFIER
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}
