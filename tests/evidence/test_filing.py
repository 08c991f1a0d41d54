"""The filing document: every promise from the policy in force, nothing invented, nothing that must not be printed."""

from __future__ import annotations

import io
import re
import tomllib
from pathlib import Path

import pytest
import servers
from factories import BOB
from lasting import installed

from complaints.administration.publishing import publish
from complaints.base.errors import ConfigError
from complaints.evidence import camera, filing, fonts, paper
from complaints.evidence.filing_facts import gather
from complaints.evidence.pictures import WANTED, slices
from complaints.policy import diagram
from complaints.policy.profile import load
from complaints.policy.states import TRANSITIONS

docx = pytest.importorskip("docx")

MINE = """
extends = "cn-genai"
[provider]
name = "明灯智能科技有限公司"
product = "明灯助手"
uscc = "91110108MA00000000"
address = "北京市海淀区示例路1号"
[numbers]
algorithm = "网信算备110108000000000000001号"
model = "Beijing-MingDeng-20260101"
[[models]]
name = "星河大模型"
own = false
vendor = "星河科技有限公司"
filing_number = "Beijing-XingHe-20240101"
complaint_route = "https://xinghe.example/complaints"
[contacts]
phone = "010-00000000"
mail = "jubao@mingdeng.example"
"""
STRANGE = (
    "".join(
        f"""
[deadlines.{key}]
accept = {{ amount = 17, unit = "wd" }}
result = {{ amount = 23, unit = "wd", cap_days = 0 }}
review = {{ amount = 29, unit = "wd", cap_days = 0 }}
"""
        for key in ("general", "rights", "personal_information", "urgent", "counter_notice")
    )
    + """
[review]
window_days = 41
max_per_case = 7
[pause]
max_wd = 13
[retention]
case_years = 19
log_months = 31
draft_hours = 37
"""
)


def in_force(installation, text, tmp_path, *, trial=False):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    policy = load(path)
    installation.write(lambda work: publish(work, policy, BOB, trial=trial, render_page=lambda *_: ""))
    return policy


def text_of(data):
    read = docx.Document(io.BytesIO(data))
    body = [paragraph.text for paragraph in read.paragraphs]
    cells = [cell.text for table in read.tables for row in table.rows for cell in row.cells]
    frame = [
        p.text
        for section in read.sections
        for part in (section.header, section.footer)
        for p in part.paragraphs
    ]
    return "\n".join([*body, *cells, *frame])


@pytest.fixture(scope="module", params=servers.databases())
def written(request, database_servers, tmp_path_factory):
    """The document of a provider who has filled in most of the policy, written once on each database."""
    with installed(request.param, database_servers, tmp_path_factory) as (installation, _):
        policy = in_force(installation, MINE, tmp_path_factory.mktemp("written"))
        yield policy, text_of(filing.document(installation))


def test_it_says_who_what_and_which_version(written):
    policy, text = written

    for said in (
        "明灯助手投诉举报机制说明",
        "明灯智能科技有限公司",
        "服务提供者",
        "网信算备110108000000000000001号",
        "星河科技有限公司",
        "https://xinghe.example/complaints",
        "010-00000000",
        "09:00至18:00",
        "https://ai.example.cn/complaints/",
        "https://ai.example.cn/complaints/process/1",
        policy.digest,
        "op_bob",
        "2026年11月23日（周一）10:00（北京时间）",
        "国务院办公厅关于2026年部分节假日安排的通知",
    ):
        assert said in text
    assert "试运行" not in text


def test_every_type_route_outcome_and_measure_of_the_policy_stands_in_it(written):
    policy, text = written

    for table in (policy.types, policy.groups, policy.outcomes, policy.decline_reasons, policy.actions):
        for key, each in table.items():
            label = each if table is policy.groups else each.label
            assert label("zh") in text, key
    for route in policy.routes.values():
        assert route.name("zh") in text


def test_what_a_role_may_do_comes_from_the_table_of_transitions(written):
    _, text = written

    for row in TRANSITIONS.values():
        if row.action != "file" and row.roles & {"handler", "supervisor"}:
            assert row.label.zh in text


def test_strange_numbers_arrive_everywhere_and_the_old_ones_nowhere(installation, tmp_path):
    in_force(installation, MINE + STRANGE, tmp_path)
    text = text_of(filing.document(installation))

    for said in (
        "17个工作日",
        "23个工作日",
        "29个工作日",
        "41天内",
        "最多7次",
        "13个工作日",
        "19年",
        "31个月",
        "37小时",
    ):
        assert said in text
    numbers = set(re.findall(r"(\d+)(?:个工作日|小时|个月)", text)) | set(
        re.findall(r"保存(\d+)年|(\d+)天内|最长(\d+)天", text)
    )
    plain = {
        number for found in numbers for number in (found if isinstance(found, tuple) else (found,)) if number
    }
    # 15 is the one outer limit that a rule sets; it cannot stand beside a longer promise.
    assert plain == {"17", "23", "29", "41", "13", "19", "31", "37"}


def test_without_a_named_person_it_says_that_it_is_a_trial(installation, tmp_path):
    in_force(installation, MINE, tmp_path, trial=True)
    text = text_of(filing.document(installation))

    assert "试运行：" in text
    assert "尚无负责人发布" in text
    assert "op_bob" not in text


def test_what_nobody_has_filled_in_is_marked_and_listed(installation):
    """Before anything is published the shipped profile speaks, and it knows no provider."""
    text = text_of(filing.document(installation))

    assert text.count("【待填写") > 15
    assert "规则尚未发布" in text
    with installation.reading() as work:
        for missing in work.policy.missing():
            assert missing.what("zh") in text
            assert missing.key in text


def test_the_policy_in_force_speaks_and_not_the_file(installation, tmp_path):
    """The file in the folder may have moved on; what was published goes on serving."""
    in_force(installation, MINE, tmp_path)
    installation.__dict__["file_policy"] = load()

    assert "明灯助手" in text_of(filing.document(installation))


NEVER = [
    "符合备案要求",
    "具有法律效力",
    "可靠电子签名",
    "可作为法庭证据",
    "备案中",
    "网络安全法",
    "GB/T 45654",
    "GB/T 35273",
    "电子商务法》第四十三条",
    "拟人化",
    "网络暴力信息治理规定",
    "规范互联网信息服务市场秩序",
    "电信和互联网用户个人信息保护规定",
]


@pytest.mark.parametrize("words", NEVER)
def test_what_must_never_be_printed_is_not(written, words):
    assert words not in written[1]


def test_no_number_of_days_is_called_law(written):
    policy, text = written

    assert not any(term.label == "law" for each in policy.deadlines.values() for term in each.terms)
    assert "法律法规规定" not in text
    assert "不是法律、法规规定的期限" in text
    for sentence in re.findall(r"[^。\n]*15[个天][^。\n]*", text):
        assert "最长15天" in sentence or "191号" in sentence


def test_no_internal_target_leaves(written):
    policy, text = written

    assert any(not term.publish for each in policy.deadlines.values() for term in each.terms)
    for hidden in ("3个工作日", "7个工作日", "4小时", "24小时"):
        assert hidden not in text


def test_12377_stands_beside_the_types_it_is_for(written):
    read = re.findall(r"12377[^\n]*", written[1])

    assert read
    assert not any("收费" in row for row in read)


def test_figures_count_real_complaints_only(desk, tmp_path):
    in_force(desk.installation, MINE, tmp_path)
    before = gather(desk.installation).figures
    marked, real, late = desk.file(is_test=True), desk.file(), desk.file()
    for filed in (marked, real):
        for name in ("accept", "decide", "release"):
            desk.do(filed, name)
    desk.do(late, "accept")
    desk.clock.now = desk.case(late).result_due
    desk.sweep()
    after = gather(desk.installation).figures

    assert (before.received, before.tests) == (2, 0)
    assert (after.received, after.answered, after.in_time, after.tests) == (4, 1, 1, 1)
    # The two complaints beside the one looked at have run out of time too.
    assert after.late == 3


def test_it_is_set_for_chinese_eyes(installation, tmp_path):
    in_force(installation, MINE, tmp_path)
    read = docx.Document(io.BytesIO(filing.document(installation)))
    from docx.oxml.ns import qn

    section = read.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    for style, font in (("Normal", "宋体"), ("Heading 1", "黑体"), ("Heading 2", "黑体"), ("Title", "黑体")):
        fonts_of = read.styles[style].element.rPr.rFonts
        assert fonts_of.get(qn("w:eastAsia")) == font
        assert not any("Theme" in name for name in fonts_of.attrib)
    assert [p.style.name for p in read.paragraphs].count("Heading 1") == 12
    fields = section.footer._element.xpath(".//w:instrText")
    assert [each.text.strip() for each in fields] == ["PAGE", "NUMPAGES"]
    assert all(shape._inline.docPr.get("descr") for shape in read.inline_shapes)
    assert len(read.inline_shapes) == 1


@pytest.mark.parametrize("words", ["a\x00b", "a\x0bb", "a\x1fb", "a\ud800b", "a\ufffeb", "a\uffffb"])
def test_characters_that_no_document_holds_are_left_out(words):
    assert paper.clean(words) == "ab"
    assert paper.clean("𠮷😀\n\t正") == "𠮷😀\n\t正"


def test_everything_is_written_to_a_folder_with_a_list_of_pictures(installation, tmp_path):
    in_force(installation, MINE, tmp_path)
    lines = list(filing.write(installation, tmp_path / "new" / "filing", screenshots=False))

    names = {path.name for path in (tmp_path / "new" / "filing").iterdir()}
    assert names == {filing.DOCUMENT, filing.CHECKLIST}
    listed = (tmp_path / "new" / "filing" / filing.CHECKLIST).read_text(encoding="utf-8")
    assert listed.count("[待截取]") == len(WANTED)
    assert all(picture.caption in listed for picture in WANTED)
    assert any("0 pictures taken" in line for line in lines)


def test_without_a_browser_the_pictures_are_listed(installation, tmp_path, monkeypatch):
    monkeypatch.setattr(camera, "chromium", lambda: None)
    in_force(installation, MINE, tmp_path)
    lines = list(filing.write(installation, tmp_path / "filing", screenshots=True, stage=_never))

    assert any("no Chromium was found" in line for line in lines)
    assert (tmp_path / "filing" / filing.DOCUMENT).is_file()


def _never(copy):
    raise AssertionError("nothing may be served without a browser")


def test_without_its_extra_it_names_the_extra(installation, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(ConfigError, match=r"flask-complaints\[docx\]"):
        filing.document(installation)


def test_a_font_is_named_found_or_asked_for(tmp_path, monkeypatch):
    named = tmp_path / "my.ttf"
    named.write_bytes(b"")
    assert fonts.chinese(str(named)) == named
    with pytest.raises(ConfigError, match="COMPLAINTS_DOCUMENT_FONT"):
        fonts.chinese(str(tmp_path / "none.ttf"))
    monkeypatch.setattr(fonts, "_places", lambda: iter([Path("/nowhere.ttf")]))
    with pytest.raises(ConfigError, match="fonts-wqy-microhei"):
        fonts.chinese()


def test_a_tall_picture_is_cut_where_nothing_stands(tmp_path):
    from PIL import Image, ImageDraw

    tall = Image.new("RGB", (100, 1000), "white")
    pen = ImageDraw.Draw(tall)
    for top in range(0, 1000, 50):
        pen.line((10, top, 40, top + 30), "black", 3)
    tall.save(tmp_path / "tall.png")
    parts = [Image.open(io.BytesIO(part)).convert("RGB") for part in slices(tmp_path / "tall.png", 2.0)]

    assert len(parts) == 5
    assert sum(part.height for part in parts) == 1000
    whole = Image.new("RGB", (100, 1000))
    top = 0
    for part in parts:
        whole.paste(part, (0, top))
        edge = part.crop((0, part.height - 2, 100, part.height)).getcolors()
        assert part is parts[-1] or len(edge) == 1
        top += part.height
    assert whole.tobytes() == tall.tobytes()


def test_the_diagram_is_the_one_of_the_pages():
    assert diagram.png(fonts.chinese(), "zh").startswith(b"\x89PNG")


def test_the_shipped_profile_has_the_sets_that_the_strange_numbers_replace():
    shipped = tomllib.loads(
        (Path(diagram.__file__).parent / "profiles" / "cn-genai.toml").read_text(encoding="utf-8")
    )

    assert set(shipped["deadlines"]) == {
        "general",
        "rights",
        "personal_information",
        "urgent",
        "counter_notice",
    }
