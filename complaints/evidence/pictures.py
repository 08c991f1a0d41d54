"""The pictures a filing asks for, by name and caption; taking them is another file's work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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
# A person filing and following sits at a phone; an operator at a desk.
AT_A_DESK = frozenset({"08-queue", "09-case"})


def none_taken() -> list[Shot]:
    """Every picture still to be taken."""
    return [Shot(picture) for picture in WANTED]
