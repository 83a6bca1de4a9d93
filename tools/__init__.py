"""Tools for those who work on the package, or doubt it; no part of what is installed."""
