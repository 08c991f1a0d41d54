"""What tests of pages share."""

from following import following, make_following

__all__ = ["following", "make_following"]
