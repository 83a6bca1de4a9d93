"""The tests mirror the package; conformance/ runs one probe suite through every door."""
