"""What `explore` says when a declaration cannot work."""

from __future__ import annotations


class ExploreError(ValueError):
    """A declaration of `explore` that cannot work; the message says where and what to do instead."""
