"""The types of each format of a lot, a module each; these unions are the only lists of them.

- Terms: what the catalogue tells everybody about the bidding. A lot's format is the type of its terms.
- A board: what everybody sees of the bidding. Every board has a `leader`, None where the format names none.
- Own: what one bidder may know of its own position.
- Offers: the requests by which a bidder says something about a lot. `FormatOffer` are those that belong to one format;
  to leave a bid, to take one back, and to stand by one is the same in all.
"""

from common.absentee import LeaveBidRequest
from common.confirming import ConfirmRequest
from common.formats.dutch import DutchBoard, DutchOwn, DutchTerms, StopRequest
from common.formats.english import BidRequest, BuyRequest, EnglishBoard, EnglishOwn, EnglishTerms
from common.formats.sealed import SealedBoard, SealedOwn, SealedTerms, SealRequest, UnsealRequest
from common.retraction import RetractRequest

AnyTerms = EnglishTerms | SealedTerms | DutchTerms
AnyBoard = EnglishBoard | SealedBoard | DutchBoard
AnyOwn = EnglishOwn | SealedOwn | DutchOwn
FormatOffer = BidRequest | BuyRequest | SealRequest | UnsealRequest | StopRequest
AnyOffer = FormatOffer | LeaveBidRequest | RetractRequest | ConfirmRequest
