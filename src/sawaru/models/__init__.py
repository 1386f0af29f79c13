"""Networks that a chapter builds and that something else loads too: the script of its weights, or a later chapter.

A module is named after the chapter that builds it. The chapter's cells tagged `models` hold the same text, comments in
Japanese and all; `make format` renews the cells from here, and a test holds them together.
"""
