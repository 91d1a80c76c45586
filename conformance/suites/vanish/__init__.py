"""Clients that vanish, processes that are killed, directories that are carried elsewhere."""
