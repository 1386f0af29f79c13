"""For teachers: chapters to hand out, handed-in notebooks to check. Nothing here knows a chapter."""
