"""Products for a user, with the reasons: by the user's vector and by rules."""
