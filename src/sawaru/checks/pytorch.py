"""The checks of the chapter PyTorch とライブラリ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sawaru.exercise import Wrong, exercise, expect, otherwise, tensor, unchanged
from sawaru.exercise.compare import Unsolved, same


@exercise(
    "pytorch.mse",
    praise="形をそろえてから引けば、ブロードキャストが黙って表を作ることはありません。",
    cases=[(tensor([1], [2.5], [4], [3]), tensor(1, 2, 3, 5)), (tensor([1], [2.5], [4], [3]), tensor([0], [2], [5], [4]))],
    what=lambda y_hat, y: f"y の形が {tuple(y.shape)} のときの mse",
)
def _(y_hat, y):
    r = y_hat.reshape(-1) - y.reshape(-1)
    yield (r**2).mean()
    for table in ((y_hat - y) ** 2, (y_hat - y[:, None]) ** 2):  # each is right for one of the shapes
        yield table.mean(), "4 件の予測と 4 件の正解の、すべての組の差になっています。引く前に、2 つの shape を表示してみましょう。"
        yield table.sum() / 4, "4 × 4 の表の和を 4 で割っています。引く前に、形をそろえましょう。"
    if y.dim() == 1:
        yield ((y_hat - y) ** 2).sum(), "すべての組の差を合計しています。引く前に、形をそろえましょう。"
    yield (r**2).sum(), "平均ではなく合計になっています。"
    yield r.abs().mean(), "二乗ではなく絶対値の平均になっています。"
    yield r.mean() ** 2, "平均してから二乗しています。二乗してから平均しましょう。"


_POINTS = tensor([1, 2], [-1, 0.5], [0.3, -1], [2, -0.7], [-0.4, -1.2], [0.8, 0.9], [-1.5, 1.1])
_KINDS = tensor(1, 0, 0, 1, 1, 0, 1)


def _linear() -> nn.Linear:
    """The same layer each time."""
    layer = nn.Linear(2, 1, dtype=torch.float64)
    layer.load_state_dict({"weight": tensor([-0.6, 0.8]), "bias": tensor(0.2)})
    return layer


def _loss(model: nn.Module, X: Tensor, y: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(model(X).reshape(-1), y)


def _losses(X: Tensor, y: Tensor, lr: float, steps: int, order: str = "clear backward step") -> list[float]:
    """The losses before each step, and after the last, of a training that does this at each step."""
    model = _linear()

    def step() -> None:
        with torch.no_grad():
            for p in model.parameters():
                if p.grad is not None:
                    p.sub_(lr * p.grad)

    losses = []
    for _ in range(steps + 1):
        loss = _loss(model, X, y)
        losses.append(loss.item())
        for action in order.split():
            {"clear": model.zero_grad, "backward": loss.backward, "step": step}[action]()
    return losses


def _train(train: Callable[..., Any], X: Tensor, y: Tensor, lr: float, steps: int) -> Any:
    model = _linear()
    got = train(model, X, y, lr, steps)
    if isinstance(got, list | tuple):
        if any(isinstance(v, Tensor) and v.requires_grad for v in got):
            raise Wrong("損失がテンソルのまま並んでいます。テンソルは、それを作った計算の記録をつかんだままなので、歩数だけメモリが増えます。Python の数にして書き留めましょう。")
        got = list(got)
    if same(got, _losses(X, y, lr, steps)[:-1], 1e-4) and torch.allclose(model.weight, _linear().weight):
        raise Wrong("損失は合いましたが、渡した model が学習前のままです。コピーではなく、model そのものを学習しましょう。")
    return got


@exercise(
    "pytorch.train",
    praise="前の歩の勾配を消し、損失は数だけを書き留めました。エラーの出ないバグは、手書きの学習と比べると見つかります。",
    cases=[(_POINTS, _KINDS, 0.7, 12)],
    call=_train,
    what="12 歩の損失",
)
def _(X, y, lr, steps):
    losses = _losses(X, y, lr, steps)
    yield losses[:-1]
    yield _losses(X, y, lr, steps, "backward step")[:-1], "勾配が足し込まれたままです。一歩ごとに、前の勾配を消しましょう。"
    yield [losses[0]] * steps, "損失が動いていません。step() を呼ぶときに、backward() で求めた勾配があるかを見ましょう。順番は、消す、求める、更新する、です。"
    yield losses[1:], "更新した後の損失が並んでいます。求めたいのは、更新する前の損失です。"
    yield _losses(X, y, lr, steps, "step clear backward")[:-1], "一歩前の勾配で更新しています。backward() の後で step() を呼びましょう。"
    yield _losses(X, y, -lr, steps)[:-1], "損失が増えています。勾配の逆へ動かしましょう。"
    yield otherwise(lambda loss: f"数が一つ返りました。{steps} 歩の損失を並べたリストを返しましょう。")


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
    lost = "隠れ層が登録されていません。ふつうのリストに入れた層に、Module は気づきません。nn.ModuleList か nn.Sequential を使いましょう。"
    for inputs, width, layers in ((3, 5, 2), (2, 4, 1), (2, 6, 3)):
        count = sum(p.numel() for p in deep_net(inputs, width, layers).parameters())
        first, further, last = (inputs + 1) * width, (width + 1) * width, width + 1
        want = first + (layers - 1) * further + last
        known = {0: lost, last: lost, want + further: "隠れ層が一枚多いようです。", want - further: "隠れ層が一枚足りないようです。"}
        if count != want:
            hint = known.get(count, "名前と形を named_parameters() で表示してみましょう。")
            raise Wrong(f"DeepNet({inputs}, {width}, {layers}) のパラメータは {count} 個でした（期待する数は {want} 個）。{hint}")
    plain = _chain(model, X, torch.tanh)
    if plain is None:
        expect(out.shape if isinstance(out, Tensor) else out, (4,), "forward の出力の形")
        return
    if isinstance(out, Tensor) and out.shape == (4, 1):
        raise Wrong("forward の出力の形は (4, 1) になりました（期待する形は (4,)）。出力は 1 列なので、その列を取り出しましょう。")
    mistakes = [
        (_chain(model, X, lambda u: u), "活性化関数がありません。これでは、何層重ねても一次式です。"),
        (torch.sigmoid(plain), "最後にシグモイドを通しています。ロジットのまま返しましょう。"),
        (_chain(model, X, torch.tanh, last=True), "出力にも tanh を掛けています。ロジットは、どんな数にもなれるはずです。"),
        (_chain(model, X, torch.relu), "ReLU になっています。この課題の活性化関数は tanh です。"),
        (_chain(model, X, torch.sigmoid), "隠れ層がシグモイドになっています。tanh を使いましょう。"),
    ]
    expect(out, plain, "DeepNet(3, 5, 2) の forward", mistakes=mistakes)


class _Moody(nn.Module):
    """Answers the opposite while it is in training mode, and remembers how it was called."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)
        self.calls: list[tuple[bool, bool]] = []  # in training mode? recorded?

    def forward(self, X: Tensor) -> Tensor:
        self.calls.append((self.training, torch.is_grad_enabled()))
        return (-self.logits if self.training else self.logits) * X[:, 0]


_MODES = {True: "学習モード", False: "評価モード"}


def _accuracy(accuracy: Callable[..., Any], X: Tensor, y: Tensor, z: Tensor, training: bool) -> Any:
    model = _Moody(z).train(training)
    with unchanged(model, "model"):
        got = accuracy(model, X, y)
    given, left = _MODES[training], _MODES[model.training]
    if any(learning for learning, _ in model.calls):
        raise Wrong(f"{given}の model を渡したところ、学習モードのまま測りました。ドロップアウトなどが働き、答えが呼ぶたびに変わります。model.eval() で切り替えてから測りましょう。")
    if any(recorded for _, recorded in model.calls):
        raise Wrong("計算が記録されています。eval() は記録を止めません。torch.no_grad() の中で model を呼びましょう。")
    if given != left and same(got, _hits(z, y), 1e-4):
        raise Wrong(f"{given}の model を渡したのに、終わったら{left}になっていました。呼ばれたときのモードに戻しましょう。")
    return got


def _hits(z: Tensor, y: Tensor, border: float = 0) -> Tensor:
    return ((z > border) == (y > 0.5)).double().mean()


_Z, _Y = tensor(2, 0.3, 0.7, -0.1, -1.5, 0.4, -0.6, 3), tensor(1, 1, 0, 0, 0, 1, 1, 1)


@exercise(
    "pytorch.accuracy",
    praise="eval() は層の働きを、no_grad() は記録を切り替えます。評価には両方が要ります。",
    cases=[(torch.ones_like(_Z)[:, None], _Y, _Z, training) for training in (True, False)],
    call=_accuracy,
    what="accuracy(model, X, y)",
)
def _(X, y, z, training):
    right = _hits(z, y)
    yield right
    yield _hits(z, y, border=0.5), "ロジットを 0.5 で区切っています。確率が 0.5 になるのは、ロジットがいくつのときでしょうか。"
    yield 1 - right, "間違いの割合になっています。"
    yield right * len(y), "当たった件数になっています。件数で割りましょう。"
    yield 100 * right, "百分率になっています。0 から 1 の数で返しましょう。"
    yield (z == y).double().mean(), "ロジットと正解を直接比べています。先に、0 か 1 の答えに直しましょう。"
    yield (z > 0).double().mean(), "1 と答えた割合です。正解と比べましょう。"


def _gradient(X: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    model = _linear()
    return torch.autograd.grad(_loss(model, X, y), list(model.parameters()))


def _gradient_in_parts(gradient_in_parts: Callable[..., Any], X: Tensor, y: Tensor, size: int) -> Any:
    model = nn.Sequential(_linear(), nn.Flatten(0))
    for p in model.parameters():  # what an earlier backward() left behind
        p.grad = torch.ones_like(p)
    with unchanged(model, "model"):
        got = gradient_in_parts(model, X, y, size)
    got = tuple(got) if isinstance(got, list | Iterator) else got
    if isinstance(got, tuple) and any(g is None for g in got):
        raise Wrong("None が入っています。backward() を呼ぶ前か、勾配を消した後に grad を読んでいないかを見ましょう。")
    return got


@exercise(
    "pytorch.gradient_in_parts",
    praise="メモリに載らない大きな束の勾配も、小分けにして求められます。勾配の足し込みは、このためにも使われます。",
    cases=[(_POINTS, _KINDS, size) for size in (3, 7, 2)],  # 7 points: the last part is smaller
    call=_gradient_in_parts,
    what=lambda X, y, size: f"size = {size} の gradient_in_parts",
)
def _(X, y, size):
    counts = [len(part) for part in y.split(size)]
    parts = [_gradient(*part) for part in zip(X.split(size), y.split(size), strict=True)]

    def summed(factors, extra=0):
        """The parts' gradients added up, each times its factor."""
        return [sum((f * g for f, g in zip(factors, gradients, strict=True)), extra) for gradients in zip(*parts, strict=True)]

    yield _gradient(X, y)
    yield [g + 1 for g in _gradient(X, y)], "前から残っていた勾配に足し込んでいます。はじめに一度、勾配を消しましょう。"
    yield summed([1] * len(parts)), "束ごとの平均を、そのまま足しています。束の大きさに応じた重みを付けましょう。"
    yield summed([1] * len(parts), extra=1), "束ごとの平均を、前から残っていた勾配に足し込んでいます。はじめに消し、束の大きさで重みを付けましょう。"
    yield summed([1 / len(parts)] * len(parts)), "束ごとの平均の平均です。最後の束が小さいとき、その中のデータが重くなりすぎます。"
    yield parts[-1], "最後の束の勾配だけです。束ごとに消さず、足し込みましょう。"
    yield [g * counts[-1] / len(y) for g in parts[-1]], "最後の束の分だけです。束ごとに消さず、足し込みましょう。"
    yield summed(counts), "合計の勾配です。データの件数で割りましょう。"
    yield [-g for g in _gradient(X, y)], "符号が逆です。"


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
    if missing := [name for name in before if name not in got]:
        raise Wrong(f"{'、'.join(missing)} がありません。テンソルでないものも、そのまま入れましょう。")
    moved = {k: v.device == place for k, v in got.items() if isinstance(v, Tensor)}
    if moved and not any(moved.values()):
        raise Wrong("テンソルが、まだ CPU にあります。to は、移した新しいテンソルを返すだけで、元のテンソルは動かしません。")
    if left := [k for k in ("X", "y") if not moved.get(k)]:
        raise Wrong(f"{'、'.join(left)} が移っていません。テンソルはすべて移しましょう。")
    if got["name"] != "day-1" or got["count"] != 3:
        raise Wrong("テンソルでないものは、そのまま入れましょう。")
    if got.keys() != before.keys():
        raise Wrong(f"辞書のキーが {'、'.join(map(str, got))} になりました。元と同じ名前にしましょう。")
    here = to_device({"X": torch.arange(3.0)}, torch.device("cpu"))
    expect(here["X"], torch.arange(3.0), "CPU へ移した X")
