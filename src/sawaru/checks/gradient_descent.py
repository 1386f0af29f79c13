"""The checks of the chapter 勾配降下法."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sawaru.exercise import Wrong, either, exercise, otherwise, tensor, unchanged

_X = tensor([1, 2, 1], [0, -1, 1], [3, 1, 1], [-2, 1, 1], [1, 0, 1])  # (5, 3)
_Y, _THETA = tensor(2, 1, 4, -3, 0), tensor(1.5, -0.5, 2)


@exercise(
    "gradient_descent.mse_gradient",
    praise="自動微分と一致しました。入力がいくつでも、この一行で済みます。",
    cases=[(_THETA, _X, _Y), (_THETA[1:], _X[:, 1:], _Y)],
    what=lambda theta, X, y: f"mse_gradient（N = {len(y)}、D = {len(theta)}）",
)
def _(theta, X, y):
    N, D = X.shape
    r = X @ theta - y
    want = 2 * X.T @ r / N
    yield want
    yield -want, "符号が逆です。これは下る向きで、勾配は登る向きを指します。"
    yield want / 2, "ちょうど半分です。二乗を微分すると、係数が一つ出ます。"
    yield want * N, "平均ではなく合計の勾配になっています。データの件数 N で割ってみましょう。"
    yield want * N / 2, "係数が落ちています。損失は二乗の「平均」で、微分すると 2 も出ます。"
    yield want * N / D, "パラメータの数 D で割っています。割るのはデータの件数 N のほうです。"
    yield 2 * X.T @ X @ theta / N, "観測 y が使われていません。掛ける相手は X @ theta ではなく、予測と観測の差です。"
    yield 2 * X * r[:, None], "データごとの勾配が並んだままです。データの方向に平均して、形を (D,) にしましょう。"
    yield 2 * X * r[:, None] / N, "データごとの勾配が並んだままです。データの方向に足して、形を (D,) にしましょう。"
    yield 2 * X.T @ (X @ theta[:, None] - y) / N, "X @ theta が列になり、y を引くと表に広がっています。theta の形は (D,) のまま使いましょう。"
    yield 2 * r.mean(), "残差だけを平均しています。パラメータごとに、対応する X の列を掛けてから平均します。"
    yield (r**2).mean(), "損失の値が返っています。求めたいのは、それを theta で微分したものです。"


def _diverges(x: Tensor, rate: float) -> bool:
    """Whether gradient descent on E = θᵀHθ/2 for the model ax + b grows without bound."""
    X = torch.stack([x, torch.ones_like(x)], dim=1)
    step = torch.eye(2, dtype=x.dtype) - rate * 2 * X.T @ X / len(x)
    theta = tensor(1, 1)
    for _ in range(2000):
        theta = step @ theta
    return not bool(theta.norm() < 2)


@exercise(
    "gradient_descent.largest_rate",
    praise="境のすぐ手前では収束し、すぐ先では発散しました。観測 y は谷を動かすだけで、形を変えません。",
    cases=[tensor(-1, 0.5, 2, 3, 1, 2.5), tensor(4, 6, 9)],
    what=lambda x: f"largest_rate（N = {len(x)}）",
)
def _(x):
    X, N = torch.stack([x, torch.ones_like(x)], dim=1), len(x)
    low, high = torch.linalg.eigvalsh(2 * X.T @ X / N).tolist()
    want = 2 / high
    yield want
    yield 2 / low, "一番緩い向きの境です。一番急な向きは、これよりずっと手前で発散します。"
    yield 1 / high, "ちょうど半分です。この学習率では急な向きの誤差が 1 歩で 0 になります。倍率が −1 になるのはどこでしょうか。"
    yield 2 / (low + high), "一番速い学習率です。速さではなく、発散するかどうかの境を求めましょう。"
    yield high, "固有値が返っています。学習率の境は、その逆数に比例します。"
    yield want / N, "損失を二乗の合計と見たときの境です。平均なら、ヘッセ行列を N で割ります。"
    yield 2 * want / N, "XᵀX そのものの固有値を使っています。ヘッセ行列には、その前に係数が付きます。"
    yield 2 * want, "ちょうど 2 倍です。二乗を微分したときの 2 は、ヘッセ行列に入っていますか。"
    yield 1 / (x**2).mean(), "切片 b がない直線の境です。X には、1 を並べた列も要ります。"
    yield 2 / torch.linalg.matrix_norm(X, 2), "X の特異値を使っています。ヘッセ行列の固有値は、特異値の何乗に比例するでしょうか。"
    yield tensor(2 / low, 2 / high), "向きごとの境が 2 つ返っています。どちらの向きも縮むには、どちらを守ればよいでしょうか。"

    def tried(rate: float) -> str | None:
        if rate <= 0:
            return f"η = {rate:.4g} を返しました。学習率の境は正の数です。"
        if not _diverges(x, 0.98 * rate) == (rate > want) == _diverges(x, 1.02 * rate):
            return None  # too near to tell
        found = "その 0.98 倍で 2000 歩進むと、もう発散します。境はこれより手前です。" if rate > want else "その 1.02 倍で 2000 歩進んでも、まだ収束します。境はこれより先です。"
        return f"η = {rate:.4g} を返しました。{found}ヘッセ行列の一番大きい固有値を確かめましょう。"

    yield otherwise(tried)


@exercise(
    "gradient_descent.original_units",
    praise="どの気温でも、標準化した直線と同じ予測になりました。標準化が変えたのは谷の形だけで、直線ではありません。",
    cases=[tuple(tensor(3, 7, 12, 4))],  # ŷ = 3 (x − 12) / 4 + 7
    what="original_units(3, 7, mean=12, std=4)",
)
def _(a_z, b_z, mean, std):
    a = a_z / std
    b = b_z - a * mean
    yield a, b
    yield (a, b_z), "平均を引いた分が切片に入っていません。x = 0 のとき、z は 0 ではありません。"
    for shift in (0, a_z * std * mean):
        yield (a_z * std, b_z - shift), "std を掛けています。z の定義を代入すると、x の係数はどうなりますか。"
    yield (a_z * std, b_z + a_z * mean), "x = z·s + μ ではなく、z = (x − μ) / s を直線の式に代入しましょう。"
    yield (a, b_z + a * mean), "切片の符号が違います。x = 0 のとき z = −μ/s です。"
    yield (a, b_z - a_z * mean), "傾きは合っています。切片で引く量にも、割り算が要ります。"
    yield (a, (b_z - a_z * mean) / std), "傾きは合っています。切片では b_z まで std で割っています。std で割るのは、z に掛かる項だけです。"
    yield (a, b_z / std), "傾きは合っています。切片は、x = 0 を入れたときの予測値です。"
    yield (a_z, b_z), "値が変わっていません。x を 1 増やすと、z はいくつ増えるでしょうか。"
    yield (b, a), "傾きと切片の順が逆です。(a, b) の順で返しましょう。"


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
            raise Wrong(f"{call}、{twice} 件が 2 か所に入りました。学習に使った日でテストすると、汎化は測れません。番号を重ならないように切りましょう。")
        if sizes != wanted:
            step = _size_step(sizes, wanted)
            shown = "・".join(map(str, sizes))
            raise Wrong(f"{call}、訓練・検証・テストが {shown} 件になりました（期待は {'・'.join(map(str, wanted))} 件）。{step}")
        for name, (part_x, part_y) in zip(("訓練", "検証", "テスト"), parts, strict=True):
            if not torch.equal(part_y, 10 * part_x + 1):
                raise Wrong(
                    f"{name}データで、気温と売上の組が崩れています（気温 {part_x[0]:g} の売上が {part_y[0]:g}、正しくは {10 * part_x[0] + 1:g}）。"
                    "並べ替えは一度だけにして、同じ番号を x と y の両方に使いましょう。"
                )
        in_order += all(_block(part_x) for part_x, _ in parts[1:])
    if in_order == 3:
        raise Wrong("いつも並び順のまま切り取られています。記録が日付順なら、テストが夏の日だけになるかもしれません。無作為に並べ替えてから切りましょう。")


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
            raise Wrong(f"x の形が {tuple(part_x.shape)}、y の形が {tuple(part_y.shape)} の組があります。どちらも同じ長さの (n,) にしましょう。")
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
    cases=[(tensor(1, 2, 4, 5, 8), tensor(6, 9, 13))],
    what="standardize_both の結果",
)
def _(x_train, x_test):
    def scaled(mean: Any, std: Any, test_mean: Any = None, test_std: Any = None) -> tuple[Tensor, Tensor]:
        test_mean, test_std = mean if test_mean is None else test_mean, std if test_std is None else test_std
        return (x_train - mean) / std, (x_test - test_mean) / test_std

    mean, both = x_train.mean(), torch.cat([x_train, x_test])
    stds = [(x_train.std(correction=c), x_test.std(correction=c), both.std(correction=c)) for c in (0, 1)]
    yield either(*(scaled(mean, std) for std, _, _ in stds))  # either standard deviation is a standardisation
    for std, test_std, both_std in stds:
        train, test = scaled(mean, std)
        for own in ((x_test.mean(), test_std), (x_test.mean(), None), (None, test_std)):
            yield scaled(mean, std, *own), "テストデータを、テストデータ自身の平均や標準偏差で標準化しています。訓練データと同じ気温が、別の値になってしまいます。"
        yield scaled(both.mean(), both_std), "テストデータも混ぜて平均と標準偏差を求めています。これはリークです。訓練データだけから求めましょう。"
        yield (train, x_test), "テストデータが標準化されていません。学習した直線に入れる前に、同じ変換が要ります。"
        yield (test, train), "順番が逆です。(z_train, z_test) の順で返しましょう。"
        yield scaled(mean, std**2), "標準偏差ではなく分散で割っています。割った値から単位が消えるのは、どちらでしょうか。"
        yield scaled(0, std), "平均が引かれていません。平均 0 にするには、割る前に何を引きますか。"
    yield scaled(mean, 1), "平均は引かれています。標準偏差でも割りましょう。"
    yield scaled(x_train.min(), x_train.max() - x_train.min()), "最小値と最大値で 0 から 1 に収めています。ここでは平均と標準偏差を使います。"
