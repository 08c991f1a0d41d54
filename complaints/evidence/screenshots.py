"""Take the pictures of a filing in a real browser."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from complaints.administration.installation import Installation
from complaints.evidence.pictures import Shot, none_taken


def take(found: Installation, folder: Path, stage: Any) -> Generator[str, None, list[Shot]]:
    """Take what can be taken."""
    del found, folder, stage
    yield "no pictures taken"
    return none_taken()
