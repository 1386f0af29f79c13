"""Reading notebook files, with one clear error for a broken one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def joined(lines: str | list[str]) -> str:
    """A cell's source or an output's text, which the format keeps as one string or as lines."""
    return lines if isinstance(lines, str) else "".join(lines)


class NotebookError(ValueError):
    """A file that is no notebook; the message names file, line and column."""


def load(path: Path) -> dict[str, Any]:
    """Read a notebook's JSON.

    Raises:
        NotebookError: the JSON is broken, or it is not a notebook of format 4.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotebookError(f"{path}：ファイルがありません。") from None
    except UnicodeDecodeError:
        raise NotebookError(f"{path}：UTF-8 で書かれていません。UTF-8 で保存し直してください。") from None
    except json.JSONDecodeError as error:
        raise NotebookError(
            f"{path}：{error.lineno} 行 {error.colno} 文字目で JSON が壊れています（{error.msg}）。"
            "その行の前後のカンマと引用符を確かめてください。"
        ) from None
    if (
        not isinstance(notebook, dict)
        or notebook.get("nbformat") != 4
        or not isinstance(notebook.get("cells"), list)
    ):
        raise NotebookError(f"{path}：ノートブック（nbformat 4）ではありません。")
    for i, cell in enumerate(notebook["cells"], start=1):
        if not isinstance(cell, dict) or not {"cell_type", "metadata", "source"} <= cell.keys():
            raise NotebookError(f"{path}：{i} 番目のセルに cell_type・metadata・source がそろっていません。")
    return notebook
