"""Shared data and weights: the digits' scale, the clouds' shapes, weights on the device in use."""

from __future__ import annotations

import pytest
import torch
from sklearn.datasets import load_digits

from sawaru import device
from sawaru.assets import weights
from sawaru.data.clouds import HEIGHTS, KINDS, cloud
from sawaru.data.digits import digits
from sawaru.models.playground import spec, train_all


def test_digits_are_the_files_in_sixteenths() -> None:
    images, labels = digits()
    assert images.shape == (1797, 8, 8)
    assert images.dtype == torch.float32
    assert torch.equal(16 * images.flatten(1), torch.tensor(load_digits().data).float())
    assert labels.tolist() == load_digits().target.tolist()


@pytest.mark.parametrize("kind", [*KINDS, *HEIGHTS, "xo/ox", "x.o"])
def test_clouds_do_not_depend_on_the_default_precision(kind: str) -> None:
    X, y = cloud(kind, 0.1, 50, 0)
    cloud.cache_clear()
    torch.set_default_dtype(torch.float64)
    try:
        again = cloud(kind, 0.1, 50, 0)
    finally:
        torch.set_default_dtype(torch.float32)
        cloud.cache_clear()
    assert X.dtype == y.dtype == torch.float64
    assert torch.equal(X, again[0])
    assert torch.equal(y, again[1])


def test_a_drawing_puts_each_class_into_its_cells() -> None:
    X, y = cloud("xo/.o", 0.0, 90, 0)
    left, top = X[:, 0] < 0, X[:, 1] > 0
    assert torch.equal(y == 0, left & top)
    assert bool((~left & ~top).any())
    assert bool((X.abs() <= 3).all())


def test_networks_trained_together_come_back_as_asked() -> None:
    asked = [
        spec("円", (3,), "ReLU"),
        spec("渦", (), lr=0.1),
        spec("円", (3,), "ReLU", lr=0.1),
        spec("斜面", (2, 2)),
    ]
    runs = train_all(asked, 8, {0, 8})
    assert [run["spec"] for run in runs] == asked
    assert [[W.shape for W, _ in run["layers"][8]] for run in runs] == [
        [(2, 3), (3, 1)],
        [(2, 1)],
        [(2, 3), (3, 1)],
        [(2, 2), (2, 2), (2, 1)],
    ]
    alone = train_all([asked[2]], 8, {0, 8})[0]
    assert alone["train"] == pytest.approx(runs[2]["train"], abs=1e-5)
    assert runs[0]["at"].tolist() == [0, 4, 8]


def test_weights_are_on_the_device_in_use() -> None:
    stored = weights("attention")
    assert {w.device.type for w in stored.values()} == {device().type}
    with pytest.raises(FileNotFoundError, match="make weights"):
        weights("nothing")
