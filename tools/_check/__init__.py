"""The parts of tools/check.py: which interpreters there are, what they are paired with, and the cells that are run."""
