"""boto3 and the fourteen operations that this Trent has: one file per family, as in kms, and one per thing they share."""
