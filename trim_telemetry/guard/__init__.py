"""The hooks by which calls to other machines are judged before they leave: put in once, early, and never taken out."""
