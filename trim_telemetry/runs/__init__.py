"""What is done with a run from outside: while another process is at it, or after."""
