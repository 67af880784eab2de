"""What a reader meets on a page: what axe finds, what is cut, printed over or small, and where Tab goes."""

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from support.served import AXE, Visit

SCRIPT = Path(__file__).with_suffix(".js")
HEIGHT = 900
# A page is drawn at its full height, so nothing is below the window; the longest are not drawn to the end.
HIGHEST = 12_000
MOST_STOPS = 400
CHECKS = ("wide", "clipped", "overprinted", "small", "moving")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# What depends on the colors of a theme.
OF_COLORS = ["color-contrast"]
FIND = """async ([known, runOnly]) => {
    const answer = await axe.run(document, { resultTypes: ['violations'], elementRef: true, runOnly })
    const found = []
    for (const {id, impact, nodes} of answer.violations) {
        if (!['serious', 'critical'].includes(impact)) continue
        for (const node of nodes) {
            const place = known.findIndex((one) => one.rule === id && node.element?.matches(one.selector))
            found.push({place, text: `${id}: ${node.html.slice(0, 160)}`})
        }
    }
    return found
}"""


@dataclass(frozen=True)
class Known:
    """A finding of axe that is of Streamlit's own parts: the rule, the elements, and why it stays."""

    rule: str
    selector: str
    reason: str


@dataclass
class Found:
    """The faults of a page, and which known findings it has."""

    faults: list[str]
    known: set[Known]


def axe_faults(page: Page, known: list[Known], rules: list[str] = TAGS) -> Found:
    """What axe finds serious or critical by these rules, without what is known."""
    # Without the null the browser would send all of axe back.
    page.evaluate(f"{AXE.read_text(encoding='utf-8')}\nnull")
    found = page.evaluate(FIND, [[{"rule": one.rule, "selector": one.selector} for one in known], rules])
    return Found(
        [one["text"] for one in found if one["place"] < 0],
        {known[one["place"]] for one in found if one["place"] >= 0},
    )


def load_checks(page: Page) -> None:
    page.evaluate(f"{SCRIPT.read_text(encoding='utf-8')}\nnull")


def seen_faults(visit: Visit) -> list[str]:
    """What a reader sees who has asked for less motion, on all of the page."""
    page = visit.page
    size = page.viewport_size
    page.emulate_media(reduced_motion="reduce")
    height = page.get_by_test_id("stMain").evaluate("(one) => one.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": min(max(HEIGHT, height + 100), HIGHEST)})
    visit.wait_until_drawn()
    load_checks(page)
    faults = [fault for check in CHECKS for fault in page.evaluate("(name) => lookedAt[name]()", check)]
    page.set_viewport_size(size)
    return sorted(set(faults))


def keyboard_faults(page: Page) -> list[str]:
    """Where Tab stops without a sign, or out of the window, and what it does not reach."""
    load_checks(page)
    page.evaluate("lookedAt.walk.begin()")
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if page.evaluate("lookedAt.walk.step()"):
            walked = page.evaluate("lookedAt.walk.end()")
            return sorted(set(walked["faults"])) if walked["count"] else ["Tab stops nowhere"]
    return [f"Tab stops more than {MOST_STOPS} times"]
