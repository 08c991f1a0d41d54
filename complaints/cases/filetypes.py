"""Which files are taken, told by their content, and the copy of a picture that operators see."""

from __future__ import annotations

import io
import logging
import threading
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# A JPEG is decoded at a fraction of its size; anything else is held in memory whole, four bytes a pixel.
MAX_PIXELS = {"JPEG": 100_000_000}
MAX_PIXELS_WHOLE = 16_000_000
_VIEW_EDGE = 1600
_TEXT_SAMPLE = 4096
_LOGGING = ("Image", "ImageFile", "PngImagePlugin", "TiffImagePlugin")


@dataclass(frozen=True)
class FileType:
    """A kind of file: media type as served back, endings that may name it."""

    media_type: str
    endings: tuple[str, ...]

    @property
    def picture(self) -> bool:
        """Whether operators get a re-encoded copy to look at."""
        return self.media_type in {"image/jpeg", "image/png", "image/gif", "image/webp"}


JPEG = FileType("image/jpeg", ("jpg", "jpeg"))
PNG = FileType("image/png", ("png",))
GIF = FileType("image/gif", ("gif",))
WEBP = FileType("image/webp", ("webp",))
HEIC = FileType("image/heic", ("heic", "heif"))
PDF = FileType("application/pdf", ("pdf",))
DOCX = FileType("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ("docx",))
XLSX = FileType("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ("xlsx",))
PPTX = FileType("application/vnd.openxmlformats-officedocument.presentationml.presentation", ("pptx",))
OLE = FileType("application/x-ole-storage", ("doc", "xls", "ppt"))
AMR = FileType("audio/amr", ("amr",))
MP3 = FileType("audio/mpeg", ("mp3",))
WAV = FileType("audio/wav", ("wav",))
OGG = FileType("audio/ogg", ("ogg", "opus"))
MP4 = FileType("video/mp4", ("mp4", "m4a", "mov"))
TEXT = FileType("text/plain", ("txt",))

_STARTS: tuple[tuple[bytes, FileType], ...] = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"%PDF-", PDF),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"#!AMR", AMR),
    (b"ID3", MP3),
    (b"\xff\xfb", MP3),
    (b"\xff\xf3", MP3),
    (b"OggS", OGG),
)
_OFFICE = (("word/", DOCX), ("xl/", XLSX), ("ppt/", PPTX))


def detect(name: str, data: bytes) -> FileType | None:
    """The file's type by its content, or None when it is not one we take.

    Only plain text is believed by its ending, and only when it reads as text and not as markup.
    """
    for start, kind in _STARTS:
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"WAVE": WAV}.get(data[8:12])
    if data[4:8] == b"ftyp":
        return HEIC if data[8:12] in {b"heic", b"heix", b"mif1", b"heif", b"hevc"} else MP4
    if data.startswith(b"PK\x03\x04"):
        return _office(data)
    if name.lower().endswith(".txt") and _reads_as_text(data):
        return TEXT
    return None


def viewable(data: bytes) -> bytes | None:
    """A smaller JPEG or PNG without any metadata, turned upright; None when the picture cannot be read safely."""
    try:
        from PIL import Image, ImageOps  # noqa: PLC0415 - an extra; without it operators download the original
    except ImportError:
        return None
    try:
        with _unheard(), warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "GIF", "WEBP")) as picture:
                most = MAX_PIXELS.get(picture.format or "", MAX_PIXELS_WHOLE)
                if picture.width * picture.height > most:
                    return None
                # A JPEG is decoded near the size needed: a tenth of the time for a phone's photograph.
                picture.draft("RGB", (_VIEW_EDGE, _VIEW_EDGE))
                upright = ImageOps.exif_transpose(picture)
                upright.thumbnail((_VIEW_EDGE, _VIEW_EDGE))
                has_alpha = upright.mode in {"RGBA", "LA", "P"}
                clean = upright.convert("RGBA" if has_alpha else "RGB")
                # A new image carries pixels only: no EXIF, no text chunks, no colour profile.
                fresh = Image.new(clean.mode, clean.size)
                fresh.paste(clean)
                out = io.BytesIO()
                fresh.save(out, "PNG" if has_alpha else "JPEG", quality=85)
                return out.getvalue()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep Pillow's own log lines of this thread from the host's log: at DEBUG they quote every EXIF tag."""
    thread = threading.get_ident()

    def keep(record: logging.LogRecord) -> bool:
        return record.thread != thread

    loggers = [logging.getLogger(f"PIL.{name}") for name in _LOGGING]
    for logger in loggers:
        logger.addFilter(keep)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(keep)


def _office(data: bytes) -> FileType | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    if "[Content_Types].xml" not in names or any(name.endswith("vbaProject.bin") for name in names):
        return None
    return next((kind for folder, kind in _OFFICE if any(name.startswith(folder) for name in names)), None)


def _reads_as_text(data: bytes) -> bool:
    if b"\x00" in data:
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return not text[:_TEXT_SAMPLE].lstrip("\ufeff \t\r\n").startswith("<")
    return False
