"""Sphinx configuration. Warnings are errors (`make docs`)."""

import pathlib
import shutil

from steelyard import __version__

project = "Steelyard"
author = "The Steelyard developers"
copyright = "The Steelyard developers"
version = release = __version__

# The notebooks are read where they stand; Sphinx needs them inside its folder.
HERE = pathlib.Path(__file__).parent
(HERE / "notebooks").mkdir(exist_ok=True)
for notebook in sorted((HERE.parent / "notebooks").glob("*.ipynb")):
    shutil.copy(notebook, HERE / "notebooks" / notebook.name)

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]
html_theme = "furo"
html_title = f"Steelyard {version}"

myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_timeout = 300
nb_execution_raise_on_error = True

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
