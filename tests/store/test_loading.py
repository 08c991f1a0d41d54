"""What a worker loads to serve pages, and what it does not."""

from __future__ import annotations

import subprocess
import sys


def test_serving_pages_does_not_load_the_migration_tool():
    code = "import sys, complaints; print([name for name in ('alembic', 'mako', 'docx', 'PIL') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
