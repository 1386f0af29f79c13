"""Where the computation runs, what it may say there, and the one helper that fixes every random seed."""

from __future__ import annotations

import random
import warnings

import numpy as np
import torch

# PyTorch 2.14 tells its user so of its own code, the first time that anything is differentiated forward (torch.func.jvp).
warnings.filterwarnings("ignore", r"`torch\.jit\.script` is deprecated", FutureWarning)


def device() -> torch.device:
    """The fastest device at hand: CUDA, then Apple's MPS, then the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def seed_everything(seed: int = 0) -> None:
    """Seed Python, NumPy and PyTorch, so that a notebook gives the same numbers each time it runs."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)  # seeds CUDA and MPS too, also when they are first used later
