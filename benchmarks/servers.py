"""Contenders as servers: prepared, started under the same gunicorn, looked at, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from benchmarks.load import Visitor

HERE = Path(__file__).parent
PEERS = HERE / ".peers"
WORKERS, THREADS = 2, 4
GUNICORN = "27.0.1"
HELPDESK = ("django-helpdesk==2.6.1", "django==5.2.19", f"gunicorn=={GUNICORN}", "psycopg[binary]==3.3.9")


@dataclass(frozen=True)
class Contender:
    """How one contender is prepared and served; `python` is found (or made) when it is needed."""

    name: str
    application: str
    prepare: tuple[str, ...]
    page: str
    table: str
    python: Callable[[], str]
    url: Callable[[URL], str] = lambda url: url.render_as_string(hide_password=False)


def helpdesk_python() -> str:
    """The interpreter of django-helpdesk's own environment, installed at first use."""
    place = PEERS / ("-".join(each.split("[")[0] for each in HELPDESK[:2]).replace("==", "-"))
    python = place / "bin" / "python"
    done = place / "complete"
    if not done.exists():
        print(f"installing {HELPDESK[0]} into benchmarks/.peers", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        quiet = ["-q", "--disable-pip-version-check"]
        command = [str(python), "-m", "pip", "install", *quiet, *HELPDESK]
        installed = subprocess.run(command, capture_output=True, text=True, check=False)
        if installed.returncode:
            raise SystemExit(f"{HELPDESK[0]} could not be installed\n{installed.stderr[-3000:]}")
        done.touch()
    return str(python)


OURS = Contender(
    "complaints",
    "benchmarks.host:create_app()",
    ("-m", "flask", "--app", "benchmarks.host", "complaints", "init"),
    "/complaints/new?type=other&form=short",
    "complaints_complaint",
    lambda: sys.executable,
)
BARE = Contender(
    "bare",
    "benchmarks.peers.bare:create_app()",
    ("-m", "benchmarks.peers.bare"),
    "/report",
    "report",
    lambda: sys.executable,
)
HELP = Contender(
    "django-helpdesk",
    "helpdesk_site:application",
    (str(HERE / "peers" / "helpdesk_site.py"), "prepare"),
    "/tickets/submit/",
    "helpdesk_ticket",
    helpdesk_python,
    # Django reads addresses of its own kind: without SQLAlchemy's driver.
    lambda url: url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False),
)


def environment(contender: Contender, url: URL, folder: Path) -> dict[str, str]:
    """The same for all: where to write, and nothing inherited that could make one of them different."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FLASK_", "DJANGO_", "GUNICORN_"))
    }
    paths = [str(HERE.parent), str(HERE / "peers")]
    return {
        **kept,
        "BENCH_DATABASE": contender.url(url),
        "BENCH_FOLDER": str(folder),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONWARNINGS": "ignore",
    }


def prepare(contender: Contender, url: URL, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    run(contender, contender.prepare, url, folder)


def run(contender: Contender, command: Sequence[str], url: URL, folder: Path) -> str:
    """A command in the contender's environment; what it printed."""
    done = subprocess.run(
        [contender.python(), *command],
        env=environment(contender, url, folder),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(
            f"{contender.name}: {' '.join(command)} failed\n{done.stdout[-2000:]}{done.stderr[-3000:]}"
        )
    return done.stdout


@dataclass(frozen=True)
class Served:
    """A running contender: its port, its process, and the seconds from spawn to the first good answer."""

    contender: Contender
    port: int
    process: subprocess.Popen[bytes]
    first_answer: float

    def workers(self) -> list[int]:
        return sorted(_children(self.process.pid))

    def processor_seconds(self) -> float:
        """What the workers have computed so far; hardly moved by what else the machine does."""
        ticks = 0
        for pid in self.workers():
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(contender: Contender, url: URL, folder: Path) -> Iterator[Served]:
    """Serve until the block ends: gunicorn, the same workers, threads and keep-alive for every contender."""
    port = _free_port()
    command = [
        contender.python(), "-m", "gunicorn", contender.application,
        "--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS), "--threads", str(THREADS),
        "--worker-class", "gthread", "--keep-alive", "15", "--log-level", "warning", "--no-control-socket",
    ]  # fmt: skip
    log = folder / "server.log"
    with log.open("ab") as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment(contender, url, folder), stdout=output, stderr=output
        )
        try:
            yield Served(contender, port, process, _first_answer(contender, process, port, begin, log))
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def memory(pid: int) -> dict[str, float]:
    """Resident and proportional size of one process, in MB (10^6 bytes)."""
    sizes = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name in {"Rss", "Pss"}:
            sizes[name.lower()] = int(value.split()[0]) * 1024 / 1e6
    return sizes


def _first_answer(
    contender: Contender, process: subprocess.Popen[bytes], port: int, begin: float, log: Path
) -> float:
    last = "no answer"
    while time.perf_counter() - begin < 60 and process.poll() is None:
        visitor = Visitor(port)
        try:
            answer = visitor.get(contender.page)
        except OSError:
            time.sleep(0.005)
            continue
        finally:
            visitor.renew()
        if answer.status == 200:
            return time.perf_counter() - begin
        last = str(answer.status)
        break
    process.terminate()
    process.wait()
    raise SystemExit(f"{contender.name} did not come up ({last})\n{log.read_text(errors='replace')[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(each) for each in (task / "children").read_text(encoding="ascii").split()]
    return found
