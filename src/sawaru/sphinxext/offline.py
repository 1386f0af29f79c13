"""Pages that need no other host: icons and scripts come from the site itself.

The theme and MyST-NB would load MathJax, require.js and an icon script of half a megabyte (three quarters of
the first page). The few icons in use are drawn by `book.css`; the rest is taken out of the templates. What the theme
still says in English is translated here.
"""

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.locale import get_translation

# Scripts that no page needs: an icon library, Sphinx's search, which cannot find Japanese compounds, and its words.
UNUSED_SCRIPTS = ("fontawesome.js", "searchtools.js", "language_data.js", "searchindex.js", "translations.js")
# Scripts inside the page: the theme's colour mode (`inline/theme.js` sets it better), settings of its version switcher and
# search, and the state of every live widget of the chapter, for which no kernel's widget manager is loaded.
UNUSED_INLINE = re.compile(
    r"[ \t]*<script(?: data-cfasync[^>]*>\s*document\.documentElement\.dataset|>DOCUMENTATION_OPTIONS\."
    r'| type="application/vnd\.jupyter\.widget-state\+json">).*?</script>\n?',
    re.DOTALL,
)

# What the theme's own catalogues leave in English, or say in a way that reads badly.
JAPANESE = {
    "Download notebook file": "ノートブックをダウンロード",
    "Download source file": "この章のファイルをダウンロード",
    "Print to PDF": "印刷・PDF に保存",
    "Download this page": "ダウンロードと印刷",
    "Launch interactive content": "動かして学ぶ（Colab・Binder）",
    "Launch on Binder": "Binder で開く",
    "Launch on Colab": "Google Colab で開く",
    "Binder": "Binder（起動に 1〜3 分・登録なし）",
    "Colab": "Google Colab（起動に 1 分ほど）",
    "Source repository": "この本のリポジトリ",
    "logo": "のロゴ",
    "Contents": "このページの内容",
    ".ipynb": "ノートブック（.ipynb）",
    ".md": "元の文章（.md）",
    ".pdf": "印刷・PDF",
}
# The same for words that stand in its templates: replaced where they stand as a whole attribute.
ATTRIBUTES = {
    'id="pst-primary-sidebar"': 'id="pst-primary-sidebar" role="complementary" aria-label="本の目次と検索"',
    'title="Toggle primary sidebar"': 'title="目次" aria-label="目次"',
    'title="Toggle secondary sidebar"': 'title="このページの内容" aria-label="このページの内容"',
    'aria-label="Main"': 'aria-label="目次"',
    'aria-label="Page"': 'aria-label="このページの内容"',
    'aria-label="Color mode"': 'aria-label="配色を切り替える"',
    'data-bs-title="Color mode"': 'data-bs-title="配色を切り替える"',
    'title="Link to this heading"': 'title="この見出しへのリンク"',
    'title="System Settings"': 'title="端末の設定に合わせる"',
}


def _without_unused_scripts(html: str) -> str:
    names = "|".join(map(re.escape, UNUSED_SCRIPTS))
    html = re.sub(rf'[ \t]*<script[^>]* src="(?:[^"]*/)?(?:{names})[^>]*></script>\n?', "", html)
    return UNUSED_INLINE.sub("", html)


def _in_japanese(html: str) -> str:
    for english, japanese in ATTRIBUTES.items():
        html = html.replace(english, japanese)
    return html


def _translate_buttons(buttons: list[dict[str, Any]]) -> None:
    for button in buttons:
        for key in {"tooltip", "text"} & button.keys():
            button[key] = JAPANESE.get(str(button[key]), button[key])
        _translate_buttons(button.get("buttons", []))


def _on_page(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    theme_words = get_translation("booktheme")
    context["translate"] = lambda text: JAPANESE.get(str(text)) or theme_words(text)
    context["without_unused_scripts"] = _without_unused_scripts
    context["in_japanese"] = _in_japanese
    buttons = context.get("header_buttons", [])
    if context.get("page_source_suffix") != ".ipynb":  # Colab opens notebooks only
        buttons[:] = [button for button in buttons if button.get("label") != "launch-buttons"]
    _translate_buttons(buttons)


def setup(app: Sphinx) -> None:
    app.add_config_value("comments_config", {}, "html")  # Jupyter Book sets it even where nothing reads it
    # After the theme has put its buttons (priority 501) into the context.
    app.connect("html-page-context", _on_page, priority=600)
