"""The checks of 拡散モデル: other right ways, and the mistakes that are no row of a table."""

import torch
from answers import answer_tests


def guided_in_one_call(model, x, t, y, w, null):
    both = model(torch.cat([x, x]), t.repeat(2), torch.cat([y, 0 * y + null]))
    return torch.lerp(both[len(x) :], both[: len(x)], 1 + w)


def ddim_by_ode(x_t, noise, a_t, a_s):
    tau_t, tau_s = ((1 - a) / a for a in (a_t, a_s))
    return a_s**0.5 * (x_t / a_t**0.5 + (tau_s**0.5 - tau_t**0.5) * noise)


def coverage_by_loop(images):
    total = 0.0
    for i in range(len(images)):
        rest = torch.cat([images[:i], images[i + 1 :]])
        total += (rest - images[i]).norm(dim=1).min().item()
    return total / len(images)


RIGHT = {
    "noisy": [
        lambda x0, t, n, ab: torch.einsum("b,b...->b...", ab[t].sqrt(), x0) + torch.einsum("b,b...->b...", (1 - ab[t]).sqrt(), n),
        lambda x0, t, n, ab: torch.stack([ab[i] ** 0.5 * x + (1 - ab[i]) ** 0.5 * e for x, i, e in zip(x0, t, n, strict=True)]),
    ],
    "tweedie": [lambda x, s, a: x / a**0.5 + (1 / a**0.5 - a**0.5) * s],
    "ddim_step": [ddim_by_ode],
    "guided": [guided_in_one_call],
    "coverage": [
        coverage_by_loop,
        lambda images: torch.cdist(images, images).topk(2, largest=False).values[:, 1].mean(),
    ],
}  # fmt: skip


def in_place(x0, t, noise, alpha_bar):
    a = alpha_bar[t][:, None, None, None]
    x0 *= a.sqrt()
    return x0 + (1 - a).sqrt() * noise


WRONG = {
    "noisy": [
        (in_place, "x0 の中身が書き換わっています"),
        # It fails unless there are as many pictures as pixels across.
        (lambda x, t, n, ab: ab[t].sqrt() * x + (1 - ab[t]).sqrt() * n, "画素の列ごと"),
    ],
    "ddim_step": [(lambda x, n, a_t, a_s: ddim_by_ode(x, n, a_t, a_s) + 0.1 * torch.randn_like(x), "乱数を使いません")],
    "guided": [
        (lambda m, x, t, y, w, null: (1 + w) * m(x, t, y) - w * m(x, t, null), "null も、枚数だけ"),
        (lambda m, x, t, y, w, null: m(torch.cat([x, x]), t, torch.cat([y, y])), "枚数をそろえましょう"),
        (lambda m, x, t, y, w, null: x, "一度も呼ばれていません"),
    ],
    "coverage": [(lambda images: torch.cdist(images, images).min(dim=1).values.mean(), "自分自身との距離")],
}  # fmt: skip


test_right, test_wrong, test_unsolved = answer_tests("diffusion", RIGHT, WRONG)
