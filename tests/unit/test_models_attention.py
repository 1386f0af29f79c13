"""The networks of 自己注意機構 against PyTorch's own, and its stories against their rules."""

import math
import random

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from sawaru.assets import asset
from sawaru.models.attention import (
    EncoderLayer,
    MultiHeadAttention,
    Reader,
    Words,
    antecedents,
    attention,
    make_story,
    sinusoidal,
    vocabulary,
)

CAUSAL = torch.ones(15, 15, dtype=torch.bool).tril()


def copy_attention(ours: MultiHeadAttention, theirs: nn.MultiheadAttention) -> None:
    parts = (ours.to_query, ours.to_key, ours.to_value)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
    theirs.out_proj.load_state_dict(ours.to_output.state_dict())


@pytest.mark.parametrize("mask", [None, CAUSAL])
@pytest.mark.parametrize("scale", [None, 0.7])
def test_attention_is_pytorchs(mask, scale):
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 2, 4, 15, 16)
    ours, weights = attention(q, k, v, mask, scale)
    theirs = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 4, 15))


@pytest.mark.parametrize("heads", [1, 2, 8])
def test_heads_are_pytorchs(heads):
    torch.manual_seed(1)
    ours, theirs = MultiHeadAttention(32, heads), nn.MultiheadAttention(32, heads, batch_first=True)
    copy_attention(ours, theirs)
    x = torch.randn(3, 15, 32)
    for ours_mask, theirs_mask in ((None, None), (CAUSAL, ~CAUSAL)):
        z, weights = ours(x, ours_mask)
        want, want_weights = theirs(x, x, x, attn_mask=theirs_mask, average_attn_weights=False)
        torch.testing.assert_close(z, want, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(weights, want_weights, atol=1e-5, rtol=1e-5)


def test_a_head_that_is_not_kept_carries_nothing():
    torch.manual_seed(2)
    layer, x = MultiHeadAttention(32, 4), torch.randn(1, 7, 32)
    silent = layer(x, keep=torch.tensor([1.0, 0.0, 1.0, 1.0]))[0]
    with torch.no_grad():
        layer.to_output.weight[:, 8:16] = 0  # what W_O takes from the second head
    torch.testing.assert_close(silent, layer(x)[0])


def test_the_layer_is_pytorchs():
    torch.manual_seed(3)
    ours = EncoderLayer(32, 4, 64)
    theirs = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True)
    copy_attention(ours.attend, theirs.self_attn)
    theirs.linear1.load_state_dict(ours.feed[0].state_dict())
    theirs.linear2.load_state_dict(ours.feed[2].state_dict())
    x = torch.randn(2, 15, 32)
    torch.testing.assert_close(ours(x)[0], theirs(x), atol=1e-5, rtol=1e-5)


def test_positions_depend_on_the_distance_alone():
    code = sinusoidal(40, 16)
    assert code.shape == (40, 16)
    angle = 3 * 10_000 ** (-4 / 16)
    torch.testing.assert_close(code[3, 4:6], torch.tensor([math.sin(angle), math.cos(angle)]))
    dots = code @ code.T
    torch.testing.assert_close(dots[:-7, :-7], dots[7:, 7:], atol=1e-4, rtol=1e-4)


def test_the_words_are_distinct_and_no_word_begins_another():
    words = vocabulary()
    assert len(words) == len(set(words))
    assert not [(a, b) for a in words for b in words if a != b and b.startswith(a)]


def test_every_story_answers_its_questions_in_one_way():
    rng = random.Random(0)
    kinds = {thing: clues for clues, things in Words.things.items() for thing in things}
    known = set(vocabulary())
    for _ in range(500):
        story = make_story(rng)
        found = antecedents(story)
        assert len(story) == 15 and set(story) <= known and len(found) == 4
        for i, j in found.items():
            assert j < 9 <= i
            if story[i] in Words.people:
                assert sum(word[:-1] in Words.people[story[i]] for word in story) == 1
                assert story[j][:-1] in Words.people[story[i]]
            else:
                sentence = story[9 + (i - 9) // 3 * 3 :][:3]
                assert any(clue in sentence for clue in kinds[story[j]])
                assert [kinds.get(word) for word in story].count(kinds[story[j]]) == 1


def test_a_tale_repeats_what_it_said():
    rng = random.Random(1)
    for _ in range(200):
        story = make_story(rng, repeat=True)
        for i in (9, 12):
            owner = story.index(story[i][:-1] + "が")
            assert story[owner + 1] == story[i + 1]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (["健太が", "りんごを", "選んだ。", "彼は", "それを", "食べた。"], {3: 0, 4: 1}),
        (["健太が", "りんごを", "選んだ。", "彼は", "それを", "読んだ。"], {3: 0}),
        (["それを"], {}),
        ([], {}),
    ],
)
def test_antecedents_of_any_text(text, answer):
    assert antecedents(text) == answer


@pytest.mark.parametrize("name", ["reader", "unordered", "causal", "writer"])
def test_the_weights_fit(name):
    stored = load_file(asset("weights/attention.safetensors"))
    network = Reader(len(vocabulary()), positions=name != "unordered")
    network.load_state_dict(
        {k.removeprefix(f"{name}."): w for k, w in stored.items() if k.startswith(f"{name}.")}
    )
    assert asset("weights/attention.safetensors").stat().st_size <= 2_000_000
