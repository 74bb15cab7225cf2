"""What the gateway tells whoever runs it: log lines and metrics."""
