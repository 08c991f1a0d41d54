"""A small AI chat product with the complaint channel mounted; it runs offline."""

from example_app.product import create_app

__all__ = ["create_app"]
