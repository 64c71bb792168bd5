"""The allowed results of a stranger's body: a request that survives writing and reading again, or a rejection."""

from typing import Final

from common.codec import RejectedBody, decode_request, encode
from common.errors import RejectCode
from common.limits import INTEGER_MAX, REQUEST_BYTES_MAX

CODES: Final = {RejectCode.MALFORMED, RejectCode.INVALID_AMOUNT, RejectCode.OVER_LIMIT}


def check_request(body: bytes) -> None:
    """Read a body; it may at worst be refused, with a code for the reason and the request's id."""
    refused = None
    try:
        request = decode_request(body)
    except RejectedBody as error:
        refused = error
    if refused is None:
        assert decode_request(encode(request)) == request
        return
    assert refused.code in (CODES if len(body) <= REQUEST_BYTES_MAX else {RejectCode.TOO_LARGE})
    assert 0 <= refused.request_id <= INTEGER_MAX
    assert refused.detail
