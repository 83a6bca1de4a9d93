"""What tools/escapes.py is made of: probes that reach out, probes that must go on working, and a witness."""
