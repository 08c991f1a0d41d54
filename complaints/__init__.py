"""The complaint and report channel of a generative-AI product, as a Flask extension."""

__version__ = "0.1.0"
