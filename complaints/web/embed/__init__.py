"""The report button for any page: its script, and the form that its dialog shows."""

from __future__ import annotations

from flask import Blueprint

from complaints.web.embed import filing, script


def register(blueprint: Blueprint) -> None:
    """Add the script and the pages of the dialog."""
    for module in (script, filing):
        module.register(blueprint)
