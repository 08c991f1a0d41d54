"""Small real files for samples: a picture like a screenshot, a page of PDF, a text."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from complaints.cases.attachments import Upload, check

_MAX_MB = 1
_WIDTH, _HEIGHT = 360, 640
_LINE = 18  # pixels from one line of grey to the next
_PAPER, _INK, _BUBBLE = b"\xf4\xf6\xf8", b"\xc9\xd1\xda", b"\x1f\x5b\x4c"


def make(given: str) -> Upload:
    """The file that `"name.ending: words"` describes; the ending says which kind."""
    name, _, words = given.partition(": ")
    return check(name, _KINDS[name.rpartition(".")[2]](words), max_mb=_MAX_MB)


def _png(words: str) -> bytes:
    """A PNG (RFC 2083) that looks like a chat on a phone: bubbles left and right, lines of grey for text."""
    rows, bubbles = [], max(3, len(words) % 6 + 3)
    for y in range(_HEIGHT):
        bubble, inside = divmod(y, _HEIGHT // bubbles)
        right = bubble % 2 == 0
        if inside < _HEIGHT // bubbles // 3:
            rows.append(_PAPER * _WIDTH)
        elif right:
            rows.append(_PAPER * 140 + _BUBBLE * 200 + _PAPER * 20)
        elif inside % _LINE < _LINE // 2:
            rows.append(_PAPER * 20 + _INK * (180 + inside % 7 * 10) + _PAPER * (160 - inside % 7 * 10))
        else:
            rows.append(_PAPER * _WIDTH)
    pixels = zlib.compress(b"".join(b"\x00" + row for row in rows), 9)
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _pdf(words: str) -> bytes:
    """A PDF of one page in a base font; only Latin letters, since no font is embedded."""
    text = words.encode("ascii", "replace").replace(b"\\", b"").replace(b"(", b"[").replace(b")", b"]")
    drawn = b"BT /F1 14 Tf 72 760 Td (" + text + b") Tj 0 -28 Td (Sample document for demonstration) Tj ET"
    fonts = b"<< /Font << /F1 5 0 R >> >>"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources %s >>" % fonts,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (
        out
        + b"xref\n0 6\n0000000000 65535 f \n%strailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (
            table,
            len(out),
        )
    )


def _txt(words: str) -> bytes:
    return words.replace("\\n", "\n").encode()


_KINDS: dict[str, Callable[[str], bytes]] = {"png": _png, "pdf": _pdf, "txt": _txt}
