"""The checks of the chapter 活性化関数と勾配消失・爆発: other right ways, and the mistakes that no row of a table foresees."""

import numpy as np
import torch
from answers import answer_tests


def swish_by_exp(z):
    e = np.exp(-z.numpy())
    return 1 / (1 + e) + z.numpy() * e / (1 + e) ** 2


def swish_by_autograd(z):
    leaf = z.clone().requires_grad_()
    return torch.autograd.grad(torch.nn.functional.silu(leaf).sum(), leaf)[0]


def gain_by_grid(phi):
    z = torch.linspace(-6, 6, 10_001)
    weight = torch.exp(-(z**2) / 2)
    return torch.rsqrt((phi(z) ** 2 * weight).sum() / weight.sum())


def gain_by_samples(phi):
    z = torch.randn(500_000, generator=torch.Generator().manual_seed(5))
    return float(phi(z).pow(2).mean()) ** -0.5


def clip_flat(grads, limit):
    flat = torch.cat([g.reshape(-1) for g in grads])
    factor = torch.clamp(limit / flat.norm(), max=1.0)
    return tuple(g * factor for g in grads)


def clip_by_torch(grads, limit):
    leaves = [torch.zeros_like(g, requires_grad=True) for g in grads]
    for leaf, g in zip(leaves, grads, strict=True):
        leaf.grad = g.clone()
    torch.nn.utils.clip_grad_norm_(leaves, limit)
    return [leaf.grad for leaf in leaves]


def sampled(phi, n=400_000, **uniform):
    g = torch.Generator().manual_seed(2)
    z = torch.rand(n, generator=g) if uniform else torch.randn(n, generator=g)
    return phi(z)


def dead_by_loop(A):
    return sum(all(v <= 0 for v in column) for column in A.T.tolist())


RIGHT = {
    "count_dead": [dead_by_loop, lambda A: (torch.relu(A).sum(0) == 0).sum()],
    "swish_slope": [swish_by_exp, swish_by_autograd],
    "gain": [gain_by_grid, gain_by_samples],
    "clip": [clip_flat, clip_by_torch],
}

WRONG = {
    "count_dead": [
        (lambda A: int((A <= 0).any(0).sum()), "一件でも"),
        (lambda A: int((A <= 0).all(1).sum()), "軸"),
        (lambda A: int((A < 0).all(0).sum()), "ちょうど 0"),
        (lambda A: int((A.mean(0) <= 0).sum()), "平均"),
    ],
    "swish_slope": [
        (lambda z: torch.sigmoid(z), "積の微分の二つ目"),
        (lambda z: z * torch.sigmoid(z), "Swish の値"),
        (lambda z: torch.sigmoid(z) * (1 - torch.sigmoid(z)), "シグモイドの微分"),
        (lambda z: torch.sigmoid(z) + z * (1 - torch.sigmoid(z)), "一つ足りません"),
    ],
    "gain": [
        (lambda phi: sampled(phi).square().mean().sqrt().item(), "逆数"),
        (lambda phi: 1 / sampled(phi).square().mean().item(), "平方根"),
        (lambda phi: 1 / sampled(phi).abs().mean().item(), "絶対値"),
        (lambda phi: 1 / sampled(phi, uniform=True).square().mean().sqrt().item(), "torch.rand"),
        (lambda phi: 1 / sampled(phi).square().sqrt(), "数が一つ"),
    ],
    "clip": [
        (lambda grads, limit: [g.clamp(-limit, limit) for g in grads], "成分ごと"),
        (lambda grads, limit: [g * min(1.0, limit / float(g.norm())) for g in grads], "テンソルごと"),
        (
            lambda grads, limit: [g * limit / float(sum((g**2).sum() for g in grads)) ** 0.5 for g in grads],
            "短い勾配まで",
        ),
        (lambda grads, limit: grads, "縮められていません"),
        (lambda grads, limit: torch.cat([g.flatten() for g in grads]), "リストで"),
        (lambda grads, limit: grads[:1], "1 個のテンソル"),
    ],
}

test_right, test_wrong, test_unsolved = answer_tests("activations", RIGHT, WRONG)
