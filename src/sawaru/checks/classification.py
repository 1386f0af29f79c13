"""The checks of the chapter パーセプトロンとロジスティック回帰."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from sawaru.exercise import either, exercise, otherwise, tensor

_POINTS = tensor([1, 2], [3, -1], [0, 0], [-2, 0.5])  # (4, 2)
_WIDE = torch.linspace(-1, 1, 15, dtype=torch.float64).reshape(5, 3)


@exercise(
    "classification.signed_distance",
    praise="w と b を何倍にしても、距離は変わりません。境界そのものが動かないからです。",
    cases=[(_POINTS, tensor(3, -4), 2.0), (_POINTS, tensor(6, -8), 4.0), (_WIDE, tensor(1, 2, 2), 3.0)],
    what=lambda X, w, b: f"w = ({', '.join(f'{v:g}' for v in w)})、b = {b:g} での signed_distance",
)
def _(X, w, b):
    z, length = X @ w + b, w.norm()
    yield z / length
    yield z, "z のままです。重みを 2 倍にすると z も 2 倍になりますが、境界までの距離は変わりません。"
    yield X @ w / length + b, "バイアスが割られていません。w と b を一緒に 2 倍にしても、距離は変わらないはずです。"
    yield X @ w / length, "バイアスが入っていません。原点を通る、平行な直線までの距離になっています。"
    yield z.abs() / length, "絶対値をとっています。出力が 0 の側は、負にしましょう。"
    yield -z / length, "符号が逆です。出力が 1 の側、つまり z が正の側を、正とします。"
    yield z / length**2, "長さの二乗で割っています。w の向きに 1 だけ進むと、z は ‖w‖ だけ増えます。"
    yield z / (w @ w + b**2).sqrt(), "割る長さにバイアスまで入れています。入力の平面での距離を決めるのは w の長さだけです。"
    yield z / w.abs().sum(), "成分の絶対値の和で割っています。長さは、二乗の和の平方根です。"
    yield z / X.norm(dim=1), "点の原点からの距離で割っています。割るのは重みの長さのほうです。"


def _pass(X: Tensor, s: Tensor, w: Tensor, b: float, mistake: str = "") -> tuple[Tensor, float, int]:
    """One pass of the perceptron, or of one of the variants that readers write."""
    start, updates = (w, b), 0
    sign = -1 if mistake == "sign" else 1
    for x_n, s_n in zip(X, s, strict=True):
        z = float(s_n * (x_n @ start[0] + start[1] if mistake == "frozen" else x_n @ w + b))
        if mistake == "always" or z < 0 or (z == 0 and mistake != "strict"):
            w, updates = w + sign * s_n * x_n, updates + 1
            b = b if mistake == "no bias" else b + sign * float(s_n)
    return w, b, updates


_INPUTS = tensor([1, 2], [2, 1], [-1, 1], [1, -2], [0.5, 0.5], [-2, -1])  # (6, 2)
_SIDES = tensor(1, -1, 1, -1, 1, -1)


@exercise(
    "classification.one_pass",
    praise="更新の回数が 0 になるまで一巡を繰り返せば、パーセプトロンの学習の全体です。",
    cases=[(_INPUTS, _SIDES, tensor(-0.5, 1), -1.5), (_INPUTS, _SIDES, tensor(0, 0), 0.0)],
    what=lambda X, s, w, b: f"w = ({w[0]:g}, {w[1]:g})、b = {b:g} から始めた one_pass",
)
def _(X, s, w, b):
    want = _pass(X, s, w, b)
    yield want
    yield _pass(X, s, w, b, "strict"), "境界の上（s·z = 0）の点を、間違いに数えていません。w も b も 0 から始めると、一度も直せません。"
    yield _pass(X, s, w, b, "always"), "当たっている点でも直しています。直すのは間違えたときだけです。"
    yield _pass(X, s, w, b, "frozen"), "どの点も、最初の w と b で判定しています。直したら、次の点は直した後の重みで判定しましょう。"
    yield _pass(X, s, w, b, "no bias"), "b が直されていません。b に掛かる入力は、いつも 1 です。"
    yield _pass(X, s, w, b, "sign"), "直す向きが逆です。s が +1 の点を間違えたら、x を足します。"
    yield (*want[:2], len(X)), "w と b は合っています。回数は、点の数ではなく、直した回数です。"
    yield (*want[:2], 1), "w と b は合っています。回数は、間違えるたびに 1 ずつ増やします。"


@exercise(
    "classification.stock_for",
    praise="確率で答えるモデルは、逆に読むと「確率をこうするには、どうすればよいか」に答えます。",
    cases=[(q, 2.5, tensor(2, -4), 6.0) for q in (0.2, 0.5, 0.9)],
    tol=1e-3,
)
def _(q, temperature, w, b):
    hot, per_stock = w * tensor(temperature, 1)
    z = math.log(q / (1 - q))
    want = (z - b - hot) / per_stock
    yield either(want, want[None])
    yield (-b - hot) / per_stock, "確率が 0.5 になる仕込み、つまり決定境界の上の数です。確率 q に当たる z を求めてから解きましょう。"
    yield (q - b - hot) / per_stock, "z に確率 q をそのまま入れています。z = 0 のとき、確率は 0.5 です。"
    yield (-z - b - hot) / per_stock, "売れ残る確率が q になる仕込みです。ロジットの分子と分母を見直しましょう。"
    yield (math.log(q) - b - hot) / per_stock, "log q を使っています。シグモイドの逆関数は、オッズ q/(1 − q) の対数です。"
    yield (q / (1 - q) - b - hot) / per_stock, "オッズのままです。z に等しいのは、オッズの対数です。"
    yield (z - b) / per_stock, "気温の項がありません。暑い日ほど、同じ確率にするための仕込みは増えるはずです。"
    yield (z - hot) / per_stock, "バイアスの項がありません。"
    yield -want, "符号が逆です。仕込みの重みは負なので、割るときに符号が変わります。"
    yield (z - b - hot) / w[0], "気温の重みで割っています。未知数の仕込みに掛かっている重みはどちらでしょうか。"
    yield 1 / (1 + math.exp(-q)), "シグモイドに q を入れています。確率から z へ、逆に戻しましょう。"

    def tried(stock: float) -> str:
        chance = torch.sigmoid(hot + per_stock * stock + b)
        step = "多すぎ" if stock > want else "少なすぎ"
        return f"q = {q}、気温 {temperature:g} で {stock:.4g} を返しましたが、その仕込みで売り切れる確率は {chance:.3g} です。仕込みが{step}ます。"

    yield otherwise(tried)


_CLIPPED = "小さな z では合いましたが、z = ±1000 で値がずれました。確率を切り詰める（clamp や小さな数を足す）と、壊れない代わりに損失が頭打ちになります。z のまま計算しましょう。"


def _broken(got: Tensor, want: Tensor) -> str | None:
    """What happens to a loss that is right where z is small."""
    if got.isfinite().all():
        return _CLIPPED if got.mean() < 0.95 * want else None
    found = f"小さな z では合いましたが、z = ±1000 では {'NaN' if got.isnan().any() else 'inf'} になりました（期待する値は {want:.4g}）。"
    return found + "exp が溢れたか、0 の対数をとっています。指数の引数がいつも 0 以下になるように、式を変形しましょう。"


@exercise(
    "classification.bce",
    praise="確率を作らずに z のまま計算したので、どんなに自信のある答えでも壊れません。",
    cases=[(tensor(2, -1, 0.5, -3, 1.5), tensor(1, 0, 0, 1, 1)), (tensor(1000, -1000, 1000, -1000, 30), tensor(1, 0, 0, 1, 0))],
    what=lambda z, y: "z = ±1000 を含む bce(z, y)" if z.max() == 1000 else "5 件の bce(z, y)",
)
def _(z, y):
    each = F.binary_cross_entropy_with_logits(z, y, reduction="none")
    want = each.mean()
    yield want

    if z.max() == 1000:
        yield otherwise(lambda got: _broken(got.double(), want), Tensor)
        return

    p = torch.sigmoid(z)
    yield each.sum(), "平均ではなく合計になっています。N で割りましょう。"
    yield -want, "符号が逆です。これは対数尤度の平均で、小さくしたいのは符号を変えたものです。"
    yield each, "日ごとの値が並んだままです。N 件の平均をとりましょう。"
    yield F.binary_cross_entropy_with_logits(-z, y), "結果 1 と 0 の扱いが逆です。結果が 1 の日の損失は、z が大きいほど小さくなります。"
    yield -(y * p.log()).mean(), "結果が 0 の日の項がありません。売れ残った日も、1 − p の対数を足します。"
    yield ((p - y) ** 2).mean(), "確率と結果の差を二乗しています。ベルヌーイ分布の負の対数尤度を書きましょう。"
    yield (p - y).mean(), "これは勾配に出てくるずれです。求めたいのは、損失の値です。"
    yield want / math.log(2), "対数の底が 2 になっています。この本の log は自然対数です。"
    yield F.binary_cross_entropy_with_logits(p, y), "z をすでにシグモイドに通した値として扱っています。シグモイドは一度だけです。"
    yield torch.clamp(-(2 * y - 1) * z, min=0).mean(), "パーセプトロンの損失になっています。正しい側の点にも、わずかな損失があります。"


_DAYS, _SOLD = tensor([1, 2, 0.5], [2, 1, -1], [-1, 1, 2], [1, -2, 0], [0.5, 0.5, 1]), tensor(1, 0, 0, 1, 1)
_WEIGHTS = tensor(0.8, -0.5, 0.6)


@exercise(
    "classification.logistic_gradient",
    praise="自動微分と一致しました。確率と結果のずれに、入力を掛けて平均するだけです。",
    cases=[(_DAYS, _SOLD, _WEIGHTS, 0.3), (_DAYS[:, :2], _SOLD, _WEIGHTS[:2], 0.3)],
    what=lambda X, y, w, b: f"logistic_gradient（N = {len(y)}、P = {len(w)}）",
)
def _(X, y, w, b):
    N, P = X.shape
    z = X @ w + b
    p = torch.sigmoid(z)

    def pulled(off: Tensor) -> tuple[Tensor, Tensor]:
        return X.T @ off / N, off.mean()

    of_w, of_b = pulled(p - y)
    yield of_w, of_b
    yield (-of_w, -of_b), "符号が逆です。これは下る向きで、勾配は「確率 − 結果」から作ります。"
    yield (N * of_w, N * of_b), "平均ではなく合計の勾配になっています。N で割りましょう。"
    yield (of_w, N * of_b), "w の勾配は合っています。b の勾配も、合計ではなく平均にしましょう。"
    yield (N * of_w, of_b), "b の勾配は合っています。w の勾配も、合計ではなく平均にしましょう。"
    yield pulled(z - y), "シグモイドを通していません。線形回帰の勾配になっています。"
    yield pulled(2 * (p - y) * p * (1 - p)), "二乗の損失の勾配です。負の対数尤度では、p(1 − p) が約分されて消えます。"
    yield pulled((p - y) * p * (1 - p)), "p(1 − p) が余分に掛かっています。負の対数尤度では、約分されて消えます。"
    yield (2 * of_w, 2 * of_b), "ちょうど 2 倍です。二乗を微分したのではないので、2 は出ません。"
    yield pulled((z >= 0).double() - y), "確率ではなく、0 か 1 の答えを使っています。それではパーセプトロンの更新です。"
    yield pulled(torch.sigmoid(X @ w) - y), "z にバイアスが入っていません。"
    yield ((p - y)[:, None] * X, p - y), "日ごとの勾配が並んだままです。日の方向に平均しましょう。"
    yield (of_b, of_w), "順番が逆です。(w の勾配, b の勾配) の順で返しましょう。"
    yield otherwise(lambda got: "w の勾配だけが返っています。b の勾配も求め、(w の勾配, b の勾配) の組で返しましょう。" if got.shape == (P,) else None, Tensor)
    yield otherwise(lambda got: f"形 ({P + 1},) のテンソルが一つ返りました。(w の勾配, b の勾配) の組に分けて返しましょう。" if got.shape == (P + 1,) else None, Tensor)
