"""A document as PDF with its Chinese font inside: every character is drawn, or named by its number, never a box."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from complaints.base.errors import MissingError
from complaints.base.translations import gettext as t
from complaints.evidence import fonts
from complaints.evidence.cells import shown
from complaints.evidence.paper import Identity

_INK, _GREY, _RULE = "#1a1d21", "#eef0f2", "#b6bcc4"
_TEXT, _SMALL, _TABLE = 10.5, 8.5, 9
# Points from the edge of A4, and the width of the text in millimetres, as in the Word document.
_MARGIN, _FULL_MM, _MM = 62, 160, 72 / 25.4
# What must fit below a heading, in points: the head of a table and a row.
_ROOM = 110
_WIDTH = _FULL_MM * _MM
# The width of A4, and what reportlab keeps free within its frames.
_PAGE, _PADDING = 595.28, 6
# Characters that reportlab breaks lines at itself, and those that need no glyph.
_PLAIN = frozenset("\n\t ")
_CJK = "\u2e80"


class Pdf:
    """A document being written from top to bottom; `bytes` ends it. Same words as `paper.Paper`.

    Everything said is text: nothing in it is read as markup, no picture or address in it is ever opened.
    Raises ConfigError when reportlab or a font with Chinese characters is missing.
    """

    def __init__(self, identity: Identity, header: str, font: str = "") -> None:
        try:
            import reportlab  # noqa: F401, PLC0415 - an optional dependency
        except ImportError as error:
            raise MissingError("pdf", "a PDF file needs reportlab; install flask-complaints[pdf]") from error
        self._identity, self._header = identity, header
        self._font, self._glyphs = _font(font)
        self._story: list[Any] = []
        self._lacking: dict[str, None] = {}

    def title(self, text: str, below: str = "") -> None:
        """The document's title, with a line below it."""
        self._say(text, 18, leading=25, space_after=2)
        if below:
            self._say(below, _TEXT, colour="#4a5058", space_after=10)

    def heading(self, text: str, level: int = 1) -> None:
        """A heading; it never stands at the foot of a page."""
        from reportlab.platypus import CondPageBreak  # noqa: PLC0415 - an optional dependency

        # Keeping it with a long table would take the whole table to the next page.
        self._story.append(CondPageBreak(_ROOM))
        self._say(text, 13 if level == 1 else 11, leading=18, space_before=12, space_after=4)

    def text(self, text: str) -> None:
        """A paragraph."""
        self._say(text, _TEXT, space_after=5)

    def note(self, text: str) -> None:
        """Words of somebody, or a remark, on a grey ground."""
        self._say(text, _TEXT, back=_GREY, space_before=4, space_after=9)

    def bullets(self, items: Sequence[str]) -> None:
        """A list."""
        for item in items:
            self._say(f"· {item}", _TEXT, space_after=2)

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """A table of names and values, without a header row."""
        self.table((), rows, (40, 120))

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
        """A table; `widths` are in millimetres and sum to at most 160. The header row repeats on each page."""
        from reportlab.platypus import LongTable, Spacer  # noqa: PLC0415 - an optional dependency

        cells = [[self._cell(value) for value in row] for row in ([head, *rows] if head else rows)]
        if not cells:
            return
        ground = ("BACKGROUND", (0, 0), (-1, 0) if head else (0, -1), _GREY)
        self._story.append(
            LongTable(
                cells,
                colWidths=[width * _MM for width in widths],
                repeatRows=1 if head else 0,
                splitInRow=1,
                hAlign="LEFT",
                style=[
                    # Else every table names Helvetica, which is not embedded.
                    ("FONT", (0, 0), (-1, -1), self._font),
                    ("GRID", (0, 0), (-1, -1), 0.4, _RULE),
                    ("VALIGN", (0, 0), (-1, -1), "TOP"),
                    ("TOPPADDING", (0, 0), (-1, -1), 3),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
                    ("LEFTPADDING", (0, 0), (-1, -1), 5),
                    ("RIGHTPADDING", (0, 0), (-1, -1), 5),
                    ground,
                ],
            )
        )
        self._story.append(Spacer(1, 6))

    def bytes(self) -> bytes:
        """The finished PDF; the same content gives the same bytes."""
        from reportlab.platypus import SimpleDocTemplate  # noqa: PLC0415 - an optional dependency

        if self._lacking:
            self.heading(t("Characters this document's font lacks"))
            self.text(t("They stand in the text by their Unicode number:"))
            self._say(" ".join(_number(character) for character in self._lacking), _TEXT)
        out = BytesIO()
        document = SimpleDocTemplate(
            out,
            pagesize=(_PAGE, 841.89),
            leftMargin=_MARGIN - _PADDING,
            rightMargin=_PAGE - _MARGIN - _WIDTH - _PADDING,
            topMargin=68,
            bottomMargin=58,
            title=self._identity.title,
            author=self._identity.author,
            subject=self._identity.remark,
            lang=self._identity.lang,
            invariant=1,
        )
        document.build(self._story, canvasmaker=self._canvas)
        return out.getvalue()

    def _canvas(self, *arguments: Any, **values: Any) -> Any:
        from reportlab.pdfgen.canvas import Canvas  # noqa: PLC0415 - an optional dependency

        header, font = self._drawn(self._header), self._font

        class Numbered(Canvas):  # type: ignore[misc]  # reportlab has no types
            """Pages that know how many they are."""

            def __init__(self, *given: Any, **named: Any) -> None:
                super().__init__(*given, **{**named, "initialFontName": font})
                self.kept: list[dict[str, Any]] = []

            def showPage(self) -> None:  # noqa: N802 - reportlab's name
                self.kept.append(dict(self.__dict__))
                self._startPage()

            def save(self) -> None:
                for number, state in enumerate(self.kept, 1):
                    self.__dict__.update(state)
                    self.setFont(font, _SMALL)
                    self.setFillColor("#4a5058")
                    self.drawString(_MARGIN, 800, header)
                    self.setStrokeColor(_RULE)
                    self.line(_MARGIN, 793, _MARGIN + _WIDTH, 793)
                    words = t("Page {number} of {total}", number=number, total=len(self.kept))
                    self.drawCentredString(_PAGE / 2, 34, words)
                    super().showPage()
                super().save()

        return Numbered(*arguments, **values)

    def _say(
        self,
        text: str,
        size: float,
        *,
        leading: float = 0,
        colour: str = _INK,
        back: str = "",
        space_before: float = 0,
        space_after: float = 0,
    ) -> None:
        self._story.append(
            self._paragraph(
                text,
                size,
                leading=leading or size * 1.55,
                textColor=colour,
                backColor=back or None,
                borderPadding=(3, 5, 4, 5) if back else 0,
                leftIndent=5 if back else 0,
                rightIndent=5 if back else 0,
                spaceBefore=space_before,
                spaceAfter=space_after,
            )
        )

    def _cell(self, text: str) -> Any:
        return self._paragraph(text, _TABLE, leading=_TABLE * 1.45, textColor=_INK)

    def _paragraph(self, text: str, size: float, **style: Any) -> Any:
        from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415 - an optional dependency
        from reportlab.platypus import Paragraph  # noqa: PLC0415 - as above

        drawn = self._drawn(text)
        # Chinese breaks anywhere; a sentence without it breaks between words.
        wrap = "CJK" if any(character >= _CJK for character in drawn) or " " not in drawn else None
        markup = escape(drawn).replace("\n", "<br/>")
        return Paragraph(
            markup,
            ParagraphStyle(
                "text", fontName=self._font, bulletFontName=self._font, fontSize=size, wordWrap=wrap, **style
            ),
        )

    def _drawn(self, text: str) -> str:
        found = []
        for character in shown(text).replace("\t", " "):
            if character in _PLAIN or ord(character) in self._glyphs:
                found.append(character)
            else:
                self._lacking[character] = None
                found.append(_number(character))
        return "".join(found)


def _number(character: str) -> str:
    return f"U+{ord(character):04X}"


@cache
def _font(configured: str) -> tuple[str, frozenset[int]]:
    """Register the first font that can be embedded; its name and the characters it has."""
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415 - an optional dependency
    from reportlab.pdfbase.ttfonts import TTFError, TTFont  # noqa: PLC0415 - as above

    paths: list[Path] = [fonts.chinese(configured)]
    if not configured:
        paths = list(fonts.present())
    for path in paths:
        try:
            font = TTFont(f"complaints-{path.stem}", str(path), subfontIndex=0)
        except TTFError:
            # OpenType with PostScript outlines cannot be embedded by reportlab.
            continue
        pdfmetrics.registerFont(font)
        return font.fontName, frozenset(font.face.charToGlyph)
    raise MissingError(
        "outlines",
        f"{paths[0]} has PostScript outlines, which a PDF cannot take: install fonts-wqy-microhei, or name a "
        "TrueType font (TTF or TTC) in COMPLAINTS_DOCUMENT_FONT",
    )
