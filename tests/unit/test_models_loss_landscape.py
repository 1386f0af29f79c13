"""The networks and slices of the chapter 損失地形 against plain loops."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sawaru.models.loss_landscape import deep, mlp, random_direction, slice_loss, softmax_regression, training

MODELS = {
    "softmax": softmax_regression,
    "mlp": mlp,
    "residual": lambda: deep(8),
    "cut": lambda: deep(8, skip=False),
}
each_model = pytest.mark.parametrize("name", MODELS)


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(5)
    return torch.rand(50, 64, generator=generator), torch.randint(10, (50,), generator=generator)


def trained(name, data):
    torch.manual_seed(0)
    model = MODELS[name]()
    losses = [*training(model, torch.optim.SGD(model.parameters(), lr=0.05), *data, epochs=2)]
    assert len(losses) == 2  # 50 examples make one batch
    return model


@each_model
def test_slices_equal_a_loop_over_state_dict(name, data):
    model = trained(name, data)
    x, y = data
    directions = [random_direction(model, "filter", seed) for seed in (0, 1)]
    steps = torch.tensor([[0.0, 0.0], [0.5, -0.25], [-1.0, 1.0]])
    copied = copy.deepcopy(model).eval()
    expected = []
    for step in steps:
        moved = copy.deepcopy(model.state_dict())
        for s, direction in zip(step, directions, strict=True):
            for key, d in direction.items():
                moved[key] = moved[key] + s * d
        copied.load_state_dict(moved)
        with torch.no_grad():
            expected.append(F.cross_entropy(copied(x), y))
    for chunk in (1, 2, None):
        got = slice_loss(model, directions, steps, x, y, chunk)
        torch.testing.assert_close(got, torch.stack(expected), rtol=1e-4, atol=1e-5)


@each_model
def test_a_slice_leaves_the_model_as_it_was(name, data):
    model = trained(name, data)
    before = copy.deepcopy(model.state_dict())
    slice_loss(model, [random_direction(model, "none", 0)], torch.ones(1, 1), *data)
    after = model.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)


@each_model
@pytest.mark.parametrize("normalize", ["none", "layer", "filter"])
def test_directions(name, normalize):
    model = MODELS[name]()
    direction = random_direction(model, normalize, 3)
    parameters = dict(model.named_parameters())
    assert direction.keys() == {k for k, w in parameters.items() if w.dim() == 2}
    for key, d in direction.items():
        w = parameters[key].detach()
        if normalize == "filter":
            torch.testing.assert_close(d.norm(dim=1), w.norm(dim=1))
        elif normalize == "layer":
            torch.testing.assert_close(d.norm(), w.norm())
    again = random_direction(model, normalize, 3)
    assert all(torch.equal(direction[k], again[k]) for k in direction)


def test_a_residual_network_without_its_blocks_skips_them(data):
    model = deep(8).eval()
    for block in (m for m in model if hasattr(m, "skip")):
        nn.init.zeros_(block.norm2.weight)
    first, last = model[:3], model[-1]
    torch.testing.assert_close(model(data[0]), last(first(data[0])))


def test_depth_counts_the_layers_of_weights():
    for layers in (8, 20, 56):
        for skip in (True, False):
            assert sum(isinstance(m, nn.Linear) for m in deep(layers, skip=skip).modules()) == layers


def test_the_skip_is_the_only_difference(data):
    torch.manual_seed(0)
    with_skip = deep(8)
    torch.manual_seed(0)
    cut = deep(8, skip=False)
    assert all(torch.equal(a, b) for a, b in zip(with_skip.parameters(), cut.parameters(), strict=True))
    h = torch.rand(9, 22)
    a, b = with_skip[3].eval(), cut[3].eval()
    branch = b.norm2(b.linear2(torch.relu(b.norm1(b.linear1(h)))))
    torch.testing.assert_close(a(h), torch.relu(h + branch))
    torch.testing.assert_close(b(h), torch.relu(branch))


def test_training_is_the_plain_loop(data):
    x, y = torch.cat([data[0]] * 5), torch.cat([data[1]] * 5)
    torch.manual_seed(0)
    model = mlp()
    plain = copy.deepcopy(model)
    losses = [*training(model, torch.optim.SGD(model.parameters(), lr=0.1), x, y, epochs=2, seed=7)]
    generator = torch.Generator().manual_seed(7)
    expected = []
    for _ in range(2):
        order = torch.randperm(250, generator=generator)
        for i in range(0, 250, 100):
            rows = order[i : i + 100]
            loss = F.cross_entropy(plain(x[rows]), y[rows])
            gradients = torch.autograd.grad(loss, list(plain.parameters()))
            with torch.no_grad():
                for w, g in zip(plain.parameters(), gradients, strict=True):
                    w -= 0.1 * g
            expected.append(loss.item())
    assert losses == pytest.approx(expected, rel=1e-4)
