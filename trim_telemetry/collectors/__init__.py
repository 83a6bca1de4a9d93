"""What is observed while a test runs."""
