"""Delivery: what must leave the house is a row first, and leaves after the commit."""
