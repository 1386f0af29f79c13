"""The checks of the chapter PyTorch とライブラリ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sawaru.exercise import Wrong, exercise, expect, unchanged
from sawaru.exercise.compare import Unsolved

_POINTS = torch.tensor([[1, 2], [-1, 0.5], [0.3, -1], [2, -0.7], [-0.4, -1.2], [0.8, 0.9], [-1.5, 1.1]], dtype=torch.float64)
_KINDS = torch.tensor([1, 0, 0, 1, 1, 0, 1], dtype=torch.float64)


def _linear(inputs: int = 2) -> nn.Linear:
    """A linear layer in double precision, the same each time."""
    layer = nn.Linear(inputs, 1, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.linspace(-0.6, 0.8, inputs, dtype=torch.float64)[None])
        layer.bias.fill_(0.2)
    return layer


@exercise(
    "pytorch.mse",
    praise="形をそろえてから引けば、ブロードキャストが黙って表を作ることはありません。",
)
def _(mse: Callable[..., Any]) -> None:
    column = torch.tensor([[1.0], [2.5], [4.0], [3.0]], dtype=torch.float64)  # (4, 1)
    for y in (
        torch.tensor([1.0, 2.0, 3.0, 5.0], dtype=torch.float64),
        torch.tensor([[0.0], [2.0], [5.0], [4.0]], dtype=torch.float64),
    ):
        with unchanged(column, "y_hat"), unchanged(y, "y"):
            got = mse(column, y)
        flat, truth = column.reshape(-1), y.reshape(-1)
        want, table = ((flat - truth) ** 2).mean(), (flat[:, None] - truth[None]) ** 2
        mistakes = [
            (
                table.mean(),
                "4 件の予測と 4 件の正解の、すべての組の差になっています。引く前に、2 つの shape を表示してみましょう。",
            ),
            ((flat - truth).pow(2).sum(), "平均ではなく合計になっています。"),
            (table.sum(), "すべての組の差を合計しています。引く前に、形をそろえましょう。"),
            (table.sum() / 4, "4 × 4 の表の和を 4 で割っています。引く前に、形をそろえましょう。"),
            ((flat - truth).abs().mean(), "二乗ではなく絶対値の平均になっています。"),
            ((flat - truth).mean() ** 2, "平均してから二乗しています。二乗してから平均しましょう。"),
        ]
        expect(got, want, f"y の形が {tuple(y.shape)} のときの mse", mistakes=mistakes)


def _losses(
    model: nn.Linear,
    steps: int,
    lr: float,
    *,
    keep: bool = False,
    step_first: bool = False,
    after: bool = False,
    sign: int = 1,
) -> list[float]:
    """The losses of training by hand, or of one of the variants that readers write."""
    w, b = model.weight.detach().clone()[0], model.bias.detach().clone()[0]
    losses, total_w, total_b = [], torch.zeros_like(w), torch.zeros_like(b)
    for _ in range(steps):
        off = (torch.sigmoid(_POINTS @ w + b) - _KINDS) / len(_KINDS)
        before = F.binary_cross_entropy_with_logits(_POINTS @ w + b, _KINDS)
        new_w, new_b = _POINTS.T @ off, off.sum()
        if step_first:  # the gradient of the step before; at the first there is none
            w, b = w - lr * total_w, b - lr * total_b
        total_w, total_b = (total_w + new_w, total_b + new_b) if keep else (new_w, new_b)
        if not step_first:
            w, b = w - sign * lr * total_w, b - sign * lr * total_b
        losses.append(float(F.binary_cross_entropy_with_logits(_POINTS @ w + b, _KINDS) if after else before))
    return losses


@exercise(
    "pytorch.train",
    praise="前の歩の勾配を消し、損失は数だけを書き留めました。エラーの出ないバグは、手書きの学習と比べると見つかります。",
)
def _(train: Callable[..., Any]) -> None:
    steps, lr = 12, 0.7
    want, model = _losses(_linear(), steps, lr), _linear()
    start = _linear().weight.detach()
    with unchanged(_POINTS, "X"), unchanged(_KINDS, "y"):
        got = train(model, _POINTS, _KINDS, lr, steps)
    if isinstance(got, (list, tuple)) and any(isinstance(v, Tensor) and v.requires_grad for v in got):
        raise Wrong("損失がテンソルのまま並んでいます。テンソルは、それを作った計算の記録をつかんだままなので、歩数だけメモリが増えます。Python の数にして書き留めましょう。")
    kept = _losses(_linear(), steps, lr, keep=True)
    mistakes = [
        (kept, "勾配が足し込まれたままです。一歩ごとに、前の勾配を消しましょう。"),
        (
            [want[0]] * steps,
            "損失が動いていません。step() を呼ぶときに、backward() で求めた勾配があるかを見ましょう。順番は、消す、求める、更新する、です。",
        ),
        (
            _losses(_linear(), steps, lr, after=True),
            "更新した後の損失が並んでいます。求めたいのは、更新する前の損失です。",
        ),
        (
            _losses(_linear(), steps, lr, step_first=True),
            "一歩前の勾配で更新しています。backward() の後で step() を呼びましょう。",
        ),
        (_losses(_linear(), steps, lr, sign=-1), "損失が増えています。勾配の逆へ動かしましょう。"),
    ]
    if isinstance(got, (int, float)) or (isinstance(got, Tensor) and got.dim() == 0):
        raise Wrong(f"数が一つ返りました。{steps} 歩の損失を並べたリストを返しましょう。")
    expect(
        got if isinstance(got, Tensor) else (list(got) if isinstance(got, tuple) else got),
        want,
        f"{steps} 歩の損失",
        mistakes=mistakes,
    )
    if torch.allclose(model.weight, start):
        raise Wrong("損失は合いましたが、渡した model が学習前のままです。コピーではなく、model そのものを学習しましょう。")


def _chain(model: nn.Module, X: Tensor, act: Callable[[Tensor], Tensor], last: bool = False) -> Tensor | None:
    """The output of the layers of `model` in the order of their shapes, or None if they do not chain."""
    left, h = [m for m in model.modules() if isinstance(m, nn.Linear)], X
    while left:
        fits = [m for m in left if m.in_features == h.shape[1] and (m.out_features != 1 or len(left) == 1)]
        if not fits:
            return None
        left.remove(fits[0])
        h = fits[0](h)
        h = act(h) if left or last else h
    return h[:, 0]


@exercise(
    "pytorch.deep_net",
    praise="層の枚数を変えても、パラメータはすべて parameters() に集まります。最適化器は、ここに現れたものだけを更新します。",
)
def _(deep_net: Any) -> None:
    if not callable(deep_net) or (isinstance(deep_net, type) and not issubclass(deep_net, nn.Module)):
        raise Wrong("nn.Module を継承したクラスを渡しましょう。")
    model = deep_net(3, 5, 2)
    if model is None or model is ...:
        raise Unsolved("まだ書かれていません。`...` を消して書いてみましょう。")
    if not isinstance(model, nn.Module):
        raise Wrong("作られたものが nn.Module ではありません。class DeepNet(nn.Module): と書いて継承しましょう。")
    model = model.double()
    X = torch.linspace(-1.5, 1.5, 12, dtype=torch.float64).reshape(4, 3)
    with unchanged(X, "X"):
        out = model(X)
    if out is None or out is ...:
        raise Unsolved("forward が結果を返していません。`...` を消して書いてみましょう。")
    # inputs × width + width, (layers − 1) × (width × width + width), width + 1
    for inputs, width, layers in ((3, 5, 2), (2, 4, 1), (2, 6, 3)):
        count = sum(p.numel() for p in deep_net(inputs, width, layers).parameters())
        want = (inputs + 1) * width + (layers - 1) * (width + 1) * width + width + 1
        if count == want:
            continue
        said = f"DeepNet({inputs}, {width}, {layers}) のパラメータは {count} 個でした（期待する数は {want} 個）。"
        if count in (0, width + 1):
            raise Wrong(said + "隠れ層が登録されていません。ふつうのリストに入れた層に、Module は気づきません。nn.ModuleList か nn.Sequential を使いましょう。")
        if count == want + (width + 1) * width:
            raise Wrong(said + "隠れ層が一枚多いようです。")
        if count == want - (width + 1) * width:
            raise Wrong(said + "隠れ層が一枚足りないようです。")
        raise Wrong(said + "名前と形を named_parameters() で表示してみましょう。")
    plain = _chain(model, X, torch.tanh)
    if plain is None:
        expect(out.shape if isinstance(out, Tensor) else out, (4,), "forward の出力の形")
        return
    mistakes = [
        (_chain(model, X, lambda u: u), "活性化関数がありません。これでは、何層重ねても一次式です。"),
        (torch.sigmoid(plain), "最後にシグモイドを通しています。ロジットのまま返しましょう。"),
        (
            _chain(model, X, torch.tanh, last=True),
            "出力にも tanh を掛けています。ロジットは、どんな数にもなれるはずです。",
        ),
        (
            _chain(model, X, torch.relu),
            "ReLU になっています。この課題の活性化関数は tanh です。",
        ),
        (_chain(model, X, torch.sigmoid), "隠れ層がシグモイドになっています。tanh を使いましょう。"),
    ]
    if isinstance(out, Tensor) and out.shape == (4, 1):
        raise Wrong("forward の出力の形は (4, 1) になりました（期待する形は (4,)）。出力は 1 列なので、その列を取り出しましょう。")
    expect(out, plain, "DeepNet(3, 5, 2) の forward", mistakes=mistakes)


class _Moody(nn.Module):
    """Answers the opposite while it is in training mode, and remembers how it was called."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)
        self.modes: list[bool] = []
        self.recorded: list[bool] = []

    def forward(self, X: Tensor) -> Tensor:
        self.modes.append(self.training)
        self.recorded.append(torch.is_grad_enabled())
        return -self.logits * X[:, 0] if self.training else self.logits * X[:, 0]


@exercise(
    "pytorch.accuracy",
    praise="eval() は層の働きを、no_grad() は記録を切り替えます。評価には両方が要ります。",
)
def _(accuracy: Callable[..., Any]) -> None:
    X = torch.ones(8, 2, dtype=torch.float64)
    z = torch.tensor([2.0, 0.3, 0.2, -0.1, -1.5, 0.4, -0.6, 3.0], dtype=torch.float64)
    y = torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0], dtype=torch.float64)
    right = ((z > 0) == (y > 0.5)).double().mean()
    for training in (True, False):
        model = _Moody(z.clone())
        model.train(training)
        with unchanged(y, "y"), unchanged(model, "model"):
            got = accuracy(model, X, y)
        mode = "学習モード" if training else "評価モード"
        if got is None or got is ...:
            expect(got, right, "accuracy(model, X, y)")
        if any(model.modes):
            raise Wrong(f"{mode}の model を渡したところ、学習モードのまま測りました。ドロップアウトなどが働き、答えが呼ぶたびに変わります。model.eval() で切り替えてから測りましょう。")
        if any(model.recorded):
            raise Wrong("計算が記録されています。eval() は記録を止めません。torch.no_grad() の中で model を呼びましょう。")
        if isinstance(got, Tensor) and got.dim() == 0:
            got = got.item()
        mistakes = [
            (
                ((z > 0.5) == (y > 0.5)).double().mean(),
                "ロジットを 0.5 で区切っています。確率が 0.5 になるのは、ロジットがいくつのときでしょうか。",
            ),
            (1 - right, "間違いの割合になっています。"),
            (right * 8, "当たった件数になっています。件数で割りましょう。"),
            (100 * right, "百分率になっています。0 から 1 の数で返しましょう。"),
            (
                (z == y).double().mean(),
                "ロジットと正解を直接比べています。先に、0 か 1 の答えに直しましょう。",
            ),
            ((z > 0).double().mean(), "1 と答えた割合です。正解と比べましょう。"),
        ]
        expect(got, right, "accuracy(model, X, y)", mistakes=mistakes)
        if model.training != training:
            after = "学習モード" if model.training else "評価モード"
            raise Wrong(f"{mode}の model を渡したのに、終わったら{after}になっていました。呼ばれたときのモードに戻しましょう。")


class _Logits(nn.Module):
    """A linear layer whose output has one axis."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = _linear()

    def forward(self, X: Tensor) -> Tensor:
        return self.layer(X)[:, 0]


def _gradients(X: Tensor, y: Tensor, scale: float = 1.0) -> list[Tensor]:
    model = _Logits()
    (scale * F.binary_cross_entropy_with_logits(model(X), y)).backward()
    return [p.grad.clone() for p in model.parameters() if p.grad is not None]


def _parts(size: int) -> Iterator[tuple[Tensor, Tensor]]:
    yield from zip(_POINTS.split(size), _KINDS.split(size), strict=True)


def _added(lists: list[list[Tensor]], scale: float = 1.0) -> list[Tensor]:
    return [scale * sum(g) for g in zip(*lists, strict=True)]


@exercise(
    "pytorch.gradient_in_parts",
    praise="メモリに載らない大きな束の勾配も、小分けにして求められます。勾配の足し込みは、このためにも使われます。",
)
def _(gradient_in_parts: Callable[..., Any]) -> None:
    whole = _gradients(_POINTS, _KINDS)
    for size in (3, 7, 2):  # 7 points: the last part is smaller
        model = _Logits()
        for p in model.parameters():  # what an earlier backward() left behind
            p.grad = torch.ones_like(p)
        with unchanged(_POINTS, "X"), unchanged(_KINDS, "y"), unchanged(model, "model"):
            got = gradient_in_parts(model, _POINTS, _KINDS, size)
        parts = [_gradients(X, y) for X, y in _parts(size)]
        sums = [_gradients(X, y, len(y)) for X, y in _parts(size)]
        stale = [g + 1 for g in whole]
        mistakes = [
            (
                stale,
                "前から残っていた勾配に足し込んでいます。はじめに一度、勾配を消しましょう。",
            ),
            (
                _added(parts),
                "束ごとの平均を、そのまま足しています。束の大きさに応じた重みを付けましょう。",
            ),
            (
                [g + 1 for g in _added(parts)],
                "束ごとの平均を、前から残っていた勾配に足し込んでいます。はじめに消し、束の大きさで重みを付けましょう。",
            ),
            (
                _added(parts, 1 / len(parts)),
                "束ごとの平均の平均です。最後の束が小さいとき、その中のデータが重くなりすぎます。",
            ),
            (parts[-1], "最後の束の勾配だけです。束ごとに消さず、足し込みましょう。"),
            (
                _added(sums[-1:], 1 / len(_KINDS)),
                "最後の束の分だけです。束ごとに消さず、足し込みましょう。",
            ),
            (_added(sums), "合計の勾配です。データの件数で割りましょう。"),
            ([-g for g in whole], "符号が逆です。"),
        ]
        if isinstance(got, (list, tuple)) and any(g is None for g in got):
            raise Wrong("None が入っています。backward() を呼ぶ前か、勾配を消した後に grad を読んでいないかを見ましょう。")
        if size == 7:  # one part: the wrong values above coincide
            mistakes = mistakes[:1]
        got = list(got) if isinstance(got, (list, tuple, Iterator)) else got
        if isinstance(got, list) and len(got) == 2:
            got = tuple(got)
        expect(
            got,
            tuple(whole),
            f"size = {size} の gradient_in_parts",
            mistakes=[(tuple(value), said) for value, said in mistakes],
        )


@exercise(
    "pytorch.to_device",
    praise="テンソルの to は新しいテンソルを返します。モデルとデータの両方を移せば、同じコードが GPU で動きます。",
)
def _(to_device: Callable[..., Any]) -> None:
    place = torch.device("meta")  # a place without values: it is there on every machine
    batch = {"X": torch.ones(3, 2), "y": torch.zeros(3), "name": "day-1", "count": 3}
    before = dict(batch)
    got = to_device(batch, place)
    if got is None or got is ...:
        expect(got, before, "to_device(batch, place)")
    if batch.keys() != before.keys() or any(batch[k] is not before[k] for k in before):
        raise Wrong("元の辞書が書き換わっています。新しい辞書を作って返しましょう。")
    if not isinstance(got, dict):
        raise Wrong("辞書（dict）ではないものが返りました。名前はそのままに、値を移した辞書を返しましょう。")
    if got is batch:
        raise Wrong("渡した辞書がそのまま返りました。to は新しいテンソルを返します。それを入れた新しい辞書を作りましょう。")
    missing = [name for name in before if name not in got]
    if missing:
        raise Wrong(f"{'、'.join(missing)} がありません。テンソルでないものも、そのまま入れましょう。")
    moved = {k: v.device.type == "meta" for k, v in got.items() if isinstance(v, Tensor)}
    if moved and not any(moved.values()):
        raise Wrong("テンソルが、まだ CPU にあります。to は、移した新しいテンソルを返すだけで、元のテンソルは動かしません。")
    left = [k for k in ("X", "y") if not moved.get(k)]
    if left:
        raise Wrong(f"{'、'.join(left)} が移っていません。テンソルはすべて移しましょう。")
    if got["name"] != "day-1" or got["count"] != 3:
        raise Wrong("テンソルでないものは、そのまま入れましょう。")
    if set(got) != set(before):
        raise Wrong(f"辞書のキーが {'、'.join(map(str, got))} になりました。元と同じ名前にしましょう。")
    here = to_device({"X": torch.arange(3.0)}, torch.device("cpu"))
    expect(here["X"], torch.arange(3.0), "CPU へ移した X")
