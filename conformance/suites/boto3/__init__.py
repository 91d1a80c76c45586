"""boto3 and the operations that this Trent has: one file per family, as in kms, and one per thing they share."""
