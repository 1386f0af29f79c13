"""The checks of the chapter 勾配降下法."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sawaru.exercise import Wrong, exercise, expect, unchanged


def _tensor(*values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


@exercise(
    "gradient_descent.mse_gradient",
    praise="自動微分と一致しました。入力がいくつでも、この一行で済みます。",
)
def _(mse_gradient: Callable[..., Any]) -> None:
    X = _tensor([1, 2, 1], [0, -1, 1], [3, 1, 1], [-2, 1, 1], [1, 0, 1])  # (5, 3)
    y, theta = _tensor(2, 1, 4, -3, 0), _tensor(1.5, -0.5, 2)
    for inputs in (3, 2):
        A, weights = X[:, -inputs:].clone(), theta[-inputs:].clone()
        tracked = weights.clone().requires_grad_()
        (want,) = torch.autograd.grad(((A @ tracked - y) ** 2).mean(), tracked)
        with unchanged(weights, "theta"), unchanged(A, "X"), unchanged(y, "y"):
            got = mse_gradient(weights, A, y)
        r = A @ weights - y
        mistakes = [
            (-want, "符号が逆です。これは下る向きで、勾配は登る向きを指します。"),
            (want / 2, "ちょうど半分です。二乗を微分すると、係数が一つ出ます。"),
            (
                want * len(y),
                "平均ではなく合計の勾配になっています。データの件数 N で割ってみましょう。",
            ),
            (
                want * len(y) / 2,
                "係数が落ちています。損失は二乗の「平均」で、微分すると 2 も出ます。",
            ),
            (
                want * len(y) / inputs,
                "パラメータの数 D で割っています。割るのはデータの件数 N のほうです。",
            ),
            (
                2 * A.T @ A @ weights / len(y),
                "観測 y が使われていません。掛ける相手は X @ theta ではなく、予測と観測の差です。",
            ),
            (
                2 * A * r[:, None],
                "データごとの勾配が並んだままです。データの方向に平均して、形を (D,) にしましょう。",
            ),
            (
                2 * A * r[:, None] / len(y),
                "データごとの勾配が並んだままです。データの方向に足して、形を (D,) にしましょう。",
            ),
            (
                2 * A.T @ (A @ weights[:, None] - y) / len(y),
                "X @ theta が列になり、y を引くと表に広がっています。theta の形は (D,) のまま使いましょう。",
            ),
            (
                2 * r.mean(),
                "残差だけを平均しています。パラメータごとに、対応する X の列を掛けてから平均します。",
            ),
            ((r**2).mean(), "損失の値が返っています。求めたいのは、それを theta で微分したものです。"),
        ]
        what = f"mse_gradient（N = 5、D = {inputs}）"
        expect(got, want, what, tol=1e-4, mistakes=mistakes)


def _diverges(x: Tensor, rate: float) -> bool:
    """Whether gradient descent on E = θᵀHθ/2 for the model ax + b grows without bound."""
    X = torch.stack([x, torch.ones_like(x)], dim=1)
    step = torch.eye(2, dtype=x.dtype) - rate * 2 * X.T @ X / len(x)
    theta = _tensor(1, 1)
    for _ in range(2000):
        theta = step @ theta
    return not bool(theta.norm() < 2)


@exercise(
    "gradient_descent.largest_rate",
    praise="境のすぐ手前では収束し、すぐ先では発散しました。観測 y は谷を動かすだけで、形を変えません。",
)
def _(largest_rate: Callable[..., Any]) -> None:
    for x in (_tensor(-1, 0.5, 2, 3, 1, 2.5), _tensor(4, 6, 9)):
        X = torch.stack([x, torch.ones_like(x)], dim=1)
        low, high = torch.linalg.eigvalsh(2 * X.T @ X / len(x)).tolist()
        want = 2 / high
        with unchanged(x, "x"):
            got = largest_rate(x)
        mistakes = [
            (2 / low, "一番緩い向きの境です。一番急な向きは、これよりずっと手前で発散します。"),
            (
                1 / high,
                "ちょうど半分です。この学習率では急な向きの誤差が 1 歩で 0 になります。倍率が −1 になるのはどこでしょうか。",
            ),
            (
                2 / (low + high),
                "一番速い学習率です。速さではなく、発散するかどうかの境を求めましょう。",
            ),
            (high, "固有値が返っています。学習率の境は、その逆数に比例します。"),
            (
                want / len(x),
                "損失を二乗の合計と見たときの境です。平均なら、ヘッセ行列を N で割ります。",
            ),
            (
                2 * want / len(x),
                "XᵀX そのものの固有値を使っています。ヘッセ行列には、その前に係数が付きます。",
            ),
            (2 * want, "ちょうど 2 倍です。二乗を微分したときの 2 は、ヘッセ行列に入っていますか。"),
            (
                1 / (x**2).mean(),
                "切片 b がない直線の境です。X には、1 を並べた列も要ります。",
            ),
            (
                2 / torch.linalg.matrix_norm(X, 2),
                "X の特異値を使っています。ヘッセ行列の固有値は、特異値の何乗に比例するでしょうか。",
            ),
            (
                _tensor(2 / low, 2 / high),
                "向きごとの境が 2 つ返っています。どちらの向きも縮むには、どちらを守ればよいでしょうか。",
            ),
        ]
        rate = _real_number(got)
        known = any(rate is not None and _close(rate, value) for value, _ in mistakes)
        if rate is not None and math.isfinite(rate) and not known and not _close(rate, want):
            if rate <= 0:
                raise Wrong(f"η = {rate:.4g} を返しました。学習率の境は正の数です。")
            found = (
                "その 0.98 倍で 2000 歩進むと、もう発散します。境はこれより手前です。"
                if rate > want
                else "その 1.02 倍で 2000 歩進んでも、まだ収束します。境はこれより先です。"
            )
            if _diverges(x, 0.98 * rate) == (rate > want) == _diverges(x, 1.02 * rate):
                raise Wrong(
                    f"η = {rate:.4g} を返しました。{found}ヘッセ行列の一番大きい固有値を確かめましょう。"
                )
        expect(got, want, f"largest_rate（N = {len(x)}）", tol=1e-4, mistakes=mistakes)


def _real_number(value: Any) -> float | None:
    if isinstance(value, Tensor) and value.dim() == 0 and not value.is_complex():
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _close(value: float, other: Any) -> bool:
    if isinstance(other, Tensor) and other.dim() > 0:
        return False
    return math.isclose(value, float(other), rel_tol=1e-4)


@exercise(
    "gradient_descent.original_units",
    praise="どの気温でも、標準化した直線と同じ予測になりました。標準化が変えたのは谷の形だけで、直線ではありません。",
)
def _(original_units: Callable[..., Any]) -> None:
    a_z, b_z, mean, std = _tensor(3, 7, 12, 4)  # ŷ = 3 (x − 12) / 4 + 7
    with (
        unchanged(a_z, "a_z"),
        unchanged(b_z, "b_z"),
        unchanged(mean, "mean"),
        unchanged(std, "std"),
    ):
        got = original_units(a_z, b_z, mean, std)
    a = a_z / std
    want = (a, b_z - a * mean)
    shifted = "平均を引いた分が切片に入っていません。x = 0 のとき、z は 0 ではありません。"
    mistakes = [
        ((a, b_z), shifted),
        (
            (a_z * std, b_z),
            "std を掛けています。z の定義を代入すると、x の係数はどうなりますか。",
        ),
        (
            (a_z * std, b_z - a_z * std * mean),
            "std を掛けています。z の定義を代入すると、x の係数はどうなりますか。",
        ),
        (
            (a_z * std, b_z + a_z * mean),
            "x = z·s + μ ではなく、z = (x − μ) / s を直線の式に代入しましょう。",
        ),
        ((a, b_z + a * mean), "切片の符号が違います。x = 0 のとき z = −μ/s です。"),
        (
            (a, b_z - a_z * mean),
            "傾きは合っています。切片で引く量にも、割り算が要ります。",
        ),
        (
            (a, (b_z - a_z * mean) / std),
            "傾きは合っています。切片では b_z まで std で割っています。std で割るのは、z に掛かる項だけです。",
        ),
        ((a, b_z / std), "傾きは合っています。切片は、x = 0 を入れたときの予測値です。"),
        ((a_z, b_z), "値が変わっていません。x を 1 増やすと、z はいくつ増えるでしょうか。"),
        ((want[1], want[0]), "傾きと切片の順が逆です。(a, b) の順で返しましょう。"),
    ]
    expect(got, want, "original_units(3, 7, mean=12, std=4)", tol=1e-4, mistakes=mistakes)


@exercise(
    "gradient_descent.three_way",
    praise="どの日もどれか一つにだけ入り、気温と売上の組も崩れていません。",
)
def _(three_way: Callable[..., Any]) -> None:
    x = torch.arange(40, dtype=torch.float64)
    y = 10 * x + 1
    in_order = 0
    for n_valid, n_test in ((8, 12), (5, 10), (6, 4)):
        with unchanged(x, "x"), unchanged(y, "y"):
            got = three_way(x, y, n_valid, n_test)
        parts = _three_pairs(got)
        sizes = [len(part_x) for part_x, _ in parts]
        wanted = [40 - n_valid - n_test, n_valid, n_test]
        call = f"40 件を n_valid={n_valid}、n_test={n_test} で分けると"
        seen = torch.cat([part_x for part_x, _ in parts]).tolist()
        twice = len(seen) - len(set(seen))
        if twice:
            raise Wrong(
                f"{call}、{twice} 件が 2 か所に入りました。学習に使った日でテストすると、汎化は測れません。番号を重ならないように切りましょう。"
            )
        if sizes != wanted:
            step = _size_step(sizes, wanted)
            shown = "・".join(map(str, sizes))
            raise Wrong(
                f"{call}、訓練・検証・テストが {shown} 件になりました（期待は {'・'.join(map(str, wanted))} 件）。{step}"
            )
        for name, (part_x, part_y) in zip(("訓練", "検証", "テスト"), parts, strict=True):
            if not torch.equal(part_y, 10 * part_x + 1):
                raise Wrong(
                    f"{name}データで、気温と売上の組が崩れています（気温 {part_x[0]:g} の売上が {part_y[0]:g}、正しくは {10 * part_x[0] + 1:g}）。"
                    "並べ替えは一度だけにして、同じ番号を x と y の両方に使いましょう。"
                )
        in_order += all(_block(part_x) for part_x, _ in parts[1:])
    if in_order == 3:
        raise Wrong(
            "いつも並び順のまま切り取られています。記録が日付順なら、テストが夏の日だけになるかもしれません。無作為に並べ替えてから切りましょう。"
        )


def _three_pairs(got: Any) -> list[tuple[Tensor, Tensor]]:
    shape = "返すのは ((x, y), (x, y), (x, y)) の形で、順に訓練、検証、テストです。"
    if not isinstance(got, tuple | list):
        raise Wrong(f"組ではなく {type(got).__name__} が返りました。{shape}")
    if len(got) == 6:
        raise Wrong(f"6 つの値が平らに並んでいます。x と y を 2 つずつ組にしましょう。{shape}")
    if len(got) != 3:
        raise Wrong(f"{len(got)} 個の値が返りました。{shape}")
    parts = []
    for part in got:
        if not isinstance(part, tuple | list) or len(part) != 2:
            kind = f"形 {tuple(part.shape)} のテンソル" if isinstance(part, Tensor) else type(part).__name__
            raise Wrong(f"3 つの値のうち一つが、(x, y) の組ではなく {kind} です。{shape}")
        part_x, part_y = (torch.as_tensor(value) for value in part)
        if part_x.dim() != 1 or part_x.shape != part_y.shape:
            raise Wrong(
                f"x の形が {tuple(part_x.shape)}、y の形が {tuple(part_y.shape)} の組があります。どちらも同じ長さの (n,) にしましょう。"
            )
        parts.append((part_x, part_y))
    return parts


def _size_step(sizes: list[int], wanted: list[int]) -> str:
    if sizes == [wanted[0], wanted[2], wanted[1]]:
        return "検証とテストの数が逆です。"
    if sorted(sizes) == sorted(wanted):
        return "返す順番を、訓練、検証、テストにしましょう。"
    if sum(sizes) < sum(wanted):
        return "使われていない日があります。切る位置を確かめましょう。"
    return "番号を切る位置を確かめましょう。"


def _block(values: Tensor) -> bool:
    """Whether the values are neighbours in their original order."""
    return bool((values.diff() == 1).all())


@exercise(
    "gradient_descent.standardize_both",
    praise="テストデータは、学習のときに決めた物差しで測られました。",
)
def _(standardize_both: Callable[..., Any]) -> None:
    x_train, x_test = _tensor(1, 2, 4, 5, 8), _tensor(6, 9, 12)
    with unchanged(x_train, "x_train"), unchanged(x_test, "x_test"):
        got = standardize_both(x_train, x_test)

    def scaled(mean: Any, std: Any, test_mean: Any = None, test_std: Any = None) -> tuple[Tensor, Tensor]:
        return (x_train - mean) / std, (x_test - (mean if test_mean is None else test_mean)) / (
            std if test_std is None else test_std
        )

    both = torch.cat([x_train, x_test])
    wants, mistakes = [], []
    for correction in (0, 1):  # either standard deviation is a standardisation
        mean, std = x_train.mean(), x_train.std(correction=correction)
        right = scaled(mean, std)
        wants.append(right)
        own_mean, own_std = x_test.mean(), x_test.std(correction=correction)
        own = "テストデータを、テストデータ自身の平均や標準偏差で標準化しています。訓練データと同じ気温が、別の値になってしまいます。"
        mistakes += [
            (scaled(mean, std, own_mean, own_std), own),
            (scaled(mean, std, own_mean), own),
            (scaled(mean, std, None, own_std), own),
            (
                scaled(both.mean(), both.std(correction=correction)),
                "テストデータも混ぜて平均と標準偏差を求めています。これはリークです。訓練データだけから求めましょう。",
            ),
            (
                (right[0], x_test),
                "テストデータが標準化されていません。学習した直線に入れる前に、同じ変換が要ります。",
            ),
            ((right[1], right[0]), "順番が逆です。(z_train, z_test) の順で返しましょう。"),
            (
                scaled(mean, std**2),
                "標準偏差ではなく分散で割っています。割った値から単位が消えるのは、どちらでしょうか。",
            ),
            (scaled(0, std), "平均が引かれていません。平均 0 にするには、割る前に何を引きますか。"),
        ]
    mean = x_train.mean()
    mistakes += [
        (scaled(mean, 1), "平均は引かれています。標準偏差でも割りましょう。"),
        (
            scaled(x_train.min(), x_train.max() - x_train.min()),
            "最小値と最大値で 0 から 1 に収めています。ここでは平均と標準偏差を使います。",
        ),
    ]
    try:
        expect(got, wants[1], tol=1e-4)
    except Wrong:
        expect(got, wants[0], "standardize_both の結果", tol=1e-4, mistakes=mistakes)
