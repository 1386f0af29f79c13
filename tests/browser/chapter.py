"""Python's side of a page: the chapter's own functions, and what they draw beside what the browser has drawn."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import states
import torch
from built import ROOT
from IPython.core.inputtransformer2 import TransformerManager

from sawaru.explorer.explorer import Explorer
from sawaru.notebook import joined
from sawaru.sphinxext.uses import cells


def figures_of(path: str) -> states.Figures:
    """What the chapter's functions return: as its kernel has written it down, else by running its cells here."""
    source = ROOT / path.replace(".html", ".ipynb")
    source = source if source.exists() else source.with_suffix(".md")
    return states.read(source) or states.figures(explorers_of(source))


def explorers_of(source: Path) -> list[Explorer]:
    code = [joined(cell["source"]) for cell in cells(source) if cell["cell_type"] == "code"]
    namespace: dict[str, Any] = {"__name__": "chapter"}
    os.environ.pop("SAWARU_SNAPSHOT", None)
    torch.set_default_dtype(torch.float32)  # a kernel of its own would start so; chapters may choose another
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in code:
            exec(compile(TransformerManager().transform_cell(cell), source.name, "exec"), namespace)
    return [v for v in namespace.values() if isinstance(v, Explorer)]


def assert_drawn(real: Any, drawn: Any, where: str) -> None:
    if isinstance(real, np.ndarray):
        got = np.array(drawn, dtype=float)
        values = np.where(np.isfinite(real.astype(float)), real, np.nan).astype(float)
        assert got.shape == values.shape, where
        finite = values[np.isfinite(values)]
        spread = finite.max() - finite.min() if finite.size else 0.0
        assert np.allclose(got, values, rtol=1e-4, atol=1e-4 * spread, equal_nan=True), where
    elif isinstance(real, dict):
        for key, value in real.items():
            assert key in drawn, f"{where}.{key}"
            assert_drawn(value, drawn[key], f"{where}.{key}")
    elif isinstance(real, list):
        assert len(real) == len(drawn), where
        for i, value in enumerate(real):
            assert_drawn(value, drawn[i], f"{where}.{i}")
    elif isinstance(real, float) and drawn is not None:
        assert drawn == pytest.approx(real, rel=1e-6), where
    elif not (isinstance(real, float) and not np.isfinite(real)):
        assert real == drawn, where
