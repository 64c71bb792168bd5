"""Inputs without atheris: randomly changed seeds. The same random source gives the same inputs."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final

BYTES_MAX: Final = 16 * 1024
CHANGES_MAX: Final = 4
TELLING_BYTES: Final = (
    b"\x00\x01\x7f\x80\x8f\x90\x9f\xa0\xc0\xc1\xc2\xc3\xc4\xc7\xca\xcb\xcf\xd3\xd9\xdb\xdc\xdd\xde\xdf\xff"
)
"""The bytes at which MessagePack's kinds begin and end."""


def _replace(chance: random.Random, body: bytearray) -> None:
    if body:
        body[chance.randrange(len(body))] = chance.choice((chance.randrange(256), chance.choice(TELLING_BYTES)))


def _insert(chance: random.Random, body: bytearray) -> None:
    at = chance.randrange(len(body) + 1)
    body[at:at] = chance.randbytes(chance.choice((1, 1, 2, 8, 64)))


def _remove(chance: random.Random, body: bytearray) -> None:
    at = chance.randrange(len(body) + 1)
    del body[at : at + chance.choice((1, 1, 2, 8))]


def _repeat(chance: random.Random, body: bytearray) -> None:
    at = chance.randrange(len(body) + 1)
    body[at:at] = body[at : at + chance.randrange(32)] * chance.choice((1, 2, 100))


def _cut(chance: random.Random, body: bytearray) -> None:
    del body[chance.randrange(len(body) + 1) :]


_CHANGES: Final[Sequence[Callable[[random.Random, bytearray], None]]] = (
    _replace,
    _replace,
    _insert,
    _remove,
    _repeat,
    _cut,
)


def inputs(seeds: Sequence[bytes], chance: random.Random, runs: int) -> Iterator[bytes]:
    """Yield every seed unchanged, then changed seeds, `runs` inputs in all."""
    yield from seeds[:runs]
    for _ in range(runs - len(seeds)):
        body = bytearray(chance.choice(seeds))
        if chance.randrange(8) == 0:
            body += chance.choice(seeds)
        for _ in range(chance.randint(1, CHANGES_MAX)):
            chance.choice(_CHANGES)(chance, body)
        yield bytes(body[:BYTES_MAX])
