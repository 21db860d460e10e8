"""What the list shows of requests, and which ones a filter lets through."""
