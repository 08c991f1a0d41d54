"""Every page of the operators, one after the other, and what must not be seen on any of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from playwright.sync_api import expect

STATES = (
    "submitted",
    "accepted",
    "processing",
    "awaiting_complainant",
    "decided",
    "under_review",
    "closed",
    "declined",
    "withdrawn",
    "merged",
)
SIDEWAYS = "document.documentElement.scrollWidth > window.innerWidth"
# What sticks out of its card is lost to the eye as surely as what leaves the page.
OUTSIDE = """() => {
    const box = part => part.closest('.cmp-cards tr, .cmp-card, main, header');
    return Array.from(document.querySelectorAll('.cmp :is(a, button, input, select, textarea, .cmp-tag, h1, h2, dd, td)'))
        .filter(part => part.getClientRects().length && !part.closest('.cmp-hidden, .cmp-skip, .cmp-tabs, .cmp-scroll:not(:has(.cmp-cards))'))
        .filter(part => box(part) && part.getBoundingClientRect().right > box(part).getBoundingClientRect().right + 1)
        .map(part => part.outerHTML.slice(0, 160));
}"""


def walked(
    page, url: str, addresses: Mapping[str, str], cases: Mapping[str, tuple[str, Sequence[str]]]
) -> Iterator[str]:
    """Go to each page, and to a case in each state with its pages; what is folded is open. Yields the page's name."""
    for name, path in addresses.items():
        yield _stood(page, f"{url}/complaints{path}", name)
    for state in STATES:
        page.goto(f"{url}/complaints/admin/?view=all&state={state}")
        link = page.locator("[data-cmp-row]").first
        if link.count() == 0:
            continue
        case = f"{url}{link.get_attribute('href')}"
        yield _stood(page, case, f"case-{state}")
        for name, (ending, states) in cases.items():
            if state in states:
                yield _stood(page, case.replace("?", f"{ending}?"), f"{name}-{state}")


def settled(page) -> None:
    """Wait until a page no longer reads itself anew, as one that follows a job does, and stands whole."""
    expect(page.locator("html:not(:has(meta[http-equiv=refresh])) > body")).to_have_count(1)
    page.wait_for_load_state()


def _stood(page, address: str, name: str) -> str:
    page.goto(address)
    settled(page)
    page.evaluate("document.querySelectorAll('main details').forEach(part => { part.open = true })")
    assert page.locator("h1").count() == 1, f"{name}: {page.title()}"
    return name
