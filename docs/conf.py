"""Sphinx configuration. Warnings are errors (`make docs`)."""

import os
import pathlib
import shutil
import sys

from steelyard import __version__

project = "Steelyard"
author = "The Steelyard developers"
copyright = "The Steelyard developers"
version = release = __version__

# Another backend than the notebook's own would leave every figure out.
os.environ.pop("MPLBACKEND", None)

# The notebooks are read where they stand; Sphinx needs them inside its folder.
HERE = pathlib.Path(__file__).parent
(HERE / "notebooks").mkdir(exist_ok=True)
for notebook in sorted([*(HERE.parent / "notebooks").glob("*.ipynb"), *(HERE.parent / "notebooks").glob("*.py")]):
    shutil.copy(notebook, HERE / "notebooks" / notebook.name)

sys.path.insert(0, str(HERE))
import _studies  # noqa: E402

_studies.write(HERE / "_studies")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "_mathml"]
html_math_renderer = "mathml"
exclude_patterns = ["_build", "_studies", "**.ipynb_checkpoints"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["steelyard.css"]
html_title = f"Steelyard {version}"

myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
# Never from a cache: outputs must be those of the package as it is.
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True

autosummary_generate = True
templates_path = ["_templates"]
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
