"""Attachments for operators: the copy to look at, the original to take away; both stand in the log."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from complaints.base.errors import NotAllowedError
from complaints.cases import attachments, looking
from complaints.policy.roles import STAFF
from complaints.web.admin.access import operator, roles
from complaints.web.admin.case import opened
from complaints.web.admin.casepage import Page
from complaints.web.downloads import inert
from complaints.web.frame import frame
from complaints.web.headers import DOWNLOAD_CSP


def register(blueprint: Blueprint) -> None:
    """Add the two ways to a file."""
    blueprint.add_url_rule("/case/<number>/files/<uid>", "file", file)
    blueprint.add_url_rule("/case/<number>/files/<uid>/view", "picture", picture)


@roles(*STAFF)
def picture(number: str, uid: str) -> ResponseReturnValue:
    """A picture's re-encoded copy, without the metadata it came with."""
    page, viewer = _readable(number), operator()
    stream = page.case.uid
    media_type, data = attachments.view(page.work, stream, uid)
    frame().write(lambda work: looking.view(work, stream, viewer.actor, file=uid))
    return Response(data, mimetype=media_type, headers={"Content-Security-Policy": DOWNLOAD_CSP})


@roles(*STAFF)
def file(number: str, uid: str) -> ResponseReturnValue:
    """The original, byte for byte; inert, as a download."""
    page, viewer = _readable(number), operator()
    stream = page.case.uid
    held, data = attachments.original(page.work, stream, uid)
    frame().write(lambda work: looking.download(work, stream, viewer.actor, uid))
    return inert(held.name, data)


def _readable(number: str) -> Page:
    page = opened(number)
    if page.stored:
        raise NotAllowedError("this case is only stored; open it with a reason first")
    return page
