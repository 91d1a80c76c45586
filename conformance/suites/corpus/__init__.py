"""Malformed requests: two tables of data, bodies and heads, and one check for all of them."""
