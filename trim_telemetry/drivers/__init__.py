"""Where queries come from: a module for each kind of driver."""
