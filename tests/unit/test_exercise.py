"""What `check` says to right, wrong and badly behaved answers. It never raises, never hangs, and leaves no trace."""

import importlib
import random
import re
import sys
import threading
import time

import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from sawaru import progress
from sawaru.exercise import Wrong, check, evaluate, exercise, expect, registry, run, tally, unchanged

X = torch.tensor([1.0, 2.0, 4.0])
SCALED = torch.tensor([2.0, 4.0, 8.0])


@pytest.fixture(autouse=True)
def _exercises(monkeypatch):
    """A chapter of two exercises that exists only here."""
    monkeypatch.setattr(registry, "registry", {})
    monkeypatch.setattr(tally, "_verdicts", {})

    @exercise("demo.mean", seconds=0.5, praise="平均は重心です。")
    def _(mean):
        x = X.clone()
        with unchanged(x, "x"):
            got = mean(x)
        expect(got, 7 / 3, "mean(x)", mistakes=[(7.0, "平均ではなく合計になっています。")])

    @exercise("demo.double", seconds=0.5)
    def _(double):
        expect(double(X.clone()), SCALED, "double(x)")


def mean(x):
    return x.mean()


def said(answer, name="demo.mean"):
    """The sentence about a wrong answer."""
    result = evaluate(name, answer)
    assert result.status == "wrong", result
    return result.message


# -------------------------------------------------------------------------------------------------- right answers


@pytest.mark.parametrize(
    "answer",
    [
        mean,
        lambda x: float(x.mean()),
        lambda x: np.float32(x.mean().item()),
        lambda x: x.mean().numpy(),
        lambda x: x.mean().double(),
        lambda x: x.mean().requires_grad_(),
        lambda x: torch.nn.Parameter(x.mean()),
        lambda x: torch.tensor(7 / 3 + 1e-5),
    ],
)
def test_right(answer):
    assert evaluate("demo.mean", answer).correct


@pytest.mark.parametrize(
    "answer", [lambda x: 2 * x, lambda x: (2 * x).numpy(), lambda x: [2, 4, 8], lambda x: list(2 * x)]
)
def test_right_array(answer):
    assert evaluate("demo.double", answer).correct


def test_the_lines_that_are_printed(capsys):
    assert check("demo.mean", mean) is None
    check("demo.double", lambda x: 2 * x)
    check("demo.mean", lambda x: x.sum())
    check("demo.mean", ...)
    assert capsys.readouterr().out.splitlines() == [
        "正解：平均は重心です。",
        "この章の演習：1/2",
        "正解：そのとおりです。",
        "この章の演習：2/2",
        "もう少し：mean(x) は 7 になりました（期待する値は 2.333）。平均ではなく合計になっています。",
        "未解答：まだ書かれていません。`...` を消して書いてみましょう。",
    ]


def test_progress_is_a_table_of_the_last_checks(capsys):
    check("demo.mean", lambda x: x.sum())
    table = progress("demo")
    assert repr(table).splitlines() == [
        "演習 0/2",
        "1　もう少し　mean",
        "2　未確認　double",
        "未確認の演習は、そのセルを実行すると数えられます。",
    ]
    check("demo.mean", mean)
    check("demo.double", lambda x: 2 * x)
    html = progress("demo")._repr_html_()
    assert "演習 2/2" in html and re.search(
        r"演習 1</td><td[^>]*><code>mean</code></td><td[^>]*>正解</td>", html
    )
    assert "すべて解けました" in html
    check("demo.mean", ...)
    assert progress("demo").count == "1/2"


def test_progress_in_a_chapter_that_is_not_there(capsys):
    assert progress("nowhere") is None
    assert "「nowhere」という章の演習はありません" in capsys.readouterr().out


def test_the_books_own_answers_are_not_the_readers_progress(capsys):
    shell = InteractiveShell.instance()
    try:
        shell.user_ns |= {"check": check, "mean": mean}
        shell.run_cell('#@title 解答例\ncheck("demo.mean", mean)', store_history=True)
        assert capsys.readouterr().out.splitlines() == ["正解：平均は重心です。"]
        assert progress("demo").count == "0/2"
        shell.run_cell('check("demo.mean", mean)', store_history=True)
        assert "この章の演習：1/2" in capsys.readouterr().out
    finally:
        InteractiveShell.clear_instance()


def test_an_answer_may_be_any_object():
    @exercise("demo.layer")
    def _(layer):
        with unchanged(layer, "layer"):
            expect(layer(torch.zeros(1, 2)), torch.zeros(1, 3), "layer(0)")

    @exercise("demo.number")
    def _(number):
        expect(number, 3)

    assert evaluate("demo.layer", torch.nn.Linear(2, 3, bias=False)).correct
    assert evaluate("demo.number", 3.0).correct
    assert (
        evaluate("demo.number", "3").message
        == "答えは 1 つの数のはずですが、文字列 '3' になりました。引用符を外し、数のまま返しましょう。"
    )


def test_an_answer_that_works_in_place():
    @exercise("demo.step", in_place=True)
    def _(step):
        x = X.clone()
        step(x)
        expect(x, X - 1, "x")

    assert evaluate("demo.step", lambda x: x.sub_(1)).correct
    assert evaluate("demo.step", lambda x: x.sub(1)).status == "wrong"

    def step(x): ...

    assert evaluate("demo.step", step).status == "wrong" or evaluate("demo.step", step).status == "unsolved"


# -------------------------------------------------------------------------------------------------- unsolved stubs


def stub(x): ...  # ここを書いてください


def stub_with_docstring(x):
    """平均を返す"""


def stub_partly_given(x):
    total = x.sum()
    ...


def stub_returning(x):
    return ...


def stub_assigning(x):
    total = ...
    return total / len(x)


def stub_in_the_classic_way(x):
    raise NotImplementedError


@pytest.mark.parametrize(
    "answer",
    [
        None,
        ...,
        stub,
        stub_with_docstring,
        stub_partly_given,
        stub_returning,
        stub_assigning,
        stub_in_the_classic_way,
        lambda x: ...,
        lambda x: None,
    ],
)
def test_unsolved(answer):
    result = evaluate("demo.mean", answer)
    assert result.status == "unsolved"
    assert str(result).startswith("未解答：")


def test_a_missing_return_is_not_a_stub():
    def forgetful(x):
        total = x[..., 0] + x.sum()  # an Ellipsis that indexes is no stub
        total / len(x)

    assert "`return`" in said(forgetful)


def test_a_stub_typed_where_there_is_no_source():
    space = {}
    exec("def stub(x): ...\ndef forgetful(x): x.mean()", space)
    assert evaluate("demo.mean", space["stub"]).status == "unsolved"
    assert "`return`" in said(space["forgetful"])


def test_a_tuple_of_which_one_half_is_written():
    @exercise("demo.pair")
    def _(pair):
        expect(pair(), (1.0, 2.0), "pair()")

    assert evaluate("demo.pair", lambda: (1.0, ...)).status == "unsolved"
    assert "2 番目は 3 になりました（期待する値は 2）" in said(lambda: (1.0, 3.0), "demo.pair")
    assert "3 個" in said(lambda: (1.0, 2.0, 3.0), "demo.pair")
    assert evaluate("demo.pair", lambda: torch.tensor([1.0, 2.0])).correct


# -------------------------------------------------------------------------------------------------- unknown names


def test_unknown_names():
    result = evaluate("demo.maen", mean)
    assert result.status == "unknown"
    assert "demo.mean のことでしょうか" in result.message
    assert "demo.mean、demo.double" in result.message


@pytest.mark.parametrize("name", ["", "nowhere.mean", "demo", "os.path", "__init__.x", None, 3, mean])
def test_names_that_are_no_exercise(name, capsys):
    check(name, mean)
    assert capsys.readouterr().out


def test_the_name_alone_is_unsolved():
    assert evaluate("demo.mean").status == "unsolved"


def test_a_check_is_named_after_its_chapter():
    with pytest.raises(ValueError, match="<chapter>"):
        exercise("mean")


# -------------------------------------------------------------------------------------------------- wrong values


def test_own_value_beside_the_expected():
    assert said(lambda x: x.median()).startswith("mean(x) は 2 になりました（期待する値は 2.333）。")
    assert "8 番目" not in said(lambda x: x.median())


def test_values_that_look_alike_get_more_digits():
    with pytest.raises(Wrong, match=r"^答えは 1.00001 になりました（期待する値は 1）。"):
        expect(1.00001, 1.0, tol=1e-6)


@pytest.mark.parametrize(("factor", "words"), [(-1, "符号が逆"), (2, "ちょうど 2 倍"), (0.5, "ちょうど半分")])
def test_sign_and_scale(factor, words):
    assert words in said(lambda x: 2 * factor * x, "demo.double")


def test_truncated_to_int():
    assert "切り捨て" in said(lambda x: x.mean().long())
    assert "切り捨て" in said(lambda x: int(x.mean()))


def test_nan_and_inf():
    assert "NaN" in said(lambda x: x.mean() * float("nan"))
    assert "3 個のうち 1 個" in said(lambda x: torch.tensor([2.0, torch.nan, 8.0]), "demo.double")
    assert "inf" in said(lambda x: x.mean() / 0)


def test_nan_where_nan_is_right():
    expect(torch.tensor([1.0, torch.nan]), torch.tensor([1.0, torch.nan]))


def test_figures_are_set_off_by_spaces_and_words_are_not():
    three = torch.zeros(4, 3)
    with pytest.raises(Wrong) as told:
        expect(three, torch.ones(4, 6), "列", mistakes=[(three, "積がありません。")])
    told_so = "列は形 (4, 3) のテンソルになりました（期待する値は形 (4, 6) のテンソル）。積がありません。"
    assert str(told.value) == told_so


def test_large_tensors_show_one_difference():
    @exercise("demo.zeros")
    def _(zeros):
        expect(zeros(), torch.zeros(10, 10), "zeros()")

    def almost():
        table = torch.zeros(10, 10)
        table[3, 4] = 0.5
        return table

    assert said(almost, "demo.zeros").startswith(
        "zeros() は 100 個の値のうち 1 個が違います。たとえば [3, 4] は 0.5 になりました（期待する値は 0）。"
    )


def test_dictionaries_lists_and_words():
    @exercise("demo.counts")
    def _(counts):
        expect(counts(), {"猫": 2, "犬": 1}, "counts()")

    assert evaluate("demo.counts", lambda: {"犬": torch.tensor(1), "猫": 2}).correct
    assert "キー" in said(lambda: {"猫": 2}, "demo.counts")
    assert "'犬' は 3 になりました（期待する値は 1）" in said(lambda: {"猫": 2, "犬": 3}, "demo.counts")
    assert "辞書" in said(lambda: [2, 1], "demo.counts")

    @exercise("demo.words")
    def _(words):
        expect(words(), ["猫", "犬"], "words()")

    assert evaluate("demo.words", lambda: ("猫", "犬")).correct
    assert "2 番目は '鳥' になりました（期待する値は '犬'）" in said(lambda: ["猫", "鳥"], "demo.words")


# -------------------------------------------------------------------------------------------------- shapes and types


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: 2 * x[:, None], "軸だけが違います"),
        (lambda x: 2 * x[:, None] - 0 * x, "ブロードキャストで (3, 3)"),
        (lambda x: (2 * x).sum(), "まとめすぎた軸"),
        (lambda x: (2 * x)[:2], "(2,) になりました（期待する形は (3,)）"),
        (lambda x: 14.0, "()（1 つの数）"),
    ],
)
def test_wrong_shapes(answer, words):
    assert words in said(answer, "demo.double")


def test_a_number_that_is_still_a_tensor():
    assert "(3,) になりました（期待する形は ()（1 つの数））" in said(lambda x: x)


def test_a_transposed_table():
    @exercise("demo.table")
    def _(table):
        expect(table(), torch.zeros(2, 3), "table()")

    assert "縦と横" in said(lambda: torch.zeros(3, 2), "demo.table")


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no")

    def __eq__(self, other):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: (x.mean(),), "余分なコンマ"),
        (lambda x: (x.mean(), x.std()), "2 個の値の組"),
        (lambda x: x.max(dim=0), ".indices"),
        (lambda x: str(x.mean().item()), "引用符"),
        (lambda x: x.mean, "`( )` を付けて"),
        (lambda x: {"mean": x.mean()}, "辞書"),
        (lambda x: [x, x.mean()], "2 個の値のリスト"),
        (lambda x: Unprintable(), "Unprintable 型の値"),
        (lambda x: object(), "object 型の値"),
        (lambda x: torch.nn.Linear(1, 1), "Linear 型の値"),
        (lambda x: (i for i in x), "generator 型の値"),
        (lambda x: x.mean() * 1j, "期待する値は 2.333"),
        (lambda x: np.array(["2.3"]), "ndarray 型の値"),
    ],
)
def test_wrong_types(answer, words):
    assert words in said(answer)


def test_every_kind_of_tensor_can_be_compared():
    half = torch.tensor([2.0, 4.0, 8.0], dtype=torch.bfloat16)
    for tensor in (
        half,
        half.half(),
        torch.tensor([2, 4, 8]),
        SCALED.to_sparse(),
        SCALED[:, None].expand(3, 2)[:, 0],
    ):
        assert evaluate("demo.double", lambda x, tensor=tensor: tensor).correct


def test_empty_answers():
    assert "(0,)" in said(lambda x: [], "demo.double")
    assert "(0,)" in said(lambda x: torch.tensor([]), "demo.double")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_tensors_on_a_gpu():
    assert evaluate("demo.double", lambda x: 2 * x.cuda()).correct
    assert "ちょうど 2 倍" in said(lambda x: 4 * x.cuda(), "demo.double")
    state = torch.cuda.get_rng_state()
    evaluate("demo.double", lambda x: torch.rand(3, device="cuda"))
    assert torch.equal(state, torch.cuda.get_rng_state())


# -------------------------------------------------------------------------------------------------- in place


def test_in_place():
    def mean(x):
        x -= x.min()
        return x.mean() + 1

    assert "引数の x の中身が書き換わっています" in said(mean)


@pytest.mark.parametrize(
    ("value", "change"),
    [
        (np.arange(3), lambda v: v.sort() or v.fill(1)),
        ([1, [2]], lambda v: v[1].append(3)),
        ({"a": torch.zeros(2)}, lambda v: v["a"].add_(1)),
        (torch.tensor([1.0, torch.nan]), lambda v: v.mul_(2)),
        (torch.zeros(2), lambda v: v.resize_(3)),
        (torch.nn.Linear(1, 1), lambda v: v.weight.data.add_(1)),
    ],
)
def test_unchanged_notices_every_change(value, change):
    with unchanged(value, "v"):
        pass
    with pytest.raises(Wrong, match="v の中身"), unchanged(value, "v"):
        change(value)


# -------------------------------------------------------------------------------------------------- exceptions


def raising_index(x):
    total = x.sum()
    return total / x[3]


def raising_name(x):
    return x.maen() if x is None else averge(x)


def raising_unbound(x):
    if len(x) > 100:
        total = 0
    return total / len(x)


def deep_inside(x):
    return torch.nn.functional.linear(x, torch.zeros(2, 5))


def recursing(x):
    return recursing(x)


class Odd(Exception):
    def __str__(self):
        raise RuntimeError("unprintable")


def raising_odd(x):
    raise Odd


def raising_novel(x):
    raise ValueError("長" * 10_000)


def interrupting(x):
    raise KeyboardInterrupt


def exiting(x):
    sys.exit(1)


@pytest.mark.parametrize(
    ("answer", "kind", "line", "step"),
    [
        (raising_index, "IndexError", "return total / x[3]", "番号は 0 から"),
        (raising_name, "NameError", "averge(x)", "averge という名前"),
        (raising_unbound, "UnboundLocalError", "return total / len(x)", "値を入れる前"),
        (deep_inside, "RuntimeError", "torch.nn.functional.linear", "shape"),
        (recursing, "RecursionError", "return recursing(x)", "自分自身"),
        (raising_odd, "Odd", "raise Odd", ""),
        (raising_novel, "ValueError", "raise ValueError", "…"),
        (exiting, "SystemExit", "sys.exit(1)", "`return`"),
        (interrupting, "KeyboardInterrupt", "raise KeyboardInterrupt", ""),
        (lambda x: x @ torch.zeros(4), "RuntimeError", "torch.zeros(4)", "形"),
        (lambda x: x + torch.zeros(4), "RuntimeError", "torch.zeros(4)", "長さ 3 の軸と長さ 4 の軸"),
        (lambda x: x[None] @ torch.zeros(2, 2), "RuntimeError", "torch.zeros(2, 2)", "1x3 と 2x2"),
        (lambda x: x.numpy() + np.zeros(4), "ValueError", "np.zeros(4)", "配列の形"),
        (lambda x: x.meen(), "AttributeError", "x.meen()", "meen"),
        (lambda x: x(2), "TypeError", "x(2)", "`*`"),
        (lambda x: x.long().mean(), "RuntimeError", "mean", "`dtype`"),
        (lambda x: x.item(), "RuntimeError", "item", "1 つの数にしよう"),
        (lambda x: 1 if x > 0 else 0, "RuntimeError", "x > 0", "真偽値"),
        (lambda x: x.mean().backward(), "RuntimeError", "backward", "requires_grad"),
        (lambda x: x.mean(dim=1), "IndexError", "dim=1", "軸"),
        (lambda x: 1 / 0, "ZeroDivisionError", "1 / 0", "0 で割って"),
        (lambda x: {}["x"], "KeyError", '{}["x"]', "キー"),
        (lambda x: torch.sqrt(2), "TypeError", "torch.sqrt(2)", "`torch.tensor(...)`"),
        (lambda x: x.sub_(1, 2, 3), "TypeError", "x.sub_", ""),
        (lambda x: next(iter([])), "StopIteration", "next", "残って"),
    ],
)
def test_exceptions(answer, kind, line, step):
    message = said(answer)
    assert kind in message
    assert line in message
    assert "行目" in message
    assert step in message
    assert len(message) < 700


def test_the_line_number_is_the_readers_own():
    number = raising_index.__code__.co_firstlineno + 2
    assert said(raising_index).startswith(
        f"{number} 行目の `return total / x[3]` でエラーが起きました（IndexError:"
    )


@pytest.mark.parametrize(
    ("answer", "signature"), [(lambda: 1, "()"), (lambda x, y: 1, "(x, y)"), (lambda *, x: 1, "(*, x)")]
)
def test_a_wrong_number_of_arguments(answer, signature):
    message = said(answer)
    assert signature in message
    assert "引数を 1 個" in message


def test_things_that_cannot_be_called():
    for answer in (3, "mean", X, [1, 2]):
        assert "関数ではありません" in said(answer)


def test_an_odd_result_that_makes_the_check_itself_stumble():
    @exercise("demo.fragile")
    def _(answer):
        answer(X).backward()

    assert "型や形" in said(lambda x: 3, "demo.fragile")


# -------------------------------------------------------------------------------------------------- time limit


def loop(x):
    while True:
        pass


def loop_that_catches_exceptions(x):
    while True:
        try:
            time.sleep(0.001)
        except Exception:
            pass


def loop_that_catches_everything(x):
    while True:
        try:
            x = x + 1
        except BaseException:
            continue


def loop_that_sleeps_and_catches_everything(x):
    while True:
        try:
            time.sleep(0.01)
        except:
            pass


def loop_that_prints(x):
    while True:
        print("まだ")


def loop_in_a_library(x):
    for _ in iter(int, 1):
        x = torch.sin(x)


def sleeper(x):
    time.sleep(1.2)
    return x.mean()


@pytest.mark.parametrize(
    "answer",
    [
        loop,
        loop_that_catches_exceptions,
        loop_that_catches_everything,
        loop_that_sleeps_and_catches_everything,
        loop_that_prints,
        loop_in_a_library,
        sleeper,
    ],
)
def test_endless_loops_are_stopped(answer):
    threads = threading.active_count()
    start = time.monotonic()
    message = said(answer)
    assert time.monotonic() - start < 4
    assert message.startswith("0.5 秒たっても終わらない")
    assert "行目の `" in message
    assert threading.active_count() == threads, "the answer still runs"


def test_off_the_main_thread():
    found = []
    worker = threading.Thread(target=lambda: found.append(evaluate("demo.mean", loop)))
    worker.start()
    worker.join(5)
    assert found[0].status == "wrong"


def test_the_limit_is_the_exercises_own_unless_given():
    assert "0.1 秒" in evaluate("demo.mean", loop, seconds=0.1).message
    assert evaluate("demo.mean", sleeper, seconds=5).correct


# -------------------------------------------------------------------------------------------------- imports are no answer's time


@pytest.fixture
def slow_part(tmp_path, monkeypatch):
    """Writes a package whose part runs the given lines as it is loaded, and returns an answer's way to load it."""
    (tmp_path / "slow_package").mkdir()
    (tmp_path / "slow_package" / "__init__.py").write_text("from slow_package import part\n")
    monkeypatch.syspath_prepend(tmp_path)

    def write(lines):
        (tmp_path / "slow_package" / "part.py").write_text(f"import time\n{lines}\nREADY = True\n")
        return lambda: importlib.import_module("slow_package.part").READY

    yield write
    for name in ("slow_package", "slow_package.part"):
        sys.modules.pop(name, None)


def test_an_import_takes_nothing_of_the_answers_time(slow_part):
    load = slow_part("time.sleep(1.2)")
    assert evaluate("demo.mean", lambda x: load() and x.mean()).correct


def test_an_endless_loop_after_an_import_is_stopped(slow_part):
    load = slow_part("time.sleep(0.8)")
    start = time.monotonic()
    assert said(lambda x: load() and loop(x)).startswith("0.5 秒たっても終わらない")
    assert time.monotonic() - start < 4
    assert load(), "what was loaded before stays whole"


def test_an_import_in_which_the_time_is_up_ends_first(slow_part, monkeypatch):
    load = slow_part("time.sleep(1)")

    def up_while_it_loads(thread, seconds):
        while not run._is_importing(thread):
            time.sleep(0.001)
        return False

    monkeypatch.setattr(run, "_wait", up_while_it_loads)
    assert said(lambda x: load() and loop(x)).startswith("0.5 秒たっても終わらない")
    assert sys.modules["slow_package"].part.READY


def test_the_reader_interrupts_while_a_module_is_loaded(slow_part, monkeypatch):
    load = slow_part("time.sleep(0.6)")

    def interrupted(thread, seconds):
        time.sleep(0.2)
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "_wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        evaluate("demo.mean", lambda x: load() and loop(x))
    assert sys.modules["slow_package"].part.READY


def test_an_import_that_never_ends_is_stopped_too(slow_part, monkeypatch):
    monkeypatch.setattr(run, "IMPORT_LIMIT", 1.0)
    threads = threading.active_count()
    load = slow_part("while True: time.sleep(0.001)")
    start = time.monotonic()
    assert said(lambda x: load()).startswith(
        "読み込み（import）が 1 秒たっても終わらないので、途中で止めました。"
    )
    assert time.monotonic() - start < 4
    assert threading.active_count() == threads


# -------------------------------------------------------------------------------------------------- printing, randomness


def test_prints_of_the_answer_come_before_the_verdict(capsys):
    def talkative(x):
        print("x =", x)
        return x.mean()

    check("demo.mean", talkative)
    assert capsys.readouterr().out == "x = tensor([1., 2., 4.])\n正解：平均は重心です。\nこの章の演習：1/2\n"


def test_huge_output_is_cut(capsys):
    def huge(x):
        for _ in range(1000):
            print("あ" * 1000)
        return x.mean()

    check("demo.mean", huge)
    out = capsys.readouterr().out
    assert len(out) < 2200
    assert "表示が長いので" in out
    assert "\n正解：平均は重心です。\n" in out


def test_standard_output_is_put_back():
    before = sys.stdout
    evaluate("demo.mean", loop_that_prints, seconds=0.1)
    assert sys.stdout is before


def test_other_threads_keep_printing(capsys):
    done = threading.Event()

    def talk():
        while not done.is_set():
            print("外")
            time.sleep(0.01)

    thread = threading.Thread(target=talk)
    thread.start()
    result = evaluate("demo.mean", sleeper, seconds=0.1)
    done.set()
    thread.join()
    assert result.printed == ""
    assert "外" in capsys.readouterr().out


def test_random_numbers_are_as_if_nothing_had_been_checked():
    def gambler(x):
        random.random(), np.random.rand(), torch.rand(1)
        return x.mean()

    def draw():
        return random.random(), np.random.rand(), torch.rand(1).item()

    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    plain = draw()
    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    evaluate("demo.mean", gambler)
    assert draw() == plain


def test_gradients_can_be_asked_for_inside_no_grad():
    def slope(x):
        x = x.clone().requires_grad_()
        (x.mean() * 7 / 3).backward()
        return x.grad.sum()

    with torch.no_grad():
        assert evaluate("demo.mean", slope).correct
