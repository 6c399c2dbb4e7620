"""Conduct builds: accept, place, move to the understudy, end; and find what was lost."""
