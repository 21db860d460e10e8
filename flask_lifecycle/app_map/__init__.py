"""The map of the app: what a request for each rule runs, and why a rule matches or not."""
