"""Whole programs that show hubbatch at work."""
