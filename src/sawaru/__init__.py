"""Sawaru: explorers that are live in a kernel and still move in a plain HTML page, and exercises that check themselves."""

from sawaru.device import device, seed_everything
from sawaru.exercise import check, progress
from sawaru.explorer.controls import stops
from sawaru.explorer.declare import explore
from sawaru.explorer.error import ExploreError
from sawaru.explorer.explorer import group

__all__ = ["ExploreError", "check", "device", "explore", "group", "progress", "seed_everything", "stops"]
