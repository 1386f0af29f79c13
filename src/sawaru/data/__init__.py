"""Data that two or more chapters share. Nothing here knows widgets."""
