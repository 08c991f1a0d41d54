"""Take the pictures of a filing: the real pages of this product, served from a temporary copy without its data.

The copy has the same policy, version and look, an empty SQLite database, keys and files of its own, and one
sample complaint marked 测试. It is filed over HTTP by the form itself; then each page is shown to a browser.
"""

from __future__ import annotations

import base64
import logging
import secrets
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import create_engine, insert, select
from werkzeug.serving import WSGIRequestHandler, make_server

from complaints.administration import operators
from complaints.administration.installation import Hooks, Installation
from complaints.base import resources
from complaints.base.errors import ComplaintsError
from complaints.base.keys import LENGTH, PURPOSES, variable
from complaints.evidence.camera import Camera, find
from complaints.evidence.pictures import AT_A_DESK, Shot, none_taken
from complaints.evidence.sample import Sample, walk
from complaints.ledger.work import SYSTEM, Actor, Work
from complaints.store import schema
from complaints.store.files import LocalFiles
from complaints.store.tables import PolicyVersion
from complaints.store.transactions import Database

Stage = Callable[[Installation], AbstractContextManager[Any]]
_log = logging.getLogger(__name__)


def take(found: Installation, folder: Path, stage: Stage) -> Generator[str, None, list[Shot]]:
    """Take what can be taken into `folder`; yields a line per thing done and returns every picture wanted.

    What goes wrong ends in a picture to be taken by hand, never in an error: the document is worth more.
    """
    shots = none_taken()
    camera = find()
    if camera is None:
        yield (
            "no Chromium was found: install one or name it in COMPLAINTS_TEST_CHROMIUM; "
            "the pictures to take are listed"
        )
        return shots
    taken: dict[str, Path] = {}
    with TemporaryDirectory(prefix="complaints-filing-") as scratch:
        try:
            with _copy(found, Path(scratch)) as (copy, sample), stage(copy) as app:
                for name in _pictures(copy, sample, app, camera, folder):
                    taken[name] = folder / f"{name}.png"
                    yield f"wrote {folder / name}.png"
        except (ComplaintsError, OSError, ValueError) as error:
            _log.debug("pictures", exc_info=True)
            yield f"the other pictures could not be taken ({error}); they are listed"
    return [replace(shot, path=taken.get(shot.picture.name)) for shot in shots]


@contextmanager
def _copy(found: Installation, scratch: Path) -> Iterator[tuple[Installation, Sample]]:
    settings = replace(
        found.settings,
        TEST_INSTALLATION=True,
        SCHEDULER=False,
        LIMITS_STORAGE="",
        DATABASE_URI="",
        FILES_DIR=str(scratch / "files"),
        key_settings={
            variable(purpose): base64.b64encode(secrets.token_bytes(LENGTH)).decode() for purpose in PURPOSES
        },
    )
    engine = create_engine(f"sqlite:///{scratch / 'copy.db'}")
    try:
        schema.upgrade(engine, resources.folder("migrations"))
        with found.reading() as work:
            versions = [dict(row) for row in work.session.execute(select(PolicyVersion.__table__)).mappings()]
        copy = Installation(settings, Database(engine), LocalFiles(settings.files_folder), Hooks(), found.now)
        copy.__dict__["file_policy"] = found.file_policy

        def fill(work: Work) -> Sample:
            if versions:
                work.session.execute(insert(PolicyVersion), versions)
            account, password = operators.create(
                work, "ceshi", "测试办理人员", ("admin", "handler"), restricted=True, by=SYSTEM
            )
            account.must_change = False
            work.session.flush()
            return Sample(account.login, Actor("handler", account.ref), password)

        yield copy, copy.write(fill)
    finally:
        engine.dispose()


def _pictures(copy: Installation, sample: Sample, app: Any, camera: Camera, folder: Path) -> Iterator[str]:
    pages: dict[str, bytes] = {}
    mark = f"/{secrets.token_hex(8)}/"

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if path.startswith(mark):
            start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
            return [pages[path.removeprefix(mark)]]
        return app(environ, start_response)

    server = make_server("127.0.0.1", 0, serve, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with camera.ready() as shoot:
            for name, page in walk(copy, sample, server.server_port):
                pages[name] = page
                address = f"http://127.0.0.1:{server.server_port}{mark}{name}"
                shoot(address, folder / f"{name}.png", desk=name in AT_A_DESK)
                yield name
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name is werkzeug's
        """Say nothing: a command prints what it wrote, not what it fetched."""
