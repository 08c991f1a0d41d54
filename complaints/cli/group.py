"""The command group and what its commands share."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn, TypeVar

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from complaints.administration.installation import Installation
from complaints.base.errors import ComplaintsError, ConfigError
from complaints.ledger.work import Actor
from complaints.web.frame import KEY

F = TypeVar("F", bound=Callable[..., Any])
FOUND, WRONG_USE = 1, 2

group = AppGroup("complaints", help="The complaint and report channel: set up, look after, publish, export.")


def installed() -> Installation:
    """The installation of the app the command runs for; a clear exit when there is none."""
    found: Installation | None = current_app.extensions.get(KEY)
    if found is None:
        fail("this app has no Complaints(app); mount it first", WRONG_USE)
    return found


def fail(sentence: str, code: int = FOUND) -> NoReturn:
    """Say what is wrong and end with the exit code."""
    click.echo(sentence, err=True)
    raise SystemExit(code)


def plainly(command: F) -> F:
    """Turn the package's errors into a sentence and exit code 2."""

    @wraps(command)
    def run(*args: Any, **values: Any) -> Any:
        try:
            return command(*args, **values)
        except ConfigError as error:
            fail(str(error), WRONG_USE)
        except ComplaintsError as error:
            fail(str(error), FOUND)
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or type(error).__name__)
            fail(
                f"the database did not answer as hoped ({reason}); is it up, and did `flask complaints init` run?"
            )

    return run  # type: ignore[return-value]  # the wrapper has the command's signature


def person(name: str | None) -> Actor:
    """Who runs a command: named by --by, else the account of the shell; kept in the log."""
    return Actor("admin", (name or getpass.getuser())[:64])


def load_commands() -> None:
    """Import every module that adds a command."""
    from complaints.cli import (  # noqa: F401, PLC0415 - importing adds the commands
        bundles,
        calendars,
        checkpoints,
        demo,
        erasing,
        evidence,
        export,
        keys,
        operators,
        policies,
        reports,
        searching,
        setup,
        working,
    )


load_commands()
