"""How Sphinx builds these pages."""

import importlib.metadata

project = "Understudy"
author = "The Understudy developers"
project_copyright = "The Understudy developers. Apache License 2.0"
release = importlib.metadata.version("understudy")
version = ".".join(release.split(".")[:2])

extensions: list[str] = []
exclude_patterns: list[str] = []
nitpicky = True
today_fmt = "%Y-%m-%d"

html_theme = "alabaster"
html_theme_options = {
    "description": "A scheduler and conductor pair for multi-cell clouds",
    "fixed_sidebar": True,
}
html_show_sphinx = False
