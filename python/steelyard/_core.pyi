"""The compiled core. Private: use the public functions of the package."""

__version__: str
debug_build: bool
