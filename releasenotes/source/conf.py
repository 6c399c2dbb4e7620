"""How Sphinx builds the release notes."""

project = "Understudy release notes"
author = "The Understudy developers"
project_copyright = "The Understudy developers. Apache License 2.0"

extensions = ["reno.sphinxext"]
html_theme = "alabaster"
html_show_sphinx = False
