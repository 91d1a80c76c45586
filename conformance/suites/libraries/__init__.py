"""Libraries that keep their keys in KMS: what each makes is judged by another program, or by the library without KMS."""
