"""What python-docx has no words for: fonts of East Asian text, cell grounds, fields, repeated rows."""

from __future__ import annotations

from typing import Any

LATIN = "Times New Roman"
_GREY = "E8EBEE"


def fonts(properties: Any, name: str) -> None:
    """Name the fonts of a style: Latin, and `name` for Chinese; a theme would win over both."""
    fonts = properties.get_or_add_rFonts()
    # A theme font wins over a named one, so that Word would choose its own Chinese font.
    for attribute in list(fonts.attrib):
        if attribute.endswith("Theme"):
            del fonts.attrib[attribute]
    for script in ("ascii", "hAnsi", "cs"):
        fonts.set(tag(f"w:{script}"), LATIN)
    fonts.set(tag("w:eastAsia"), name)


def shade(cell: Any) -> None:
    """Grey ground for a cell."""
    properties = cell._tc.get_or_add_tcPr()  # noqa: SLF001 - python-docx has no shading
    shade = element("w:shd", {"w:val": "clear", "w:color": "auto", "w:fill": _GREY})
    properties.append(shade)


def merge_down(cell: Any, how: str) -> None:
    """Join a cell with the one above: restart or continue."""
    cell._tc.get_or_add_tcPr().append(element("w:vMerge", {"w:val": how}))  # noqa: SLF001 - merging by hand keeps one paragraph a cell


def pad(table: Any) -> None:
    """A little air above and below the text of each cell."""
    margins = element("w:tblCellMar", {})
    for side in ("top", "bottom"):
        margins.append(element(f"w:{side}", {"w:w": "50", "w:type": "dxa"}))
    table._tbl.tblPr.append(margins)  # noqa: SLF001 - python-docx has no cell margins


def repeat(row: Any) -> None:
    """Repeat a row at the top of each page."""
    row._tr.get_or_add_trPr().append(element("w:tblHeader", {"w:val": "true"}))  # noqa: SLF001 - as above


def keep_whole(row: Any) -> None:
    """Never split a row between pages."""
    row._tr.get_or_add_trPr().append(element("w:cantSplit", {"w:val": "true"}))  # noqa: SLF001 - as above


def field(paragraph: Any, instruction: str) -> None:
    """A field that the reader computes, such as PAGE."""
    for kind, content in (("begin", ""), ("", instruction), ("separate", ""), ("text", "1"), ("end", "")):
        run = paragraph.add_run()
        if kind == "text":
            run.text = content
        elif kind:
            run._r.append(element("w:fldChar", {"w:fldCharType": kind}))  # noqa: SLF001 - python-docx has no fields
        else:
            code = element("w:instrText", {"xml:space": "preserve"})
            code.text = f" {content} "
            run._r.append(code)  # noqa: SLF001 - as above


def element(name: str, attributes: dict[str, str]) -> Any:
    """An XML element with attributes."""
    from docx.oxml import OxmlElement  # noqa: PLC0415 - an optional dependency

    made = OxmlElement(name)
    for key, value in attributes.items():
        made.set(tag(key), value)
    return made


def tag(name: str) -> str:
    """A qualified name such as w:lang."""
    from docx.oxml.ns import qn  # noqa: PLC0415 - an optional dependency

    return str(qn(name))


def millimetres(length: float) -> Any:
    """A length as python-docx takes it."""
    from docx.shared import Mm  # noqa: PLC0415 - an optional dependency

    return Mm(length)
