"""What happens around the calls: time that is turned, records that are kept, and directories that are made once."""
