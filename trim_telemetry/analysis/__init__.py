"""Pure functions over what the collectors saw."""
