"""Types of the command's arguments: what they accept, and what they say when they do not."""

from __future__ import annotations

import argparse
import re

DTYPES = ("float32", "float64", "complex64", "complex128")

_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?", re.IGNORECASE)


class UsageError(ValueError):
    """The options of a command do not go together, or not with this machine: exit status 2."""


def positive(text: str) -> int:
    """Return a whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def count(text: str) -> int:
    """Return a whole number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def names(text: str) -> list[str]:
    """Return the names of a comma-separated list; none for the word ``none``."""
    return [] if text == "none" else [name.strip() for name in text.split(",")]


def memory_size(text: str) -> int:
    """Return a number of bytes.

    Examples
    --------
    >>> memory_size("512M"), memory_size("1.5GiB")
    (536870912, 1610612736)
    """
    match = _SIZE.fullmatch(text)
    if match is None or float(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 512M or 8G")
    return int(float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " "))


def seconds(text: str) -> float:
    """Return a positive number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return value
