"""A folder that stands first in a child's PYTHONPATH: what is in it runs when the child starts."""
