"""Pages for the public: entry, form, receipt, tracking, process."""

from __future__ import annotations

from flask import Blueprint


def register(blueprint: Blueprint) -> None:
    """Add every public page."""
    from complaints.web.public import entry, filing, process, tracking  # noqa: PLC0415

    for module in (entry, filing, tracking, process):
        module.register(blueprint)
