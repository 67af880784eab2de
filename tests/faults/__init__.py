"""Faults injected on purpose: one test file for each family, and the modules that they share."""
