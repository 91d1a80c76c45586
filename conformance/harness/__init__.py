"""What every suite uses: a Trent to start and stop, claims to make, a signer and a raw HTTP client. Standard library only."""
