"""What https needs: a certificate, made here or given, and what clients trust."""
