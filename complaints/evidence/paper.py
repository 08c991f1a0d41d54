"""A Chinese office document: A4, 宋体 and 黑体, headings, tables, pictures, page numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from complaints.base.errors import MissingError
from complaints.evidence.markup import (
    field,
    fonts,
    keep_whole,
    merge_down,
    millimetres,
    pad,
    repeat,
    shade,
    tag,
)

BODY, HEADING = "宋体", "黑体"
# What only the provider can say stands out, so that nobody hands it in by mistake.
OPEN = re.compile(r"(【待填写[^】]*】)")
# XML 1.0, production 2: everything else makes a document no reader opens.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARGINS = {"top": 25, "bottom": 22, "left": 26, "right": 24}
_PAGES = ("第 ", "PAGE", " 页 共 ", "NUMPAGES", " 页")
_TEXT_POINTS, _TABLE_POINTS, _SMALL_POINTS = 12, 10.5, 9
_LINE = 1.35


@dataclass(frozen=True)
class Identity:
    """What the file says of itself: title, who stands behind it, a remark, when it was made, its language (BCP 47)."""

    title: str
    author: str
    remark: str
    made: datetime
    lang: str = "zh-CN"


def clean(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return _ILLEGAL.sub("", text)


def gap(what: str = "") -> str:
    """The mark of something that is still to be filled in."""
    return f"【待填写：{what}】" if what else "【待填写】"


class Paper:
    """A document being written from top to bottom; `bytes` ends it.

    Raises ConfigError when python-docx is not installed.
    """

    def __init__(self, identity: Identity, header: str, footer: Sequence[str] = _PAGES) -> None:
        try:
            import docx  # noqa: PLC0415 - an optional dependency
        except ImportError as error:
            raise MissingError(
                "docx", "a Word document needs python-docx; install flask-complaints[docx]"
            ) from error
        self._document: Any = docx.Document()
        self._page()
        self._styles()
        self._frame(header, footer)
        self._identify(identity)

    def title(self, text: str, below: str = "") -> None:
        """The document's title, with a line below it."""
        self._paragraph(text, style="Title")
        if below:
            self._paragraph(below, style="Subtitle")

    def heading(self, text: str, level: int = 1) -> None:
        """A numbered heading; the number is part of the text, as Chinese documents write it."""
        self._document.add_heading(clean(text), level)

    def text(self, text: str) -> None:
        """A paragraph, its first line indented by two characters."""
        paragraph = self._paragraph(text)
        _indent(paragraph)

    def note(self, text: str) -> None:
        """A remark in a grey box."""
        table = self._document.add_table(1, 1, style="Table Grid")
        pad(table)
        cell = table.rows[0].cells[0]
        shade(cell)
        _write(cell.paragraphs[0], text, _TABLE_POINTS)
        self._gap()

    def bullets(self, items: Sequence[str]) -> None:
        """A list."""
        for item in items:
            self._paragraph(item, style="List Bullet")

    def steps(self, items: Sequence[tuple[str, str]]) -> None:
        """Numbered steps: a title in bold and what happens."""
        for number, (title, text) in enumerate(items, 1):
            paragraph = self._document.add_paragraph()
            run = paragraph.add_run(clean(f"{number}. {title}："))
            run.bold = True
            _write(paragraph, text)
            paragraph.paragraph_format.left_indent = millimetres(7)
            paragraph.paragraph_format.first_line_indent = millimetres(-7)

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """A table of names and values, without a header row."""
        self.table((), rows, (40, 120))

    def table(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
        *,
        join: bool = False,
    ) -> None:
        """A table; `widths` are in millimetres and sum to at most 160. The header row repeats on each page.

        `join` makes one cell of equal neighbours in the first column.
        """
        table = self._document.add_table(0, len(widths), style="Table Grid")
        table.autofit = False
        pad(table)
        for column, width in zip(table.columns, widths, strict=True):
            column.width = millimetres(width)
        before = ""
        for place, cells in enumerate([head, *rows] if head else rows):
            row = table.add_row()
            keep_whole(row)
            heading = bool(head) and place == 0
            if heading:
                repeat(row)
            for column, (cell, value, width) in enumerate(zip(row.cells, cells, widths, strict=True)):
                cell.width = millimetres(width)
                shown = value
                if join and column == 0 and not heading:
                    merge_down(cell, "continue" if value == before else "restart")
                    before, shown = value, ("" if value == before else value)
                if heading or (not head and column == 0):
                    shade(cell)
                _write(cell.paragraphs[0], shown, _TABLE_POINTS, bold=heading)
                # A header row stays with the first row below it.
                cell.paragraphs[0].paragraph_format.keep_with_next = heading
        self._gap()

    def picture(self, data: bytes, caption: str, *, height: float) -> None:
        """A picture in the middle, `height` millimetres tall, with its caption below."""
        paragraph = self._document.add_paragraph()
        paragraph.alignment = 1
        paragraph.paragraph_format.keep_with_next = True
        _picture(paragraph, data, caption, height=millimetres(height))
        self._paragraph(caption, style="Caption")

    def strip(self, parts: Sequence[bytes], caption: str, *, width: float, in_a_row: int) -> None:
        """A tall picture in framed parts, read from left to right and top to bottom, with one caption."""
        rows = [parts[first : first + in_a_row] for first in range(0, len(parts), in_a_row)]
        table = self._document.add_table(len(rows), len(rows[0]), style="Table Grid")
        table.alignment, table.autofit = 1, False
        for column in table.columns:
            column.width = millimetres(width + 4)
        for row, pieces in zip(table.rows, rows, strict=True):
            keep_whole(row)
            for number, (cell, piece) in enumerate(zip(row.cells, pieces, strict=False), 1):
                cell.width = millimetres(width + 4)
                paragraph = cell.paragraphs[0]
                paragraph.alignment = 1
                paragraph.paragraph_format.keep_with_next = True
                paragraph.paragraph_format.line_spacing = 1.0
                _picture(paragraph, piece, f"{caption}（{number}）", width=millimetres(width))
        self._paragraph(caption, style="Caption")

    def new_page(self) -> None:
        """What follows begins on a new page."""
        self._document.add_page_break()

    def bytes(self) -> bytes:
        """The finished DOCX; two runs differ by the times inside the archive."""
        out = BytesIO()
        self._document.save(out)
        return out.getvalue()

    def _paragraph(self, text: str, style: str | None = None) -> Any:
        paragraph = self._document.add_paragraph(style=style)
        _write(paragraph, text)
        return paragraph

    def _gap(self) -> None:
        paragraph = self._document.add_paragraph()
        paragraph.paragraph_format.space_after = 0
        paragraph.paragraph_format.line_spacing = 0.6

    def _page(self) -> None:
        section = self._document.sections[0]
        section.page_width, section.page_height = millimetres(210), millimetres(297)
        for side, length in _MARGINS.items():
            setattr(section, f"{side}_margin", millimetres(length))

    def _styles(self) -> None:
        from docx.shared import Pt, RGBColor  # noqa: PLC0415 - an optional dependency

        styles = self._document.styles
        language = styles.element.find(".//" + tag("w:lang"))
        if language is not None:
            # Of what is in Latin letters: taken for Chinese, it would be broken within words.
            language.set(tag("w:val"), "en-US")
            language.set(tag("w:eastAsia"), "zh-CN")
        for name, font, size, bold, before, after in (
            ("Normal", BODY, _TEXT_POINTS, False, 0, 6),
            ("Title", HEADING, 22, False, 60, 12),
            ("Subtitle", BODY, 14, False, 0, 24),
            ("Heading 1", HEADING, 16, False, 18, 8),
            ("Heading 2", HEADING, 14, False, 12, 6),
            ("Caption", BODY, _TABLE_POINTS, False, 2, 10),
            ("List Bullet", BODY, _TEXT_POINTS, False, 0, 3),
            ("Header", BODY, _SMALL_POINTS, False, 0, 0),
            ("Footer", BODY, _SMALL_POINTS, False, 0, 0),
        ):
            style = styles[name]
            style.font.size, style.font.bold, style.font.italic = Pt(size), bold, False
            style.font.color.rgb = RGBColor(0, 0, 0)
            fonts(style.element.get_or_add_rPr(), font)
            style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
            style.paragraph_format.line_spacing = _LINE
        for name in ("Title", "Subtitle", "Caption", "Footer"):
            styles[name].paragraph_format.alignment = 1
        # The default title has a coloured rule below it.
        for border in styles["Title"].element.findall(".//" + tag("w:pBdr")):
            border.getparent().remove(border)

    def _frame(self, header: str, footer: Sequence[str]) -> None:
        section = self._document.sections[0]
        _write(section.header.paragraphs[0], header)
        foot = section.footer.paragraphs[0]
        for part in footer:
            if part in {"PAGE", "NUMPAGES"}:
                field(foot, part)
            else:
                foot.add_run(part)

    def _identify(self, identity: Identity) -> None:
        properties = self._document.core_properties
        properties.title, properties.author = clean(identity.title)[:255], clean(identity.author)[:255]
        properties.comments, properties.language = clean(identity.remark)[:255], identity.lang
        properties.last_modified_by = ""
        properties.created = properties.modified = identity.made.replace(tzinfo=None)


def _picture(paragraph: Any, data: bytes, words: str, **size: Any) -> None:
    shape = paragraph.add_run().add_picture(BytesIO(data), **size)
    shape._inline.docPr.set("descr", clean(words))  # noqa: SLF001 - python-docx has no other way to alternative text


def _write(paragraph: Any, text: str, size: float = 0, *, bold: bool = False) -> None:
    from docx.enum.text import WD_COLOR_INDEX  # noqa: PLC0415 - an optional dependency
    from docx.shared import Pt  # noqa: PLC0415 - as above

    if size:
        paragraph.paragraph_format.space_after = Pt(0)
        paragraph.paragraph_format.line_spacing = 1.2
    for part in OPEN.split(clean(text)):
        if not part:
            continue
        run = paragraph.add_run(part)
        if size:
            run.font.size = Pt(size)
        if bold:
            run.bold = True
        if OPEN.fullmatch(part):
            run.font.highlight_color = WD_COLOR_INDEX.YELLOW


def _indent(paragraph: Any) -> None:
    from docx.shared import Pt  # noqa: PLC0415 - an optional dependency

    paragraph.paragraph_format.first_line_indent = Pt(2 * _TEXT_POINTS)
