"""What the pages of exports, bundles and audits share: a job's buttons, how far it is, why it ended."""

from __future__ import annotations

from wtforms import HiddenField

from complaints.base.translations import gettext as t
from complaints.cases.personal_places import ERASED
from complaints.evidence.jobs import MISSING
from complaints.store.tables import Job
from complaints.web.forms import OwnForm


class JobForm(OwnForm):
    """Which job a button is about."""

    uid = HiddenField()


def share(job: Job) -> int:
    """How much of it is done, in percent."""
    return min(100, 100 * job.done // job.total) if job.total else 0


def size_words(job: Job) -> str:
    """The size of its file."""
    size = int(job.result.get("size", 0))
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, round(size / 1000))} kB"  # noqa: PLR2004 - units


def why_ended(job: Job) -> str:
    """Why it failed or was ended, and what to do; empty where there is nothing to say."""
    error = job.error or ""
    if error == ERASED:
        return t("Personal data that may be in it has been deleted, so it was ended. Order it again.")
    if error == "NothingSignedError":
        return t(
            "No signed checkpoint covers this yet. One is signed every few minutes; if not, see “Health”"
        )
    if error == "NotFoundError":
        return t(
            "A complaint in it may no longer leave: it was restricted meanwhile. Order it without that one."
        )
    if error.startswith(MISSING):
        return _missing().get(error.removeprefix(MISSING), error)
    # Our own errors say what to do, in the words of the terminal; the others are for whoever runs the server.
    if " " in error:
        return t("Something is not set up as it must be. Tell whoever runs the server: {error}", error=error)
    return error and t(
        "It stopped with {error}. Let it go on; if it stops again, tell whoever runs the server.", error=error
    )


def _missing() -> dict[str, str]:
    """What to do where something is missing that a file is made with, by the word of its `MissingError`."""
    extras = {"xlsx": "XlsxWriter", "docx": "python-docx", "pdf": "reportlab"}
    return {
        **{
            extra: t(
                "The server lacks {library}, which this format needs. Ask whoever runs it to install "
                "flask-complaints[{extra}], and let it go on.",
                library=library,
                extra=extra,
            )
            for extra, library in extras.items()
        },
        "font": t(
            "The server has no font with Chinese characters. Ask whoever runs it to install one (Debian and Ubuntu: "
            "fonts-wqy-microhei or fonts-noto-cjk), or to name a file in COMPLAINTS_DOCUMENT_FONT; then let it go on."
        ),
        "named-font": t(
            "The font that COMPLAINTS_DOCUMENT_FONT names is not there. Ask whoever runs the server to name a TTF, OTF "
            "or TTC font, and let it go on."
        ),
        "outlines": t(
            "The server's font has PostScript outlines, which a PDF cannot take. Ask whoever runs it to install "
            "fonts-wqy-microhei, or to name a TrueType font (TTF or TTC) in COMPLAINTS_DOCUMENT_FONT; then let it go on."
        ),
    }
