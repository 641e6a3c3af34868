"""What people look at when they look at an endpoint: how it is now, how it answers, what it was asked."""
