"""The checks of the chapter 誤差逆伝播と自動微分: other right ways, and the mistakes that no row of a table foresees."""

from graphlib import TopologicalSorter

import numpy as np
import torch
from answers import answer_tests


def delta_by_loop(delta_next, W_next, a):
    rows = []
    for d, row in zip(delta_next, a, strict=True):
        rows.append(W_next.T @ d / torch.cosh(row) ** 2)
    return torch.stack(rows)


def delta_by_autograd(delta_next, W_next, a):
    leaf = a.clone().requires_grad_()
    return torch.autograd.grad(torch.tanh(leaf) @ W_next.T, leaf, delta_next)[0]


def by_graphlib(parents):
    return list(TopologicalSorter(parents).static_order())


def by_removing(parents):
    rest, out = {name: set(ps) for name, ps in parents.items()}, []
    while rest:
        name = min(n for n, ps in rest.items() if ps <= set(out))
        out.append(name)
        del rest[name]
    return tuple(out)


def with_repeats(parents):
    out = []

    def visit(name):
        for parent in parents[name]:
            visit(parent)
        out.append(name)

    for name in parents:
        visit(name)
    return out


def quotient(u, du, v, dv):
    q = u / v
    return [q, (du - q * dv) / v]


RIGHT = {
    "hidden_delta": [
        delta_by_loop,
        delta_by_autograd,
        lambda d, W, a: torch.einsum("no,oi,ni->ni", d, W, 1 - torch.tanh(a).square()),
    ],
    "topological": [by_graphlib, by_removing],
    "sigmoid_pull": [lambda s, g: g * (s - s**2), lambda s, g: (s.numpy() * (1 - s.numpy())) * g.numpy()],
    "dual_divide": [quotient, lambda u, du, v, dv: tuple(np.array([u / v, du / v - u * dv / v / v]))],
}

WRONG = {
    "hidden_delta": [
        (lambda d, W, a: d @ W, "微分が掛かっていません"),
        (lambda d, W, a: (d @ W) * torch.tanh(a), "tanh の値"),
        (lambda d, W, a: (d @ W) * (1 - torch.tanh(a)), "二乗されていません"),
        (lambda d, W, a: (d @ W) * (1 - torch.tanh(a) ** 2) / len(a), "件数"),
    ],
    "topological": [
        (lambda parents: by_graphlib(parents)[::-1], "逆"),
        (sorted, "より先"),
        (with_repeats, "回並んで"),
        (lambda parents: by_graphlib(parents)[:-1], "並んでいません"),
        (lambda parents: "abc", "リスト"),
        (lambda parents: [*by_graphlib(parents), "q"], "記録にない"),
    ],
    "sigmoid_pull": [
        (lambda s, g: s * (1 - s), "g が掛かって"),
        (lambda s, g: g * s, "シグモイドの値"),
        (lambda s, g: g * (1 - s * s), "tanh"),
        (lambda s, g: g * torch.sigmoid(s) * (1 - torch.sigmoid(s)), "もう一度"),
    ],
    "dual_divide": [
        (lambda u, du, v, dv: (u / v, du / dv), "どうし"),
        (lambda u, du, v, dv: (u / v, (u * dv - du * v) / v**2), "逆"),
        (lambda u, du, v, dv: (u / v, du / v), "v が動く"),
        (lambda u, du, v, dv: u / v, "組"),
    ],
}

test_right, test_wrong, test_unsolved = answer_tests("backprop", RIGHT, WRONG)
