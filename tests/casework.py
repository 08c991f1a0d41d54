"""An office at work on cases in the browser: open, act, decide, and look what the log holds of it."""

from __future__ import annotations

import re

from office import ADMIN, Forms, Office, quick_passwords, send

from complaints.cases import intake
from complaints.web.admin.bulk import unpacked

TEXT = "它说葡萄柚和降压药可以一起吃 <script>alert(1)</script>"
ANSWER = intake.Answer("可以一起吃", "能一起吃吗", mark="verified")


def staffed(tmp_path, clock, monkeypatch, **config):
    quick_passwords(monkeypatch)
    made = Office(tmp_path, clock, **config).start(clock)
    for who in ("handler", "second", "supervisor", "auditor"):
        made.client(who)
    return made


def page(filed):
    return f"{ADMIN}/case/{filed.number}"


def act(office, filed, name, who="handler", **values):
    return send(office.client(who), page(filed), f"/{name}", **values)


def decide(office, filed, who="handler", do="send", mode="decide", **values):
    given = {"outcome": "upheld", "reason": "verified", "text": "经核实，您反映的情况属实。", **values}
    return send(office.client(who), f"{page(filed)}/{mode}", f"/{mode}", do, **given)


def release(office, filed):
    from complaints.cases import deciding

    office.desk.later(minutes=3)
    office.desk.act(filed, deciding.release)


def types(office, filed):
    return [entry.type for entry in office.desk.events(filed)]


def system_events(office):
    from complaints.ledger.reading import history

    return [(entry.type, entry.actor) for entry in office.desk.read(lambda work: history(work, "system"))]


def numbers(answer, *filed):
    text = answer.get_data(as_text=True)
    return sorted((each.number for each in filed if each.number in text), key=text.index)


def box(office, filed):
    return f"{filed.uid}:{office.desk.case(filed).version}"


def post(client, **values):
    """The bulk form of the queue, sent with these values."""
    html = client.get(f"{ADMIN}/?view=all").get_data(as_text=True)
    form = next(each for each in Forms(html).found if each["action"].endswith("/bulk"))
    return client.post(f"{ADMIN}/bulk", data={**form["data"], **values})


def ticked(html):
    """The values of the boxes of a page on which every box is ticked, as they are shown."""
    return re.findall(r'name="case" value="([^"]+)" checked', html)


def chosen(html):
    """What a preview would send: the boxes, and then those that are chosen without being shown."""
    packed = re.search(r'name="rest" value="([^"]+)"', html)
    return [*ticked(html), *(f"{uid}:{version}" for uid, version in unpacked(packed[1] if packed else ""))]
