"""The checks of PyTorch とライブラリ: other right ways, and the mistakes that no row of a table foresees."""

import copy
from itertools import pairwise

import torch
import torch.nn.functional as F
from answers import answer_tests
from torch import nn

from sawaru.exercise import evaluate


def train(model, X, y, lr, steps):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.binary_cross_entropy_with_logits(model(X)[:, 0], y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def train_by_hand(model, X, y, lr, steps):
    losses = []
    for _ in range(steps):
        loss = F.binary_cross_entropy_with_logits(model(X).squeeze(1), y)
        grads = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for p, g in zip(model.parameters(), grads, strict=True):
                p -= lr * g
        losses.append(loss.detach())
    return losses


class DeepNet(nn.Module):
    def __init__(self, inputs, width, layers):
        super().__init__()
        sizes = [inputs] + [width] * layers
        self.hidden = nn.ModuleList(nn.Linear(n, m) for n, m in pairwise(sizes))
        self.out = nn.Linear(width, 1)

    def body(self, X, act=torch.tanh):
        for layer in self.hidden:
            X = act(layer(X))
        return self.out(X)[:, 0]

    def forward(self, X):
        return self.body(X)


class Sequential(nn.Module):
    def __init__(self, inputs, width, layers):
        super().__init__()
        parts = []
        for i in range(layers):
            parts += [nn.Linear(width if i else inputs, width), nn.Tanh()]
        self.net = nn.Sequential(*parts, nn.Linear(width, 1), nn.Flatten(0))

    def forward(self, X):
        return self.net(X)


class OutputFirst(DeepNet):
    def __init__(self, inputs, width, layers):
        nn.Module.__init__(self)
        self.out = nn.Linear(width, 1)
        self.hidden = nn.ModuleList([nn.Linear(inputs, width)])
        for _ in range(layers - 1):
            self.hidden.append(nn.Linear(width, width))


def accuracy(model, X, y):
    before = model.training
    model.eval()
    with torch.no_grad():
        z = model(X)
    model.train(before)
    return ((z > 0) == (y > 0.5)).double().mean().item()


@torch.no_grad()
def accuracy_by_probability(model, X, y):
    before = model.training
    model.eval()
    p = torch.sigmoid(model(X))
    if before:
        model.train()
    return sum(int((q >= 0.5) == (t == 1)) for q, t in zip(p, y, strict=True)) / len(y)


def parts_by_sum(model, X, y, size):
    params = list(model.parameters())
    total = [torch.zeros_like(p) for p in params]
    for i in range(0, len(y), size):
        loss = F.binary_cross_entropy_with_logits(model(X[i : i + size]), y[i : i + size], reduction="sum")
        total = [t + g for t, g in zip(total, torch.autograd.grad(loss, params), strict=True)]
    return tuple(t / len(y) for t in total)


def to_device_with_loop(batch, place):
    moved = batch.copy()
    for name in batch:
        if torch.is_tensor(batch[name]):
            moved[name] = batch[name].to(device=place)
    return moved


RIGHT = {
    "mse": [
        lambda y_hat, y: ((y_hat.squeeze(1) - y.flatten()) ** 2).mean(),
        lambda y_hat, y: F.mse_loss(y_hat, y.reshape(y_hat.shape)),
    ],
    "train": [train_by_hand],
    "deep_net": [Sequential, OutputFirst],
    "accuracy": [accuracy_by_probability],
    "gradient_in_parts": [parts_by_sum],
    "to_device": [to_device_with_loop],
}


def with_the_graph(model, X, y, lr, steps):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = F.binary_cross_entropy_with_logits(model(X)[:, 0], y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return losses


class PlainList(DeepNet):
    def __init__(self, inputs, width, layers):
        nn.Module.__init__(self)
        sizes = [inputs] + [width] * layers
        self.hidden = [nn.Linear(n, m).double() for n, m in pairwise(sizes)]
        self.out = nn.Linear(width, 1)


class NoSuper(nn.Module):
    def __init__(self, inputs, width, layers):
        self.out = nn.Linear(inputs, 1)

    def forward(self, X):
        return self.out(X)[:, 0]


class Linear(DeepNet):
    def forward(self, X):
        return self.body(X, lambda u: u)


class Probability(DeepNet):
    def forward(self, X):
        return torch.sigmoid(self.body(X))


class TanhAtTheEnd(DeepNet):
    def forward(self, X):
        return torch.tanh(self.body(X))


class Relu(DeepNet):
    def forward(self, X):
        return self.body(X, torch.relu)


class Column(DeepNet):
    def forward(self, X):
        return self.body(X)[:, None]


class OneTooMany(DeepNet):
    def __init__(self, inputs, width, layers):
        super().__init__(inputs, width, layers + 1)


class AlwaysOne(DeepNet):
    def __init__(self, inputs, width, layers):
        super().__init__(inputs, width, 1)


def in_training_mode(model, X, y):
    with torch.no_grad():
        return ((model(X) > 0) == (y > 0.5)).double().mean().item()


def recorded(model, X, y):
    before = model.training
    model.eval()
    right = ((model(X) > 0) == (y > 0.5)).double().mean().item()
    model.train(before)
    return right


def left_in_eval(model, X, y):
    model.eval()
    with torch.no_grad():
        return ((model(X) > 0) == (y > 0.5)).double().mean().item()


def always_train(model, X, y):
    right = accuracy(model, X, y)
    model.train()
    return right


def in_place(batch, place):
    for name, value in batch.items():
        if isinstance(value, torch.Tensor):
            batch[name] = value.to(place)
    return batch


def thrown_away(batch, place):
    for value in batch.values():
        if isinstance(value, torch.Tensor):
            value.to(place)
    return batch


def copied_and_thrown_away(batch, place):
    return dict(thrown_away(batch, place))


WRONG = {
    "train": [
        (with_the_graph, "記録をつかんだまま"),
        (lambda *a: train(*a)[-1], "リスト"),
        (lambda model, *a: train(nn.Sequential(*[copy.deepcopy(model)]), *a), "学習前のまま"),
    ],
    "deep_net": [
        (dict, "継承したクラスを渡しましょう"),
        (lambda inputs, width, layers: [inputs, width], "作られたものが nn.Module ではありません"),
        (PlainList, "登録されていません"),
        (NoSuper, "super().__init__()"),
        (Linear, "活性化関数がありません"),
        (Probability, "シグモイド"),
        (TanhAtTheEnd, "出力にも tanh"),
        (Relu, "ReLU"),
        (Column, "(4, 1)"),
        (OneTooMany, "一枚多い"),
        (AlwaysOne, "一枚足りない"),
    ],
    "accuracy": [
        (in_training_mode, "学習モードのまま"),
        (recorded, "no_grad"),
        (left_in_eval, "戻しましょう"),
        (always_train, "評価モードの model を渡したのに"),
    ],
    "gradient_in_parts": [
        (lambda model, *a: [p.grad for p in model.parameters() if model.zero_grad() or True], "None")
    ],
    "to_device": [
        (thrown_away, "そのまま返りました"),
        (copied_and_thrown_away, "まだ CPU"),
        (in_place, "書き換わって"),
        (lambda batch, place: {**batch, "X": batch["X"].to(place)}, "y が移って"),
        (
            lambda batch, place: {k: v.to(place) for k, v in batch.items() if isinstance(v, torch.Tensor)},
            "テンソルでないもの",
        ),
        (lambda batch, place: {k: v.to(place) for k, v in batch.items()}, "エラーが起きました"),
        (lambda batch, place: [v for v in batch.values()], "辞書（dict）ではない"),
        (lambda batch, place: to_device_with_loop(batch, place) | {"count": "3"}, "そのまま入れましょう"),
        (lambda batch, place: to_device_with_loop(batch, place) | {"z": 0}, "元と同じ名前に"),
    ],
}


test_right, test_wrong, test_unsolved = answer_tests("pytorch", RIGHT, WRONG)


def test_a_stub_of_a_class_is_unsolved():
    class Stub(nn.Module):
        def __init__(self, inputs, width, layers):
            super().__init__()
            ...

        def forward(self, X): ...

    assert evaluate("pytorch.deep_net", Stub).status == "unsolved"
