"""What the extension costs, measured beside the bare app and its peers in one run."""
