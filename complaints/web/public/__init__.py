"""Pages for the public: entry, form, receipt, tracking, process."""

from __future__ import annotations

from flask import Blueprint

from complaints.web.public import entry, filing, process, tracking


def register(blueprint: Blueprint) -> None:
    """Add every public page."""
    for module in (entry, filing, tracking, process):
        module.register(blueprint)
