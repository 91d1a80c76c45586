"""Who may, with real clients: users, roles and sessions in two accounts of one `serve`."""
