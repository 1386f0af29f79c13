"""The chapter 拡散モデル against what is known without it: step-by-step noising, Bayes, and a score in closed form."""

import json

import pytest
import torch
from safetensors.torch import load_file

from sawaru.assets import asset
from sawaru.models.diffusion import (
    Mixture,
    PointNet,
    UNet,
    add_noise,
    cosine_schedule,
    guided_noise,
    jump,
    linear_schedule,
    sample,
    split_digits,
)

T = 200


def score(x: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
    """By autograd, from the density as torch.distributions has it."""
    d = torch.distributions
    x = x.detach().requires_grad_()
    std = (a * Mixture.std**2 + 1 - a).sqrt()
    parts = d.Independent(d.Normal(a.sqrt() * Mixture.means, std), 1)
    density = d.MixtureSameFamily(d.Categorical(Mixture.weights), parts)
    return torch.autograd.grad(density.log_prob(x).sum(), x)[0]


def exact_noise(alpha_bar: torch.Tensor):
    def predict(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        with torch.enable_grad():
            a = alpha_bar[t[0]]
            return -(1 - a).sqrt() * score(x, a)

    return predict


@pytest.fixture(scope="module")
def trained() -> dict[str, torch.nn.Module]:
    saved = load_file(asset("weights/diffusion.safetensors"))
    nets = {"points": PointNet(), "digits": UNet()}
    for name, net in nets.items():
        net.load_state_dict(
            {k.removeprefix(name + "."): v for k, v in saved.items() if k.startswith(name + ".")}
        )
        net.requires_grad_(False)
    return nets


@pytest.mark.parametrize("schedule", [cosine_schedule, linear_schedule])
def test_schedules_fall_from_one_and_leave_a_little_signal(schedule) -> None:
    alpha_bar = schedule(T)
    assert alpha_bar.shape == (T + 1,)
    assert alpha_bar[0] == 1
    assert (alpha_bar.diff() < 0).all()
    assert 0 < alpha_bar[-1] < 2e-3


def test_noise_added_at_once_is_noise_added_step_by_step() -> None:
    alpha_bar = cosine_schedule(T)
    kept, variance = 1.0, 0.0
    for t in range(1, T + 1):
        a = alpha_bar[t] / alpha_bar[t - 1]
        kept, variance = a.sqrt() * kept, a * variance + 1 - a
        one, zero = torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
        when = torch.tensor([t])
        torch.testing.assert_close(add_noise(one, when, zero, alpha_bar).squeeze(), kept)
        torch.testing.assert_close(add_noise(zero, when, one, alpha_bar).squeeze() ** 2, variance)


def test_each_picture_gets_the_noise_of_its_own_time() -> None:
    alpha_bar = cosine_schedule(T)
    x0, noise, t = torch.randn(3, 1, 8, 8), torch.randn(3, 1, 8, 8), torch.tensor([1, 100, 200])
    together = add_noise(x0, t, noise, alpha_bar)
    alone = [add_noise(x0[i : i + 1], t[i : i + 1], noise[i : i + 1], alpha_bar) for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone))


def test_a_jump_of_ddpm_is_the_posterior_that_bayes_gives() -> None:
    alpha_bar, normal = cosine_schedule(T), torch.distributions.Normal
    grid = torch.linspace(-6, 6, 48001, dtype=torch.float64)
    for t, s in ((200, 150), (120, 119), (30, 10)):
        a_t, a_s = alpha_bar[t], alpha_bar[s]
        a, x0, x_t = a_t / a_s, torch.tensor(0.7), torch.tensor(-0.4)
        joint = normal(a_s.sqrt() * x0, (1 - a_s).sqrt()).log_prob(grid)
        posterior = (joint + normal(a.sqrt() * grid, (1 - a).sqrt()).log_prob(x_t)).softmax(0)
        mean = (posterior * grid).sum()
        noise = (x_t - a_t.sqrt() * x0) / (1 - a_t).sqrt()
        zero = jump(x_t, noise, a_t, a_s, torch.tensor(0.0))
        std = jump(x_t, noise, a_t, a_s, torch.tensor(1.0)) - zero
        torch.testing.assert_close(zero, mean, atol=1e-4, rtol=0, check_dtype=False)
        torch.testing.assert_close(
            std**2, (posterior * (grid - mean) ** 2).sum(), atol=1e-4, rtol=0, check_dtype=False
        )


@pytest.mark.parametrize(("method", "steps"), [("DDPM", 200), ("DDIM", 200), ("Heun", 50)])
def test_every_sampler_reaches_the_mixture(method: str, steps: int) -> None:
    alpha_bar = cosine_schedule(T)
    generator = torch.Generator().manual_seed(0)
    storm = torch.randn(2000, 2, generator=generator, dtype=torch.float64)
    ends = sample(exact_noise(alpha_bar), storm, alpha_bar, steps, method, generator)[-1]
    nearest = torch.cdist(ends, Mixture.means).argmin(dim=1)
    shares = torch.bincount(nearest, minlength=3) / len(ends)
    torch.testing.assert_close(shares, Mixture.weights, atol=0.04, rtol=0, check_dtype=False)
    inside = (ends - Mixture.means[nearest]).pow(2).mean().sqrt()
    assert 0.17 < inside < 0.23


def test_ddim_is_eulers_method_for_the_probability_flow() -> None:
    alpha_bar = cosine_schedule(T)
    storm = torch.randn(20, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    tau = ((1 - alpha_bar) / alpha_bar).sqrt()
    u, predict = storm / alpha_bar[T].sqrt(), exact_noise(alpha_bar)
    for t in range(T, 0, -1):
        u = u + (tau[t - 1] - tau[t]) * predict(u * alpha_bar[t].sqrt(), torch.tensor([t]))
    torch.testing.assert_close(u, sample(predict, storm, alpha_bar, T)[-1])


def test_the_learned_score_is_close_to_the_exact_one(trained) -> None:
    alpha_bar = cosine_schedule(T)
    x0, _ = Mixture().sample(2000, torch.Generator().manual_seed(2))
    noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    for t in (20, 100, 180):
        when = torch.full((len(x0),), t)
        x = add_noise(x0, when, noise, alpha_bar)
        want, got = exact_noise(alpha_bar)(x, when), trained["points"](x.float(), when)
        assert ((got - want) ** 2).sum() < 0.04 * (want**2).sum()


def test_guidance_of_zero_is_conditional_and_of_minus_one_unconditional(trained) -> None:
    x, t, y = torch.randn(4, 1, 8, 8), torch.tensor([1, 50, 120, 200]), torch.tensor([0, 3, 9, 5])
    net = trained["digits"]
    torch.testing.assert_close(guided_noise(net, x, t, y, 0), net(x, t, y), atol=1e-4, rtol=1e-4)
    nobody = net(x, t, torch.full_like(y, 10))
    torch.testing.assert_close(guided_noise(net, x, t, y, -1), nobody, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        guided_noise(net, x, t, y, 3), 4 * net(x, t, y) - 3 * nobody, atol=1e-3, rtol=1e-3
    )


def test_the_parts_of_the_digits_share_no_picture() -> None:
    parts = split_digits()
    assert [len(y) for _, y in parts] == [1000, 600, 197]
    pictures = torch.cat([x for x, _ in parts]).reshape(-1, 64)
    assert len(pictures.unique(dim=0)) == 1797
    assert pictures.min() == -1 and pictures.max() == 1


def test_the_record_beside_the_weights(trained) -> None:
    record = json.loads(asset("weights/diffusion.json").read_text(encoding="utf-8"))
    assert asset("weights/diffusion.safetensors").stat().st_size < 2_000_000
    for name, net in trained.items():
        assert record["parameters"][name] == sum(p.numel() for p in net.parameters())
        assert record["loss"][name][-1] < record["loss"][name][0]
    assert record["evaluation"]["by w"]["1"]["accuracy"] > 0.98
    assert record["evaluation"]["by w"]["1"]["diversity"] > 0.6
