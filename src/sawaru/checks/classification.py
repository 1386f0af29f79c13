"""The checks of the chapter パーセプトロンとロジスティック回帰."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sawaru.exercise import Wrong, exercise, expect, unchanged


def _tensor(*values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


@exercise(
    "classification.signed_distance",
    praise="w と b を何倍にしても、距離は変わりません。境界そのものが動かないからです。",
)
def _(signed_distance: Callable[..., Any]) -> None:
    X = _tensor([1, 2], [3, -1], [0, 0], [-2, 0.5])  # (4, 2)
    for w, b in ((_tensor(3, -4), 2.0), (_tensor(6, -8), 4.0)):
        z, length = X @ w + b, w.norm()
        with unchanged(X, "X"), unchanged(w, "w"):
            got = signed_distance(X, w, b)
        mistakes = [
            (z, "z のままです。重みを 2 倍にすると z も 2 倍になりますが、境界までの距離は変わりません。"),
            (
                X @ w / length + b,
                "バイアスが割られていません。w と b を一緒に 2 倍にしても、距離は変わらないはずです。",
            ),
            (
                X @ w / length,
                "バイアスが入っていません。原点を通る、平行な直線までの距離になっています。",
            ),
            (z.abs() / length, "絶対値をとっています。出力が 0 の側は、負にしましょう。"),
            (-z / length, "符号が逆です。出力が 1 の側、つまり z が正の側を、正とします。"),
            (
                z / length**2,
                "長さの二乗で割っています。w の向きに 1 だけ進むと、z は ‖w‖ だけ増えます。",
            ),
            (
                z / math.sqrt(float(w @ w) + b**2),
                "割る長さにバイアスまで入れています。入力の平面での距離を決めるのは w の長さだけです。",
            ),
            (z / w.abs().sum(), "成分の絶対値の和で割っています。長さは、二乗の和の平方根です。"),
            (
                z / X.norm(dim=1),
                "点の原点からの距離で割っています。割るのは重みの長さのほうです。",
            ),
        ]
        what = f"w = ({w[0]:g}, {w[1]:g})、b = {b:g} での signed_distance"
        expect(got, z / length, what, tol=1e-4, mistakes=mistakes)
    wide = torch.linspace(-1, 1, 15, dtype=torch.float64).reshape(5, 3)
    w = _tensor(1, 2, 2)
    expect(signed_distance(wide, w, 3.0), (wide @ w + 3) / 3, "入力が 3 つのときの signed_distance")


def _pass(
    X: Tensor,
    s: Tensor,
    w: Tensor,
    b: float,
    *,
    strict: bool = False,
    always: bool = False,
    frozen: bool = False,
    bias: bool = True,
    sign: int = 1,
) -> tuple[Tensor, float, int]:
    """One pass of the perceptron, or of one of the variants that readers write."""
    start, updates = (w, b), 0
    for x_n, s_n in zip(X, s, strict=True):
        z = float(s_n * (x_n @ start[0] + start[1] if frozen else x_n @ w + b))
        if always or z < 0 or (z == 0 and not strict):
            w, updates = w + sign * s_n * x_n, updates + 1
            b = b + sign * float(s_n) if bias else b
    return w, b, updates


@exercise(
    "classification.one_pass",
    praise="更新の回数が 0 になるまで一巡を繰り返せば、パーセプトロンの学習の全体です。",
)
def _(one_pass: Callable[..., Any]) -> None:
    X = _tensor([1, 2], [2, 1], [-1, 1], [1, -2], [0.5, 0.5], [-2, -1])  # (6, 2)
    s = _tensor(1, -1, 1, -1, 1, -1)
    # From zero every point is on the boundary and several mistakes look alike: that comes second.
    for w, b in ((_tensor(-0.5, 1), -1.5), (_tensor(0, 0), 0.0)):
        with unchanged(X, "X"), unchanged(s, "s"), unchanged(w, "w"):
            got = one_pass(X, s, w, b)
        want = _pass(X, s, w, b)
        if isinstance(got, (tuple, list)) and len(got) == 3 and isinstance(got[0], Tensor):
            got = (got[0], got[1], int(got[2]) if isinstance(got[2], (int, float, Tensor)) else got[2])
        halves = [
            (
                _pass(X, s, w, b, strict=True),
                "境界の上（s·z = 0）の点を、間違いに数えていません。w も b も 0 から始めると、一度も直せません。",
            ),
            (
                _pass(X, s, w, b, always=True),
                "当たっている点でも直しています。直すのは間違えたときだけです。",
            ),
            (
                _pass(X, s, w, b, frozen=True),
                "どの点も、最初の w と b で判定しています。直したら、次の点は直した後の重みで判定しましょう。",
            ),
            (_pass(X, s, w, b, bias=False), "b が直されていません。b に掛かる入力は、いつも 1 です。"),
            (_pass(X, s, w, b, sign=-1), "直す向きが逆です。s が +1 の点を間違えたら、x を足します。"),
        ]
        mistakes: list[tuple[Any, str]] = [*halves]
        mistakes.append(((want[0], want[1], len(X)), "w と b は合っています。回数は、点の数ではなく、直した回数です。"))
        mistakes.append(((want[0], want[1], 1), "w と b は合っています。回数は、間違えるたびに 1 ずつ増やします。"))
        call = f"w = ({w[0]:g}, {w[1]:g})、b = {b:g} から始めた one_pass"
        expect(got, want, call, tol=1e-4, mistakes=mistakes)


@exercise(
    "classification.stock_for",
    praise="確率で答えるモデルは、逆に読むと「確率をこうするには、どうすればよいか」に答えます。",
)
def _(stock_for: Callable[..., Any]) -> None:
    w, b, temperature = _tensor(2, -4), 6.0, 3.0
    for q in (0.2, 0.5, 0.9):
        z = math.log(q / (1 - q))
        want = (z - b - 2 * temperature) / -4
        with unchanged(w, "w"):
            got = stock_for(q, temperature, w, b)
        at_half = (-b - 2 * temperature) / -4
        mistakes = [
            (
                at_half,
                "確率が 0.5 になる仕込み、つまり決定境界の上の数です。確率 q に当たる z を求めてから解きましょう。",
            ),
            (
                (q - b - 2 * temperature) / -4,
                "z に確率 q をそのまま入れています。z = 0 のとき、確率は 0.5 です。",
            ),
            (
                (-z - b - 2 * temperature) / -4,
                "売れ残る確率が q になる仕込みです。ロジットの分子と分母を見直しましょう。",
            ),
            (
                (math.log(q) - b - 2 * temperature) / -4,
                "log q を使っています。シグモイドの逆関数は、オッズ q/(1 − q) の対数です。",
            ),
            (
                (q / (1 - q) - b - 2 * temperature) / -4,
                "オッズのままです。z に等しいのは、オッズの対数です。",
            ),
            (
                (z - b) / -4,
                "気温の項がありません。暑い日ほど、同じ確率にするための仕込みは増えるはずです。",
            ),
            ((z - 2 * temperature) / -4, "バイアスの項がありません。"),
            (-want, "符号が逆です。仕込みの重みは負なので、割るときに符号が変わります。"),
            (
                (z - b - 2 * temperature) / 2,
                "気温の重みで割っています。未知数の仕込みに掛かっている重みはどちらでしょうか。",
            ),
            (
                1 / (1 + math.exp(-q)),
                "シグモイドに q を入れています。確率から z へ、逆に戻しましょう。",
            ),
        ]
        value = float(got) if isinstance(got, (int, float)) or (isinstance(got, Tensor) and got.numel() == 1) else None
        known = value is not None and any(math.isclose(value, wrong, abs_tol=1e-3) for wrong, _ in mistakes)
        if value is not None and math.isfinite(value) and not known and not math.isclose(value, want, abs_tol=1e-3):
            chance = 1 / (1 + math.exp(min(700.0, -(2 * temperature - 4 * value + b))))
            step = "多すぎ" if value > want else "少なすぎ"
            raise Wrong(f"q = {q}、気温 {temperature:g} で {value:.4g} を返しましたが、その仕込みで売り切れる確率は {chance:.3g} です。仕込みが{step}ます。")
        if value is not None and isinstance(got, Tensor):
            got = value
        expect(got, want, f"stock_for({q}, 3, w, 6)", tol=1e-3, mistakes=[] if q == 0.5 else mistakes)


@exercise(
    "classification.bce",
    praise="確率を作らずに z のまま計算したので、どんなに自信のある答えでも壊れません。",
)
def _(bce: Callable[..., Any]) -> None:
    z, y = _tensor(2, -1, 0.5, -3, 1.5), _tensor(1, 0, 0, 1, 1)
    with unchanged(z, "z"), unchanged(y, "y"):
        got = bce(z, y)
    each = F.binary_cross_entropy_with_logits(z, y, reduction="none")
    p = torch.sigmoid(z)
    mistakes = [
        (each.sum(), "平均ではなく合計になっています。N で割りましょう。"),
        (-each.mean(), "符号が逆です。これは対数尤度の平均で、小さくしたいのは符号を変えたものです。"),
        (each, "日ごとの値が並んだままです。N 件の平均をとりましょう。"),
        (
            F.binary_cross_entropy_with_logits(-z, y),
            "結果 1 と 0 の扱いが逆です。結果が 1 の日の損失は、z が大きいほど小さくなります。",
        ),
        (
            -(y * p.log()).mean(),
            "結果が 0 の日の項がありません。売れ残った日も、1 − p の対数を足します。",
        ),
        (
            ((p - y) ** 2).mean(),
            "確率と結果の差を二乗しています。ベルヌーイ分布の負の対数尤度を書きましょう。",
        ),
        ((p - y).mean(), "これは勾配に出てくるずれです。求めたいのは、損失の値です。"),
        (each.mean() / math.log(2), "対数の底が 2 になっています。この本の log は自然対数です。"),
        (
            F.binary_cross_entropy_with_logits(p, y),
            "z をすでにシグモイドに通した値として扱っています。シグモイドは一度だけです。",
        ),
        (
            torch.clamp(-(2 * y - 1) * z, min=0).mean(),
            "パーセプトロンの損失になっています。正しい側の点にも、わずかな損失があります。",
        ),
    ]
    expect(got, each.mean(), "5 件の bce(z, y)", tol=1e-4, mistakes=mistakes)

    z, y = _tensor(1000, -1000, 1000, -1000, 30), _tensor(1, 0, 0, 1, 0)
    got, want = bce(z, y), F.binary_cross_entropy_with_logits(z, y)
    if isinstance(got, (float, Tensor)) and not bool(torch.as_tensor(got).isfinite().all()):
        found = "NaN" if bool(torch.as_tensor(got).isnan().any()) else "inf"
        raise Wrong(
            f"小さな z では合いましたが、z = ±1000 では {found} になりました（期待する値は {want:.4g}）。"
            "exp が溢れたか、0 の対数をとっています。指数の引数がいつも 0 以下になるように、式を変形しましょう。"
        )
    clipped = "小さな z では合いましたが、z = ±1000 で値がずれました。確率を切り詰める（clamp や小さな数を足す）と、壊れない代わりに損失が頭打ちになります。z のまま計算しましょう。"
    if isinstance(got, (float, Tensor)) and float(torch.as_tensor(got).mean()) < 0.95 * float(want):
        raise Wrong(clipped)
    expect(got, want, "z = ±1000 を含む bce(z, y)", tol=1e-4)


@exercise(
    "classification.logistic_gradient",
    praise="自動微分と一致しました。確率と結果のずれに、入力を掛けて平均するだけです。",
)
def _(logistic_gradient: Callable[..., Any]) -> None:
    X = _tensor([1, 2, 0.5], [2, 1, -1], [-1, 1, 2], [1, -2, 0], [0.5, 0.5, 1])  # (5, 3)
    y, b = _tensor(1, 0, 0, 1, 1), 0.3
    for inputs in (3, 2):
        A, w = X[:, :inputs].clone(), _tensor(0.8, -0.5, 0.6)[:inputs].clone()
        tracked, bias = w.clone().requires_grad_(), _tensor(b)[0].requires_grad_()
        loss = F.binary_cross_entropy_with_logits(A @ tracked + bias, y)
        want = torch.autograd.grad(loss, (tracked, bias))
        with unchanged(A, "X"), unchanged(y, "y"), unchanged(w, "w"):
            got = logistic_gradient(A, y, w, b)
        z = A @ w + b
        p, count = torch.sigmoid(z), len(y)
        off, squared = p - y, 2 * (p - y) * p * (1 - p)
        mistakes = [
            ((-want[0], -want[1]), "符号が逆です。これは下る向きで、勾配は「確率 − 結果」から作ります。"),
            (
                (count * want[0], count * want[1]),
                "平均ではなく合計の勾配になっています。N で割りましょう。",
            ),
            (
                (want[0], count * want[1]),
                "w の勾配は合っています。b の勾配も、合計ではなく平均にしましょう。",
            ),
            (
                (count * want[0], want[1]),
                "b の勾配は合っています。w の勾配も、合計ではなく平均にしましょう。",
            ),
            (
                (A.T @ (z - y) / count, (z - y).mean()),
                "シグモイドを通していません。線形回帰の勾配になっています。",
            ),
            (
                (A.T @ squared / count, squared.mean()),
                "二乗の損失の勾配です。負の対数尤度では、p(1 − p) が約分されて消えます。",
            ),
            (
                (A.T @ squared / 2 / count, squared.mean() / 2),
                "p(1 − p) が余分に掛かっています。負の対数尤度では、約分されて消えます。",
            ),
            (
                (2 * want[0], 2 * want[1]),
                "ちょうど 2 倍です。二乗を微分したのではないので、2 は出ません。",
            ),
            (
                (A.T @ ((z >= 0).double() - y) / count, ((z >= 0).double() - y).mean()),
                "確率ではなく、0 か 1 の答えを使っています。それではパーセプトロンの更新です。",
            ),
            (
                (A.T @ (torch.sigmoid(A @ w) - y) / count, (torch.sigmoid(A @ w) - y).mean()),
                "z にバイアスが入っていません。",
            ),
            (
                (off[:, None] * A, off),
                "日ごとの勾配が並んだままです。日の方向に平均しましょう。",
            ),
            ((want[1], want[0]), "順番が逆です。(w の勾配, b の勾配) の順で返しましょう。"),
        ]
        if isinstance(got, Tensor) and got.shape == (inputs,):
            raise Wrong("w の勾配だけが返っています。b の勾配も求め、(w の勾配, b の勾配) の組で返しましょう。")
        if isinstance(got, Tensor) and got.shape == (inputs + 1,):
            raise Wrong(f"形 ({inputs + 1},) のテンソルが一つ返りました。(w の勾配, b の勾配) の組に分けて返しましょう。")
        expect(got, want, f"logistic_gradient（N = 5、P = {inputs}）", tol=1e-4, mistakes=mistakes)
