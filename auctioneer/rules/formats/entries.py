"""What an offer may write into a lot's book, and what a book may be: the unions over all formats."""

from auctioneer.rules.formats import dutch, english, sealed

AnyEntry = english.Book | sealed.SealedOffer | dutch.DutchEntry
AnyBook = english.Book | sealed.SealedBook | dutch.DutchBook
