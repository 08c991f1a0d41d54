"""The pictures a filing asks for, by name and caption; taking them is another file's work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Picture:
    """One picture: file name without suffix, caption, and whether only the provider can take it."""

    name: str
    caption: str
    by_hand: bool = False


@dataclass(frozen=True)
class Shot:
    """A picture that is wanted, and where it lies if it was taken."""

    picture: Picture
    path: Path | None = None


WANTED: tuple[Picture, ...] = (
    Picture("00-product", "产品页面上的投诉举报入口位置（含算法、模型备案信息公示处）", by_hand=True),
    Picture("01-entry", "投诉举报入口页"),
    Picture("02-form-type", "填写页：选择问题类型"),
    Picture("03-form-details", "填写页：填写内容和联系方式"),
    Picture("04-form-check", "核对页：提交前核对，写明办理期限"),
    Picture("05-receipt", "提交后的凭证：编号、查询码和办理期限"),
    Picture("06-tracking", "进度查询页：受理状态、答复期限和办理记录"),
    Picture("07-process", "公布的处理流程和反馈期限"),
    Picture("08-queue", "后台：按到期时间排列的待办列表"),
    Picture("09-case", "后台：投诉办理页"),
    Picture("10-answer", "办理结果的反馈：结果、理由、采取的措施和复核方式"),
)
# A person filing and following sits at a phone; an operator at a desk, and so does who reads the whole process.
AT_A_DESK = frozenset({"07-process", "08-queue", "09-case"})
# A cut goes where this many rows above and below are alike, so that no line of text is cut through.
_CALM, _SEARCH = 6, 240


def none_taken() -> list[Shot]:
    """Every picture still to be taken."""
    return [Shot(picture) for picture in WANTED]


def slices(path: Path, ratio: float) -> list[bytes]:
    """A picture in parts of nearly equal height, none much taller than `ratio` times its width, as PNG."""
    from PIL import Image  # noqa: PLC0415 - an optional dependency

    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    parts = -(-picture.height // int(picture.width * ratio))
    cuts = [0, *(_calm(picture, picture.height * part // parts) for part in range(1, parts)), picture.height]
    return list(_cut(picture, cuts))


def _cut(picture: Any, cuts: list[int]) -> Iterator[bytes]:
    for top, bottom in pairwise(cuts):
        out = BytesIO()
        # 256 colours show a page as well and make a document that can be mailed.
        picture.crop((0, top, picture.width, bottom)).quantize(256).save(out, "PNG", optimize=True)
        yield out.getvalue()


def _calm(picture: Any, wanted: int) -> int:
    width = picture.width * 3
    low = max(wanted - _SEARCH, _CALM)
    data = picture.crop((0, low - _CALM, picture.width, wanted + _CALM)).tobytes()
    rows = [data[at : at + width] for at in range(0, len(data), width)]
    for place in range(len(rows) - _CALM, _CALM, -1):
        if len(set(rows[place - _CALM : place + _CALM])) == 1:
            return low - _CALM + place
    return wanted
