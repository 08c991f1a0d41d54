"""The complaint channel as a service of its own, for products that are not written in Flask.

`flask --app complaints.standalone run` and `gunicorn 'complaints.standalone:create_app()'` serve it; every setting
comes from the environment.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, redirect
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix

from complaints.base import durable
from complaints.base.errors import ConfigError
from complaints.base.setting_table import PREFIX, SETTINGS
from complaints.extension import Complaints
from complaints.web.mounting import entry_url

FOLDER = f"{PREFIX}INSTANCE"
_SECRET = "secret_key"  # noqa: S105 - the name of a file


def create_app(environment: Mapping[str, str] | None = None) -> Flask:
    """The service, set up by `COMPLAINTS_*` variables; raises ConfigError for one that is unknown or wrong.

    `COMPLAINTS_INSTANCE` names the folder of its database, keys and files (`instance` below the current folder
    otherwise); `SECRET_KEY` may come from the environment too, else one is kept in that folder. `COMPLAINTS_PUSH` and
    `COMPLAINTS_VENDOR_KEYS` are JSON, lists are separated by commas.
    """
    given = os.environ if environment is None else environment
    folder = Path(given.get(FOLDER) or "instance").resolve()
    app = Flask("complaints.standalone", instance_path=str(folder), static_folder=None)
    app.config.update(_configuration(given))
    app.config["SECRET_KEY"] = given.get("SECRET_KEY") or _kept_secret(folder)
    Complaints(app)
    app.add_url_rule("/", "start", _start)
    if app.extensions["complaints"].settings.PROXIES:
        # Who asks is read by our own rules; the proxy only says whether the way to it was encrypted.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=0, x_proto=1)  # type: ignore[method-assign]  # as Flask documents
    return app


def _start() -> ResponseReturnValue:
    return redirect(entry_url())


def _configuration(environment: Mapping[str, str]) -> dict[str, Any]:
    types = {f"{PREFIX}{setting.name}": setting.type for setting in SETTINGS}
    found: dict[str, Any] = {}
    for name, value in environment.items():
        if name.startswith(PREFIX) and name != FOLDER:
            found[name] = _mapping(name, value) if types.get(name) is dict else value
    return found


def _mapping(name: str, value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError as error:
        raise ConfigError(
            f'{name} must be JSON, such as {{"operators": "dingtalk://SECRET@TOKEN"}}'
        ) from error


def _kept_secret(folder: Path) -> str:
    """A random value that every worker of this folder shares; the first to come writes it."""
    path = folder / "complaints" / _SECRET
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        made = durable.temporary(path, secrets.token_hex(32).encode())
        try:
            # A link, not a rename: of two workers that start at once, the second must not replace the first's.
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text(encoding="ascii")
