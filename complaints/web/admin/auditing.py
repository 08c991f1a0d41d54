"""The audit: ordered like a file, watched while it runs, and its findings told in words."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from complaints.administration import roster
from complaints.evidence import jobs
from complaints.evidence.chosen import AUDIT, Chosen
from complaints.ledger.audit_report import last
from complaints.policy.roles import READERS
from complaints.store.jobs import OPEN
from complaints.store.tables import Job
from complaints.web.admin import findings, words
from complaints.web.admin.access import operator, roles
from complaints.web.admin.evidence import begin
from complaints.web.admin.forms import sent
from complaints.web.admin.working import JobForm, share, size_words, why_ended
from complaints.web.forms import Act, old_page
from complaints.web.frame import frame

# An event is opened, hashed and replayed: a page waits for fewer of them than for lines of a table.
_AT_ONCE = 500


def register(blueprint: Blueprint) -> None:
    """Add the audit's page, which also orders it."""
    blueprint.add_url_rule("/evidence/audit", "audit", audit, methods=["GET", "POST"])


@roles(*READERS)
def audit() -> ResponseReturnValue:
    """How the last audit went; POST orders one, unless one is under way."""
    if request.method == "GET":
        return page()
    if not sent(Act()):
        return page(old_page()), 400
    running = any(job.state in OPEN for job in jobs.recent(frame().work.session, (AUDIT,)))
    if not running:
        frame().close()
        uid = jobs.order(frame().installation, operator().actor, Chosen(AUDIT, "json"))
        begin(uid, _AT_ONCE)
    return redirect(url_for("complaints.admin.audit"), 303)


def page(fault: str = "") -> str:
    """The audit under way, the last one with its findings, and those before."""
    work = frame().work
    made = jobs.recent(work.session, (AUDIT,))
    done = [job for job in made if job.state in {"done", "expired"}]
    newest = done[0] if done else None
    recorded = last(work)
    names = roster.read(work).names
    return render_template(
        "complaints/admin/audit.html",
        nav="evidence",
        now=[_row(job, names) for job in made if job.state in OPEN],
        ended=[_row(job, names) for job in made[:1] if job.state in {"failed", "cancelled"}],
        last=_row(newest, names) if newest else None,
        told=findings.told(work, newest.result.get("shown", ()), operator()) if newest else [],
        agreed=findings.checkpoint_words(work, newest.result.get("agreed")) if newest else "",
        # An audit by command leaves its event, and no job.
        elsewhere={
            "when": words.moment(recorded.at, work.now),
            "who": names.get(recorded.ref, recorded.ref),
            "findings": recorded.meta["findings"],
        }
        if recorded and (newest is None or newest.finished_at is None or recorded.at > newest.finished_at)
        else None,
        before=[_row(job, names) for job in done[1:]],
        one=JobForm(formdata=None),
        act=Act(formdata=None),
        fault=[{"id": "", "text": fault}] if fault else None,
    )


def _row(job: Job, names: Any) -> dict[str, Any]:
    now = frame().work.now
    return {
        "uid": job.uid,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "share": share(job),
        "anew": job.place.get("anew", 0) > 0,
        "who": names.get(job.ordered_by, job.ordered_by),
        "when": words.moment(job.finished_at or job.created_at, now),
        "findings": job.result.get("findings", 0),
        "counted": job.result.get("counted", {}),
        "size": size_words(job),
        "digest": job.result.get("sha256", ""),
        "file": job.state == "done" and job.expires_at is not None and job.expires_at > now,
        "until": words.moment(job.expires_at, now) if job.expires_at else "",
        "error": why_ended(job),
    }
