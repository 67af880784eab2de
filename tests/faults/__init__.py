"""Faults injected on purpose: one file for each family, and what they share."""
