"""A case and a period as PDF and Word documents, read by other programs."""

from __future__ import annotations

import subprocess

import pytest
from evidence.exporting import STRANGE, converted, count, lived, made, squeezed, text_of
from factories import ALICE
from sqlalchemy import select

from complaints.base.errors import InputError
from complaints.evidence import export, figures, period_paper
from complaints.evidence.chosen import Chosen, check
from complaints.ledger.proof import leaf_hash
from complaints.store.tables import Complaint, Event

__all__ = ["lived"]


@pytest.fixture
def strange(desk):
    filed = desk.file(
        fields={"details": STRANGE + "电话13812345678" + "长" * 4800, "mail": "reporter@example.com"}
    )
    for name in ("accept", "ask", "supply", "record_action", "decide", "release"):
        desk.do(filed, name)
    return filed


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_case_is_a_pdf_whose_text_can_be_read_and_holds_everything(desk, strange, tmp_path, lang):
    data = made(desk, "case", "pdf", number=strange.number, lang=lang)
    text = squeezed(text_of(tmp_path, data))
    hashes = desk.read(
        lambda work: [
            leaf_hash(leaf).hex()
            for leaf in work.session.scalars(select(Event.leaf).where(Event.stream == strange.uid))
        ]
    )

    assert squeezed(STRANGE).replace("😀𠮷䶮", "U+1F600U+20BB7U+4DAE")[30:] in text
    assert "U+1F600U+20BB7U+4DAE" in text
    assert "13812345678" not in text
    assert "138****5678" in text
    assert "r***@example.com" in text
    assert "截图.txt" in text
    assert "我们核实了，情况属实" in text
    assert text.count("长") == 4800
    assert all(each in text for each in hashes)
    fonts = (
        subprocess.run(["pdffonts", tmp_path / "read.pdf"], check=True, capture_output=True)
        .stdout.decode()
        .splitlines()[2:]
    )
    assert all(" yes yes " in line for line in fonts)
    assert "内部：模型版本7" not in text


def test_two_runs_of_one_order_give_the_same_pdf(desk, strange):
    chosen = export.order(desk.installation, ALICE, Chosen("case", "pdf", number=strange.number))
    first, second = (desk.read(lambda work: b"".join(export.stream(work, chosen))) for _ in range(2))
    assert first == second


def test_a_case_in_word_is_read_by_libreoffice(desk, strange, tmp_path):
    data = made(desk, "case", "docx", number=strange.number)
    text = squeezed(text_of(tmp_path, converted(tmp_path, "case.docx", data, "pdf", ".pdf").read_bytes()))

    assert '<imgsrc="file:///etc/passwd">' in text
    assert "我们核实了，情况属实" in text


def test_a_test_case_is_marked_on_its_document_and_counted_in_no_report(desk, lived, tmp_path):
    assert "测试" in text_of(tmp_path, made(desk, "case", "pdf", number=lived.number))
    text = text_of(tmp_path, made(desk, "period", "pdf"))
    chosen = export.settle(desk.installation, Chosen("period", "pdf"))
    counted = figures.Figures(desk.read(lambda work: work.calendar))
    for each in desk.read(lambda work: list(figures.replayed(work, chosen))):
        counted.add(each)

    numbers = counted.numbers
    assert (numbers["received"], counted.tests, numbers["answered"]) == (count(desk, Complaint) - 1, 1, 0)
    assert counted.promises == {"accept": [1, 0, 1], "result": [0, 0, 2]}
    assert lived.number in text.replace("\n", "")


def test_a_report_shows_as_many_lines_as_it_may_and_says_how_many_there_are(desk, tmp_path):
    chosen = export.settle(desk.installation, Chosen("period", "pdf"))
    data = desk.read(lambda work: period_paper.write(work, chosen, "", lambda _: None, most=1))

    assert "共2行" in text_of(tmp_path, data).replace(" ", "")


def test_a_case_that_is_kept_in_storage_only_is_not_exported(desk, lived):
    from complaints.cases import erasure
    from complaints.ledger.work import COMPLAINANT

    filed = desk.file()
    desk.installation.write(lambda work: check(work, Chosen("case", "pdf", number=filed.number)))
    desk.act(filed, erasure.request, COMPLAINANT)
    with pytest.raises(InputError) as refused:
        desk.installation.write(lambda work: check(work, Chosen("case", "pdf", number=filed.number)))
    assert "number" in refused.value.fields
