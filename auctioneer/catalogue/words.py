"""The words that people use for the keys of a catalogue, and for columns that a catalogue does not keep."""

import re
import unicodedata
from typing import Final

_SYNONYMS: Final[dict[str, str]] = {
    "number": "lot lot_no lot_nr lot_num lot_number lot_id no nr num id item_no item_nr item_number item_id",
    "title": "name lot_title lot_name item item_title item_name",
    "format": "lot_format sale_format auction_format auction_type",
    "starting_price": "start starting start_price start_bid starting_bid opening_bid opening_price",
    "increment": "increments bid_increment bid_increments bid_step step",
    "reserve": "reserve_price reserve_amount",
    "buy_now": "buy_now_price buy_it_now buy_it_now_price",
    "house_bids": "house_bid vendor_bids vendor_bid seller_bids",
    "floor": "floor_price lowest_price",
    "decrement": "bid_decrement price_decrement",
    "estimate_low": "low_estimate est_low low_est lowest_estimate estimate_from est_from estimate_min min_estimate",
    "estimate_high": "high_estimate est_high high_est highest_estimate estimate_to est_to estimate_max max_estimate",
    "opens": "opens_at",
    "seller": "donor donor_name donated_by seller_name consignor consignor_name vendor",
    "description": "desc details lot_description item_description",
    "image": "images image_1 image_file image_file_1 image_url picture picture_1 photo photo_1 photo_url",
    "currency": "currency_code",
}
_NAMES: Final = {word: key for key, words in _SYNONYMS.items() for word in (key, *words.split())}
_RUN_TOGETHER: Final = {word.replace("_", ""): key for word, key in _NAMES.items()} | {"lotno": "number"}
_AMBIGUOUS: Final = frozenset({"lowest", "highest"})
"""Words that may mean the ends of an estimate, but prices too."""

_LIKELY: Final = {
    "price": "starting_price",
    "minimum": "starting_price",
    "minimum_bid": "starting_price",
    "min_bid": "starting_price",
    "min_price": "starting_price",
    "opening": "opens",
    "anti_sniping": "soft_close",
    "lots": "lot",
}
"""Words that probably mean one key but may mean another, so a person must decide."""

_FURTHER_IMAGES: Final = re.compile(r"(image|image_file|picture|photo)_([2-9]|\d\d+)", re.ASCII)
_NOT_KEPT: Final = frozenset(
    {
        *("barcode", "category", "comments", "condition", "condition_report", "department", "depth", "dimensions"),
        *("fair_market_value", "height", "keywords", "location", "notes", "qty", "quantity", "remarks", "retail_value"),
        *("section", "size", "sku", "storage", "subcategory", "sub_category", "tags", "value", "weight", "width"),
    }
)


def header_words(header: str) -> str:
    """Return a column's header in small letters with `_` between its words: `LotNum`, `Lot #` and `lot no.` alike."""
    text = re.sub("[#\N{NUMERO SIGN}]", " no ", header)
    text = re.sub(r"(?<=[a-z\d])(?=[A-Z])", " ", unicodedata.normalize("NFKC", text), flags=re.ASCII)
    return "_".join(re.findall(r"[^\W_]+", text.casefold()))


def column_key(words: str) -> str | None:
    """Return the key that the words of a header mean without a doubt; None if there is none."""
    known = _NAMES.get(words)
    return known or (None if words in _AMBIGUOUS else _RUN_TOGETHER.get(words.replace("_", "")))


def likely_key(words: str) -> str | None:
    """Return the key that was probably meant; None if nobody can tell."""
    return _NAMES.get(words) or _LIKELY.get(words)


def is_not_kept(words: str) -> bool:
    """Return whether a header is a common one of other programs, for something that a catalogue here does not have."""
    return words in _NOT_KEPT or _FURTHER_IMAGES.fullmatch(words) is not None
