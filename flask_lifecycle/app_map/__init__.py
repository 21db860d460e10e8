"""The app itself: what a request for each rule would meet, and why a rule matches or not."""
