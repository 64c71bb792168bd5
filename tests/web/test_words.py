"""Every language of the pages has every word, as the same kind of thing, and none is left empty."""

from typing import Any

import pytest

from tests.bidder.web.gateways import GatewayProcess
from tests.web.browser import WAIT_MS, Guest, needs_browser

expect = needs_browser().expect
expect.set_options(timeout=WAIT_MS)

WORDS = """async (language) => {
  const { words } = await import(`/static/words/${language}.js`);
  const flat = (part, path) => Object.entries(part).flatMap(([name, word]) => {
    if (typeof word === "object") return flat(word, `${path}${name}.`);
    const said = typeof word === "function" ? `(${word.length}) ${word(2, 3, 4)} ${word(1, 1, 1)}` : word;
    return [[path + name, said]];
  });
  return Object.fromEntries(flat(words, ""));
}"""


@pytest.mark.parametrize(
    ("locale", "join"), [("de-CH", "Teilnehmen und bieten"), ("fr-FR", "Participer pour enchérir")]
)
def test_a_phone_speaks_the_language_of_its_browser(
    gateway: GatewayProcess,
    chromium: Any,
    locale: str,
    join: str,
) -> None:
    guest = Guest(chromium, gateway.origin, locale=locale)
    expect(guest.main).to_have_text(join)
    english, other = (guest.page.evaluate(WORDS, language) for language in ("en", locale[:2]))

    assert english.keys() == other.keys()
    for name, said in other.items():
        assert said, name
        assert "undefined" not in said, name
        assert said.startswith("(") == english[name].startswith("("), name
        if said.startswith("("):
            assert said[:3] == english[name][:3] or said[1] < english[name][1], name
    assert not guest.complaints
    guest.page.goto(f"{gateway.origin}/#lot/1")
    expect(guest.page.locator(".price")).to_contain_text("120")
    guest.context.add_cookies([{"name": "language", "value": "en", "url": gateway.origin}])
    guest.page.reload()
    expect(guest.main).to_have_text("Join to bid")
    guest.close()
