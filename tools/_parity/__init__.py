"""The parts of tools/parity.py: what a test command is, what its runner printed, and how two runs differ."""
