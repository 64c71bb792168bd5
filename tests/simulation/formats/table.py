"""The only list of formats for simulated sales."""

from typing import Final

from common.formats.dutch import DutchTerms
from common.formats.english import EnglishTerms
from common.formats.sealed import Pays, SealedTerms
from common.lot import LotView
from tests.simulation.formats.dutch import SimulatedDutch
from tests.simulation.formats.english import SimulatedEnglish
from tests.simulation.formats.format import SimulatedFormat
from tests.simulation.formats.sealed import SimulatedSealed

_ENGLISH: Final = SimulatedEnglish()
_SEALED: Final = SimulatedSealed(Pays.OWN_OFFER)
_VICKREY: Final = SimulatedSealed(Pays.SECOND_OFFER)
_DUTCH: Final = SimulatedDutch()

DRAWN_FROM: Final[tuple[SimulatedFormat, ...]] = (*[_ENGLISH] * 6, _SEALED, _VICKREY, *[_DUTCH] * 2)
"""The formats to draw lots from; a format that is listed more often is more likely."""
_FORMATS: Final[dict[type, SimulatedFormat]] = {EnglishTerms: _ENGLISH, SealedTerms: _SEALED, DutchTerms: _DUTCH}


def format_of(view: LotView) -> SimulatedFormat:
    """Return the format of a lot."""
    return _FORMATS[type(view.terms.format)]
