"""Where templates/ and migrations/ are: inside an installed wheel, or beside the package in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def folder(name: str) -> Path:
    """The folder `name`; raises RuntimeError when the installation lacks it."""
    inside = _PACKAGE / name
    if inside.is_dir():
        return inside
    root = _PACKAGE.parent
    # Without this test a broken wheel would take up a stranger's site-packages/migrations.
    if (root / "pyproject.toml").is_file() and (root / name).is_dir():
        return root / name
    raise RuntimeError(f"complaints was installed without its {name}/ folder; install the wheel again")
