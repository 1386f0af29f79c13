"""The handwritten digits of scikit-learn, in the one scale of the book."""

from __future__ import annotations

import torch
from sklearn.datasets import load_digits
from torch import Tensor


def digits() -> tuple[Tensor, Tensor]:
    """1797 pictures (1797, 8, 8) between 0, the paper, and 1, the ink, and which digit each shows (1797,).

    The file's steps are sixteenths, so that this scale, and twice it minus one, are exact.
    """
    pixels, labels = load_digits(return_X_y=True)
    return torch.tensor(pixels, dtype=torch.float32).reshape(-1, 8, 8) / 16, torch.tensor(labels)
