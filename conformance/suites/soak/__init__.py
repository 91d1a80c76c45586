"""Whole tools, as their users install and call them: by hand, because they take long to install. `harness/tool.py` runs them."""
