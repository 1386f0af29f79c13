"""The checks of 拡散モデル: right answers pass, typical wrong ones are led to their cause."""

import torch
from answers import answer_tests


def solution_noisy(x0, t, noise, alpha_bar):
    a = alpha_bar[t][:, None, None, None]
    return a.sqrt() * x0 + (1 - a).sqrt() * noise


def solution_tweedie(x_t, score, a):
    return (x_t + (1 - a) * score) / a.sqrt()


def solution_ddim_step(x_t, noise, a_t, a_s):
    x0 = (x_t - (1 - a_t).sqrt() * noise) / a_t.sqrt()
    return a_s.sqrt() * x0 + (1 - a_s).sqrt() * noise


def solution_guided(model, x, t, y, w, null):
    told = model(x, t, y)
    return told + w * (told - model(x, t, torch.full_like(y, null)))


def solution_coverage(images):
    distances = torch.cdist(images, images)
    distances.fill_diagonal_(torch.inf)
    return distances.min(dim=1).values.mean()


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
        solution_noisy,
        lambda x0, t, n, ab: torch.einsum("b,b...->b...", ab[t].sqrt(), x0) + torch.einsum("b,b...->b...", (1 - ab[t]).sqrt(), n),
        lambda x0, t, n, ab: torch.stack([ab[i] ** 0.5 * x + (1 - ab[i]) ** 0.5 * e for x, i, e in zip(x0, t, n, strict=True)]),
    ],
    "tweedie": [
        solution_tweedie,
        lambda x, s, a: x / a**0.5 + (1 / a**0.5 - a**0.5) * s,
    ],
    "ddim_step": [
        solution_ddim_step,
        ddim_by_ode,
    ],
    "guided": [
        solution_guided,
        guided_in_one_call,
    ],
    "coverage": [
        solution_coverage,
        coverage_by_loop,
        lambda images: torch.cdist(images, images).topk(2, largest=False).values[:, 1].mean(),
    ],
}  # fmt: skip


def shaped(a):
    return a[:, None, None, None]


def in_place(x0, t, noise, alpha_bar):
    x0 *= shaped(alpha_bar[t].sqrt())
    return x0 + shaped((1 - alpha_bar[t]).sqrt()) * noise


WRONG = {
    "noisy": [
        (lambda x, t, n, ab: shaped(ab[t]) * x + shaped(1 - ab[t]) * n, "係数に平方根がありません"),
        (lambda x, t, n, ab: shaped(ab[t]).sqrt() * x + shaped(1 - ab[t]) * n, "ノイズの係数に平方根"),
        (lambda x, t, n, ab: shaped(ab[t]) * x + shaped(1 - ab[t]).sqrt() * n, "信号の係数に平方根"),
        (lambda x, t, n, ab: solution_noisy(n, t, x, ab), "係数が逆"),
        (lambda x, t, n, ab: solution_noisy(x, t - 1, n, ab), "時刻が一つずれています"),
        (lambda x, t, n, ab: ab[t].sqrt() * x + (1 - ab[t]).sqrt() * n, "画素の列ごと"),
        (lambda x, t, n, ab: x + shaped(1 - ab[t]).sqrt() * n, "縮んでいません"),
        (lambda x, t, n, ab: shaped(ab[t].sqrt()) * x + shaped(1 - ab[t].sqrt()) * n, "1 − √ᾱ ではありません"),
        (lambda x, t, n, ab: solution_noisy(x, t[:1].expand(len(t)), n, ab), "最初の絵の時刻"),
        (in_place, "x0 の中身が書き換わっています"),
    ],
    "tweedie": [
        (lambda x, s, a: (x - (1 - a) * s) / a.sqrt(), "符号が逆"),
        (lambda x, s, a: (x + (1 - a).sqrt() * s) / a.sqrt(), "何乗が出る"),
        (lambda x, s, a: (x - (1 - a).sqrt() * s) / a.sqrt(), "そのままノイズの予測"),
        (lambda x, s, a: x + (1 - a) * s, "√a で割るのを忘れています"),
        (lambda x, s, a: (x + (1 - a) * s) / a, "縮んだのは √a 倍"),
        (lambda x, s, a: -(1 - a).sqrt() * s, "予測したノイズが返っています"),
        (lambda x, s, a: (x + s) / a.sqrt(), "スコアの係数がありません"),
        (lambda x, s, a: (x + a * s) / a.sqrt(), "入れ替わっています"),
    ],
    "ddim_step": [
        (lambda x, n, at, as_: (x - (1 - at).sqrt() * n) / at.sqrt(), "一気に戻っています"),
        (lambda x, n, at, as_: as_.sqrt() * (x - (1 - at).sqrt() * n) / at.sqrt(), "ノイズが混ざっていません"),
        (lambda x, n, at, as_: solution_ddim_step(x, n, at, as_) + ((1 - at).sqrt() - (1 - as_).sqrt()) * n, "ノイズの係数に a_t"),
        (lambda x, n, at, as_: solution_ddim_step(x, n, as_, at), "a_t と a_s が逆"),
        (lambda x, n, at, as_: as_.sqrt() * (x - (1 - at).sqrt() * n) + (1 - as_).sqrt() * n, "√a_t の割り算"),
        (lambda x, n, at, as_: (x - (1 - at).sqrt() * n) / at.sqrt() + (1 - as_).sqrt() * n, "√a_s が掛かっていません"),
        (lambda x, n, at, as_: solution_ddim_step(x, n, at, as_) + 0.1 * torch.randn_like(x), "乱数を使いません"),
        (lambda x, n, at, as_: as_.sqrt() * (x - (1 - at) * n) / at.sqrt() + (1 - as_).sqrt() * n, "x̂_0 を求めるときのノイズの係数"),
    ],
    "guided": [
        (lambda m, x, t, y, w, null: solution_guided(m, x, t, y, w - 1, null), "w = 1 で条件付き"),
        (lambda m, x, t, y, w, null: solution_guided(m, x, t, y, -w, null), "上乗せの向きが逆"),
        (lambda m, x, t, y, w, null: solution_guided(m, x, t, y, -1 - w, null), "入れ替わっています"),
        (lambda m, x, t, y, w, null: (1 + w) * m(x, t, y) + w * m(x, t, y * 0 + null), "足すと 1"),
        (lambda m, x, t, y, w, null: w * (m(x, t, y) - m(x, t, y * 0 + null)), "上乗せする分だけ"),
        (lambda m, x, t, y, w, null: solution_guided(m, x, t, y, w, 0), "クラス 0 を渡しています"),
        (lambda m, x, t, y, w, null: m(x, t, y), "w が使われていません"),
        (lambda m, x, t, y, w, null: (1 + w) * m(x, t, y) - w * m(x, t, null), "null も、枚数だけ"),
        (lambda m, x, t, y, w, null: m(torch.cat([x, x]), t, torch.cat([y, y])), "枚数をそろえましょう"),
        (lambda m, x, t, y, w, null: x, "一度も呼ばれていません"),
    ],
    "coverage": [
        (lambda images: torch.cdist(images, images).min(dim=1).values.mean(), "自分自身との距離"),
        (lambda images: torch.cdist(images, images).mean(), "すべての組"),
        (lambda images: torch.cdist(images, images).max(dim=1).values.mean(), "一番遠い"),
        (lambda images: len(images) * solution_coverage(images), "合計"),
        (lambda images: torch.cdist(images, images).topk(2, largest=False).values[:, 1], "絵ごとの距離が並んだまま"),
        (lambda images: torch.cdist(images, images).topk(2, largest=False).values[:, 1].min(), "一番近い一組"),
        (lambda images: (torch.cdist(images, images).topk(2, largest=False).values[:, 1] ** 2).mean(), "距離の 2 乗"),
        (lambda images: solution_coverage(images) / 8, "画素の数で割っています"),
    ],
}  # fmt: skip


test_right, test_wrong, test_unsolved = answer_tests("diffusion", RIGHT, WRONG)
