"""What should be served: endpoints, their configuration in time, and the policy beside it."""
