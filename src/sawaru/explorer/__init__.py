"""Explorers: a figure with controls that is live in a kernel and still moves in a plain page. Nothing here knows machine learning."""
