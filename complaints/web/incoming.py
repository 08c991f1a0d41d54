"""Read a form with files so that too much of it costs nothing typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData
from werkzeug.wsgi import get_input_stream

from complaints.web.frame import installation
from complaints.web.parsing import FormParser

MB = 1_000_000
TEXT = 6 * MB
_PARTS = 200
_CHUNK = 256 * 1024
# So much beyond the limit is read and thrown away, because a browser shows no answer while it still sends.
_PATIENCE = 3


@dataclass(frozen=True)
class Incoming:
    """A posted form: its fields, its files, and whether it was too large to be taken whole."""

    form: MultiDict[str, str]
    files: list[FileStorage]
    too_large: bool = False

    def get(self, name: str) -> str:
        """A field's text; empty when it is not there."""
        return self.form.get(name) or ""


def allow(limit: int) -> None:
    """Let this request bring up to `limit` bytes, whatever the host allows elsewhere; call it before any hook reads it."""
    request.max_content_length = limit
    request.max_form_memory_size = TEXT
    request.max_form_parts = _PARTS
    request.form_data_parser_class = FormParser


def limit_of_files() -> int:
    """Bytes a form with every file it may have can take."""
    settings = installation().settings
    return settings.MAX_FILES * settings.MAX_FILE_MB * MB + TEXT


def read() -> Incoming:
    """The form; where it is too large its texts are saved and its files left out."""
    try:
        files = [one for name in request.files for one in request.files.getlist(name) if one.filename]
        return Incoming(request.form, files)
    except RequestEntityTooLarge:
        return Incoming(_texts(), [], too_large=True)
    except HTTPException:
        return Incoming(MultiDict(), [])


def _texts() -> MultiDict[str, str]:
    found: MultiDict[str, str] = MultiDict()
    boundary = request.mimetype_params.get("boundary", "").encode("latin-1", "replace")
    if request.mimetype != "multipart/form-data" or not boundary:
        return found
    stream = get_input_stream(request.environ, max_content_length=None)
    decoder = MultipartDecoder(boundary, max_form_memory_size=TEXT, max_parts=_PARTS)
    left, kept = _PATIENCE * limit_of_files(), _Text()
    try:
        while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
            left -= len(chunk)
            decoder.receive_data(chunk)
            while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
                kept.take(event, found)
    except (ValueError, OSError, HTTPException):
        pass
    return found


class _Text:
    """Puts the pieces of one text part together and ignores those of files."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.data = bytearray()

    def take(self, event: Any, found: MultiDict[str, str]) -> None:
        if isinstance(event, Field):
            self.name, self.data = event.name, bytearray()
        elif isinstance(event, File):
            self.name = None
        elif isinstance(event, Data) and self.name is not None:
            self.data += event.data
            if not event.more_data:
                found.add(self.name, self.data.decode("utf-8", "replace"))
                self.name = None


def plain(values: Mapping[str, str]) -> MultiDict[str, str]:
    """Values kept elsewhere in the shape a form reads."""
    return MultiDict(values)
