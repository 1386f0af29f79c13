"""The device that is picked, and the one seed."""

import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from sawaru import device, seed_everything


@pytest.mark.parametrize(
    ("cuda", "mps", "picked"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_cuda_then_mps_then_cpu(monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, picked: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert device() == torch.device(picked)


def test_tensors_can_be_put_there() -> None:
    assert torch.zeros(1, device=device()).device.type == device().type


def draws() -> list[float]:
    numbers = [random.random(), np.random.rand(), torch.rand(1).item()]
    return [*numbers, torch.rand(1, device=device()).item()]


def test_the_seed_fixes_every_generator() -> None:
    seed_everything(1)
    first = draws()
    seed_everything(1)
    assert draws() == first
    seed_everything(2)
    assert all(a != b for a, b in zip(draws(), first, strict=True))


def test_the_seed_is_zero_unless_given() -> None:
    seed_everything()
    first = draws()
    seed_everything(0)
    assert draws() == first


TAUGHT = """
import warnings
import sawaru, torch
square = lambda x: (x**2).sum()
torch.func.jvp(square, (torch.ones(2),), (torch.ones(2),)), torch.func.hessian(square)(torch.ones(2))
warnings.warn("`torch.jit.script` is deprecated. Please switch to `torch.compile`.", FutureWarning)
warnings.warn("ほかの知らせ", FutureWarning)
"""


def test_a_chapter_prints_no_warning_about_pytorchs_own_code() -> None:
    done = subprocess.run([sys.executable, "-c", TAUGHT], capture_output=True, text=True, check=True)
    assert done.stderr.count("FutureWarning") == 1 and "ほかの知らせ" in done.stderr
