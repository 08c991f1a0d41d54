"""Exports as tests order and read them, with programs that are not ours."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess

import pytest
import servers
from factories import ALICE
from sqlalchemy import func, select

from complaints.evidence import export
from complaints.evidence.chosen import Chosen

STRANGE = '😀𠮷䶮 مرحبا <img src="file:///etc/passwd"> <b>未闭合 <font color="[[[1]]]"> =1+1\n=2+2 _x0041_'


def made(desk, kind, form, **values):
    chosen = export.order(desk.installation, ALICE, Chosen(kind, form, **values))
    return desk.read(lambda work: b"".join(export.stream(work, chosen)))


def rows_of_csv(data):
    assert data.startswith(export.BOM)
    return list(csv.DictReader(io.StringIO(data.removeprefix(export.BOM).decode(), newline="")))


def count(desk, table):
    return desk.read(lambda work: work.session.scalar(select(func.count()).select_from(table)))


def converted(tmp_path, name, data, to, suffix):
    """What LibreOffice makes of a file."""
    if shutil.which("soffice") is None:
        servers.skip_or_fail("LibreOffice is not installed")
    (tmp_path / name).write_bytes(data)
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", to, "--outdir", tmp_path / "out", tmp_path / name],
        check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    return next((tmp_path / "out").glob(f"*{suffix}"))


def text_of(tmp_path, data):
    (tmp_path / "read.pdf").write_bytes(data)
    return subprocess.run(
        ["pdftotext", "-raw", tmp_path / "read.pdf", "-"], check=True, capture_output=True
    ).stdout.decode()


def squeezed(text):
    """Without what a line break adds or takes."""
    return re.sub(r"\s", "", text)


@pytest.fixture
def lived(desk):
    filed = desk.file(is_test=True)
    for name in ("accept", "ask", "supply", "decide", "release", "rate"):
        desk.do(filed, name)
    return filed
