"""Transformations of programs: one file each, every one an interpreter."""
