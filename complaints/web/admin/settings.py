"""The settings as the program sees them, for administrators; nothing on this page opens anything."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

from complaints.administration import configured
from complaints.base.translations import gettext as t
from complaints.delivery.mail import MailSettings
from complaints.web.admin.access import roles
from complaints.web.frame import frame


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/settings", "settings", settings)


@roles("admin")
def settings() -> ResponseReturnValue:
    """Versions, mail as it is sent, keys, and every setting of the table."""
    found = frame().installation
    return render_template(
        "complaints/admin/settings.html",
        nav="settings",
        rows=configured.settings(found, current_app.config),
        keys=configured.keys(found),
        versions=configured.versions(found),
        mail=_mail(),
        origins={
            "default": t("default"),
            "given": t("given"),
            "environment": t("from the environment"),
            "file": t("from a file"),
        },
        types={
            "str": t("text"),
            "int": t("number"),
            "bool": t("yes or no"),
            "list": t("list"),
            "table": t("table"),
        },
    )


def _mail() -> list[tuple[str, str]]:
    """How mail leaves once COMPLAINTS_MAIL_* and the product's MAIL_* are taken together."""
    found = MailSettings.of(frame().settings, current_app.config, testing=current_app.testing)
    security = {"starttls": "STARTTLS", "ssl": "TLS", "plain": t("not encrypted")}
    return [
        (t("Server"), f"{configured.bare(found.server)}:{found.port}" if found.server else t("not set")),
        (t("Encryption"), security[found.security]),
        (t("Sender"), found.sender or t("not set")),
        (t("User"), t("set") if found.username else t("not set")),
        (t("Password"), t("set") if found.password else t("not set")),
        (
            t("Authority of its certificate"),
            configured.place(found.ca_file) if found.ca_file else t("the system's"),
        ),
        (t("Sending"), t("suppressed: nothing leaves") if found.suppress else t("on")),
    ]
