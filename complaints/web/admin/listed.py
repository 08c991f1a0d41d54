"""The list a case was opened from: the way back to it, and on to the cases beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, request, url_for

from complaints.cases import queries
from complaints.cases.narrowing import NAMES
from complaints.cases.paging import Place
from complaints.store.tables import Complaint
from complaints.web.admin.access import operator
from complaints.web.admin.addresses import plain
from complaints.web.admin.queue import SIDES, filters_of, sides
from complaints.web.frame import frame

_NAME, _PLACE = "from", "at"
# Where number and place stand in the address of any case, in characters that no address writes in another way.
_ANY, _STANDS = "TS00000000-000000", "_place_"
# An address that is longer was not made here.
_LONGEST = 1000
# What is sent for itself, and leads nowhere on.
_ENDS = {"complaints.admin.file", "complaints.admin.picture", "complaints.admin.clocks"}


def register(blueprint: Blueprint) -> None:
    """Let each address of a case carry the list, and templates ask for the ways back and on."""
    blueprint.url_defaults(_carry)
    blueprint.context_processor(
        lambda: {"addresses_in_list": _opened, "back_to_list": _back, "beside_in_list": _beside}
    )


def _carry(endpoint: str, values: dict[str, Any]) -> None:
    """Hand the list on from one page of a case to the next, also through what is posted."""
    if "number" in values and endpoint not in _ENDS and _NAME not in values and _given():
        values[_NAME] = request.args[_NAME]


def _given() -> dict[str, str]:
    """The list in the address of a case, as its own address has it, with the place where the case stood."""
    said = request.args.get(_NAME, "") if "number" in (request.view_args or {}) else ""
    if not said or len(said) > _LONGEST:
        return {}
    return plain(parse_qsl(said))


def _opened(address: Mapping[str, str]) -> Callable[[Complaint], str]:
    """What gives each case its address in the list at `address`, which is the page that is shown now."""
    return _addresses({**address, **sides()})


def _back(number: str) -> str:
    """The address of the list, at this case; of the queue for who came by another way."""
    address: dict[str, Any] = {name: value for name, value in _given().items() if name != _PLACE}
    return url_for("complaints.admin.queue", **address, _anchor=number if address else None)


def _beside(case: Complaint) -> dict[str, str]:
    """The addresses of the cases `before` and `after` this one in its list; none for who came by another way.

    They stand beside the place where the case stood when it was opened, so that acting on it loses nobody's place.
    """
    given = _given()
    place = Place.read(given.get(_PLACE, ""))
    # Of a search, and of a list that is narrowed by something else, only its own page knows the order.
    if place is None or "q" in given or set(given) - {"view", _PLACE, *SIDES, *NAMES}:
        return {}
    work, viewer = frame().work, operator()
    found = queries.beside(work, viewer, filters_of(work, given), place, case)
    addressed = _addresses(given)
    return {side: addressed(other) for side, other in zip(("before", "after"), found, strict=True) if other}


def _addresses(address: Mapping[str, str]) -> Callable[[Complaint], str]:
    # Flask takes its time over each address, and those of a page differ in number and place alone.
    kept: dict[str, Any] = {_NAME: urlencode({**address, _PLACE: _STANDS})}
    start, _, rest = url_for("complaints.admin.case", number=_ANY, **kept).partition(_ANY)
    between, _, end = rest.rpartition(_STANDS)
    return lambda case: f"{start}{case.number}{between}{Place.of(case)}{end}"
