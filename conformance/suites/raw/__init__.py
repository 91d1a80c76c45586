"""Trent's answers as bytes, and its signature check, seen by a client that shares no code with any SDK."""
