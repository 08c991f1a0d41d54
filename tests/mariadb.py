"""A MariaDB server of one's own, set up as a test needs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import servers
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool


@dataclass(frozen=True)
class Server:
    """A running server: the address of its administrator, and the folder of its files."""

    url: str
    data: Path


@contextmanager
def running(*options):
    """A MariaDB of these tests alone, with its binary log on."""
    server = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
    install = shutil.which("mariadb-install-db")
    if server is None or install is None:
        servers.skip_or_fail("mariadbd and mariadb-install-db are not installed")
    # pytest's own folders are closed to the account the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="complaints-mariadb-"))
    folder.chmod(0o711)
    home, log, port = folder / "home", folder / "log", servers.free_port()
    home.mkdir()
    run_as = {}
    if os.geteuid() == 0:
        shutil.chown(home, "mysql", "mysql")
        run_as = {"user": "mysql", "group": "mysql", "extra_groups": []}
    with log.open("w") as said:
        streams = {"stdin": subprocess.DEVNULL, "stdout": said, "stderr": said, **run_as}
        subprocess.run(
            [install, "--no-defaults", f"--datadir={home}/data", "--skip-test-db", "--auth-root-authentication-method=normal"],
            check=True, **streams,
        )  # fmt: skip
        process = subprocess.Popen(
            [server, "--no-defaults", f"--datadir={home}/data", "--bind-address=127.0.0.1", f"--port={port}",
             f"--socket={home}/socket", f"--pid-file={home}/pid", "--log-bin", "--server-id=1",
             "--innodb-flush-log-at-trx-commit=1", *options],
            **streams,
        )  # fmt: skip
    url = f"mysql+pymysql://root@127.0.0.1:{port}/mysql"
    try:
        while not servers.answers(url):
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        yield Server(url, home / "data")
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder)


def administer(url, *statements):
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
