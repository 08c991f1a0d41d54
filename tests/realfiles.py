"""What people really attach, made in code: a phone's photograph, a PDF, a Word file, a voice note."""

from __future__ import annotations

import io
import os
from functools import cache

import docx
from PIL import ExifTags, Image

PLACE = ((39.0, 54.0, 26.93), (116.0, 23.0, 29.22))
CAMERA = "Kamera 手机"
_STANDS_ON_ITS_LEFT = 6


@cache
def photograph() -> bytes:
    """About 10 MB of JPEG as a phone writes it: stored lying, its red half left, to be shown with red on top."""
    width, height = 3200, 2400
    halves = Image.new("RGB", (width, height), "blue")
    halves.paste((255, 0, 0), (0, 0, width // 2, height))
    noise = Image.frombytes("RGB", (width, height), os.urandom(width * height * 3))
    out = io.BytesIO()
    Image.blend(halves, noise, 0.3).save(
        out, "JPEG", quality=93, subsampling=0, exif=_exif(), comment=b"at home"
    )
    return out.getvalue()


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = _STANDS_ON_ITS_LEFT
    exif[ExifTags.Base.Model] = CAMERA.encode()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "N", PLACE[0]
    gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = "E", PLACE[1]
    return exif


def small_picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "PNG")
    return out.getvalue()


def pdf() -> bytes:
    """One page with a line on it, its table of offsets right."""
    content = b"BT /F1 24 Tf 72 700 Td (Complaint) Tj ET"
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(bodies) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(out))
    )


def letter() -> bytes:
    """A Word file with Chinese, a character of extension B and a table."""
    document = docx.Document()
    document.add_heading("情况说明", 1)
    document.add_paragraph("我姓𠮷，住在𡈽町。😀 مرحبا")
    document.add_table(rows=2, cols=2).cell(0, 0).text = "日期"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def voice_note() -> bytes:
    """Two seconds of AMR narrow band: header, then frames of 20 ms at 12.2 kbit/s (RFC 4867, 5.3)."""
    frame = bytes([7 << 3 | 4]) + bytes(range(31))
    return b"#!AMR\n" + frame * 100
